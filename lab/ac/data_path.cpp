#include "lab/ac/data_path.hpp"

#include <algorithm>
#include <tuple>

#include "base/net/checksum.hpp"

namespace michi::lab {

namespace tun = dataplane::tun;
using engine::pppoe::SessionInfo;
using port::OsError;

namespace {

constexpr std::size_t kShortestFrame = 60;  // shorter ones are padded (IEEE 802.3 §3.2.8)
constexpr std::size_t kReadsPerTurn = 32;
constexpr int kBatchesPerTurn = 4;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::byte kMulticast6{0xff};

bool checksums_hold(Bytes packet) {
  const auto ip = dataplane::view_ip(packet);
  if (!ip) return false;
  if (ip->family == Family::V4 && ones_sum(packet.first(ip->header)) != 0xffff) return false;
  if (ip->fragment) return true;
  const Bytes l4 = packet.subspan(ip->header);
  if (ip->protocol == kIcmp && ip->family == Family::V4) return ones_sum(l4) == 0xffff;
  if (ip->protocol == dataplane::kUdp && l4.size() >= 8 && dataplane::get_u16(l4, 6) == 0)
    return ip->family == Family::V4;
  const bool checked = ip->protocol == dataplane::kTcp || ip->protocol == dataplane::kUdp ||
                       (ip->protocol == kIcmp6 && ip->family == Family::V6);
  if (!checked) return true;
  const std::uint16_t pseudo = pseudo_sum(dataplane::addresses_of(packet, ip->family), ip->protocol, l4.size());
  return ones_sum(l4, pseudo) == 0xffff;
}

}  // namespace

DataPath::~DataPath() {
  tun_ready_.reset();
  wire_ready_.reset();
  tun_.reset();
  if (devices_) std::ignore = devices_->remove(tun_name_);
}

Result<void, OsError> DataPath::open(const std::string& interface, const std::string& name, std::uint16_t mru) {
  auto links = dataplane::LinkRequests::open();
  if (!links) return Fault(links.error());
  devices_ = std::make_unique<dataplane::Devices>(std::move(*links));
  auto fd = devices_->open(name);
  if (!fd) return Fault(fd.error());
  tun_ = std::move(*fd);
  tun_name_ = name;
  mru_ = mru;
  auto wire = tun::Wire::open(interface);
  if (!wire) return Fault(wire.error());
  wire_.emplace(std::move(*wire));
  const auto address = wire_->address();
  if (!address) return Fault(OsError{"read address of " + interface, ENODEV});
  address_ = *address;
  tun_ready_ = std::make_unique<linux::Readiness>(loop_, tun_.get(), [this] { read_tun(); });
  wire_ready_ = std::make_unique<linux::Readiness>(loop_, wire_->fd(), [this] { read_wire(); });
  tun_ready_->arm();
  wire_ready_->arm();
  return {};
}

void DataPath::set(const SessionInfo& info, std::optional<Prefix> block) {
  const dataplane::Channel channel{address_, info.peer, info.session_id};
  const auto known = sessions_.find(channel);
  const std::uint64_t foreign = known == sessions_.end() ? 0 : known->second->foreign;
  const std::uint64_t packets = known == sessions_.end() ? 0 : known->second->packets;
  std::vector<Prefix> delegated = known == sessions_.end() ? std::vector<Prefix>() : known->second->delegated;
  remove(info);
  auto session = std::make_unique<Session>(Session{channel, info, block, std::move(delegated), {}, foreign, packets});
  settle(*session);
  sessions_[channel] = std::move(session);
}

void DataPath::settle(Session& session) {
  forget(session);
  const SessionInfo& info = session.info;
  std::vector<Prefix> own = session.delegated;
  if (info.address) own.push_back(Prefix::host(*info.address));
  if (info.address6) own.push_back(Prefix::host(*info.address6));
  if (session.block) own.push_back(*session.block);
  session.guard = dataplane::SourceGuard(own);
  if (info.address) hosts_[*info.address] = &session;
  if (info.address6) hosts_[*info.address6] = &session;
  if (session.block) blocks_[*session.block] = &session;
  for (const Prefix& prefix : session.delegated) blocks_[prefix] = &session;
}

void DataPath::forget(const Session& session) {
  std::erase_if(hosts_, [&](const auto& entry) { return entry.second == &session; });
  std::erase_if(blocks_, [&](const auto& entry) { return entry.second == &session; });
}

void DataPath::remove(const SessionInfo& info) {
  const auto found = sessions_.find(dataplane::Channel{address_, info.peer, info.session_id});
  if (found == sessions_.end()) return;
  forget(*found->second);
  sessions_.erase(found);
}

bool DataPath::delegate(std::uint16_t session_id, const Prefix& prefix) {
  const auto found = std::ranges::find_if(sessions_, [&](const auto& s) { return s.first.session_id == session_id; });
  if (found == sessions_.end()) return false;
  withdraw(prefix);
  found->second->delegated.push_back(prefix);
  settle(*found->second);
  return true;
}

void DataPath::withdraw(const Prefix& prefix) {
  for (const auto& [channel, session] : sessions_)
    if (std::erase(session->delegated, prefix) != 0) settle(*session);
}

std::vector<Prefix> DataPath::delegated_to(std::uint16_t session_id) const {
  const Session* session = find(session_id);
  return session == nullptr ? std::vector<Prefix>() : session->delegated;
}

const DataPath::Session* DataPath::find(std::uint16_t session_id) const {
  const auto found = std::ranges::find_if(sessions_, [&](const auto& s) { return s.first.session_id == session_id; });
  return found == sessions_.end() ? nullptr : found->second.get();
}

std::uint64_t DataPath::foreign_of(std::uint16_t session_id) const {
  const Session* session = find(session_id);
  return session == nullptr ? 0 : session->foreign;
}

std::uint64_t DataPath::packets_from(std::uint16_t session_id) const {
  const Session* session = find(session_id);
  return session == nullptr ? 0 : session->packets;
}

void DataPath::send(const tun::SendBatch::Taken& taken) {
  const auto put = [&](const tun::SendBatch::Taken& packet, const Session& session) {
    if (!sending_.put(packet, session.channel, session.info.mtu)) ++counters_.tx_dropped;
  };
  const auto view = dataplane::view_ip(taken.packet);
  if (!view) {
    ++counters_.no_session;
    return;
  }
  const Bytes to = dataplane::destination_of(taken.packet, view->family);
  if (view->family == Family::V6 && to.front() == kMulticast6) {
    tun::SendBatch::Taken packet = taken;
    for (const auto& [channel, session] : sessions_) {
      if (!session->info.address6) continue;
      put(packet, *session);
      packet.vnet = {};  // the first one finished the checksum
    }
    return;
  }
  const Session* session =
      owner_of(view->family == Family::V4 ? Address(*Ipv4::from_bytes(to)) : Address(*Ipv6::from_bytes(to)));
  if (session == nullptr) {
    ++counters_.no_session;
  } else {
    put(taken, *session);
  }
}

DataPath::Session* DataPath::owner_of(const Address& to) {
  if (const auto host = hosts_.find(to); host != hosts_.end()) return host->second;
  for (const auto& [block, session] : blocks_)
    if (block.contains(to)) return session;
  return nullptr;
}

void DataPath::read_tun() {
  int error = 0;
  sending_.begin(wire_->fd());
  for (std::size_t reads = 0; reads < kReadsPerTurn; ++reads) {
    const auto taken = sending_.take(tun_.get(), error);
    if (!taken) break;
    send(*taken);
  }
  sending_.flush();
  counters_.tx_packets += sending_.tally().packets;
  counters_.tx_bytes += sending_.tally().bytes;
  counters_.tx_dropped += sending_.tally().dropped;
  if (error == 0) tun_ready_->arm();
}

void DataPath::read_wire() {
  for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
    const int count = received_.read(wire_->fd());
    if (count <= 0) break;  // an error is that of an interface going down: the read has cleared it
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const tun::Received frame = received_.frame(i);
      const auto channel = dataplane::channel_of(frame.frame);
      if (!channel || channel->local != address_) continue;
      if (frame.for_other_host) {
        ++counters_.tagged;
        continue;
      }
      const auto found = sessions_.find(*channel);
      if (found == sessions_.end()) {
        stray_(frame.frame);
        continue;
      }
      accept(frame, *found->second);
    }
    for (const tun::Bundle& bundle : coalescer_.finish()) {
      if (tun::write_bundle(tun_.get(), bundle) != 0) counters_.rx_dropped += bundle.packets;
    }
    coalescer_.clear();
    if (static_cast<std::size_t>(count) < tun::kBatch) break;
  }
  wire_ready_->arm();
}

void DataPath::accept(const tun::Received& frame, Session& session) {
  if (frame.cut || frame.vnet.gso_type != tun::kGsoNone) {
    ++counters_.oversize;
    return;
  }
  const auto opened = dataplane::open_frame(frame.frame, 65535);
  if (!opened) {
    ++counters_.bad_length;
    return;
  }
  const std::size_t said = dataplane::kEncapsulation + opened->packet.size();
  if (frame.frame.size() != said && frame.frame.size() > kShortestFrame) {
    ++counters_.bad_length;
    return;
  }
  if (opened->packet.size() > mru_) {
    ++counters_.oversize;
    return;
  }
  if ((frame.vnet.flags & tun::kNeedsChecksum) != 0) {
    ++counters_.partial_checksum;
    return;
  }
  if (!checksums_hold(opened->packet)) {
    ++counters_.bad_checksum;
    return;
  }
  ++session.packets;
  ++counters_.rx_packets;
  counters_.rx_bytes += opened->packet.size();
  if (!session.guard.allows(opened->packet, opened->family)) {
    ++session.foreign;
    ++counters_.foreign_source;
    return;
  }
  coalescer_.add(0, opened->packet, {}, tun::Checksum::Verified);
}

}  // namespace michi::lab
