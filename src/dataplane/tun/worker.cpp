#include "dataplane/tun/worker.hpp"

#include <net/if.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace michi::dataplane::tun {
namespace {

using port::OsError;

constexpr int kEvents = 64;
constexpr std::size_t kReadsPerTurn = 32;          // packets of one device, each up to 64 KiB
constexpr std::size_t kBytesPerTurn = 256 * 1024;  // or this much
constexpr int kBatchesPerTurn = 4;                 // of one wire
constexpr std::uint16_t kDefaultMru = 1492;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
  counter.fetch_add(count, std::memory_order_relaxed);
}

/// What an IPv6 stack says on a fresh interface before it has an address (RFC 3810 §5.2.13): not ours
/// to send, nobody's mistake.
bool unspecified(Bytes packet, Family family) {
  return std::ranges::all_of(source_of(packet, family), [](std::byte octet) { return octet == std::byte{0}; });
}

}  // namespace

struct Worker::Session {
  model::AttachWant want;
  Channel channel;
  SourceGuard guard;
  std::size_t receive_limit = 0;
  std::shared_ptr<Tally> tally;
  Device* device = nullptr;
  WireState* wire = nullptr;
  bool own_address = true;  // of the interface; false: a MAC of the uplink's own
  bool faulted = false;     // reported once

  void stands_on(Device* a_device, WireState* a_wire) {
    device = a_device;
    wire = a_wire;
    tally->carried.store(device != nullptr && wire != nullptr, std::memory_order_relaxed);
  }
  const std::string& interface() const { return std::get<model::EthernetSession>(want.carriage).interface; }
  bool carries(Family family) const { return family == Family::V4 ? want.ipv4 : want.ipv6; }
};

struct Worker::Device {
  std::string name;
  port::Fd fd;
  Watched watched{Watched::Kind::Device, this};
  Session* session = nullptr;
};

struct Worker::WireState {
  std::string interface;
  Wire wire;
  Watched watched{Watched::Kind::Wire, this};
  std::unordered_map<Channel, Session*, ChannelHash> sessions;
};

Worker::Worker(int wakeup, Report report)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_{Watched::Kind::Wakeup, nullptr}, report_(std::move(report)) {
  watch(wakeup, wakeup_);
}

Worker::~Worker() = default;

void Worker::watch(int fd, Watched& watched) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &watched;
  std::ignore = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

bool Worker::turn() {
  std::array<epoll_event, kEvents> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kEvents, -1);
  bool woken = false;
  for (int i = 0; i < count; ++i) {
    const auto& watched = *static_cast<const Watched*>(events[static_cast<std::size_t>(i)].data.ptr);
    switch (watched.kind) {
      case Watched::Kind::Wakeup:
        woken = true;
        break;
      case Watched::Kind::Device:
        read_device(*static_cast<Device*>(watched.object));
        break;
      case Watched::Kind::Wire:
        read_wire(*static_cast<WireState*>(watched.object));
        break;
    }
  }
  // Later events of this turn could still have named them.
  dead_devices_.clear();
  dead_wires_.clear();
  return woken;
}

void Worker::execute(Command command) {
  port::Completion done{command.ticket, std::nullopt};
  if (const auto* make = std::get_if<port::EnsureDevice>(&command.op)) {
    done.error = ensure(*make);
  } else if (const auto* unmake = std::get_if<port::RemoveDevice>(&command.op)) {
    done.error = remove(unmake->name);
  } else if (const auto* begin = std::get_if<port::Attach>(&command.op)) {
    done.error = attach(begin->session, std::move(command.tally));
  } else if (const auto* end = std::get_if<port::Detach>(&command.op)) {
    detach(end->uplink);
  }
  report_(done);
}

std::optional<OsError> Worker::ensure(const port::EnsureDevice& wanted) {
  const std::string& name = wanted.name;
  if (!devices_maker_) {
    auto links = LinkRequests::open();
    if (!links) return links.error();
    devices_maker_ = std::make_unique<Devices>(std::move(*links));
  }
  if (const auto known = devices_.find(name); known != devices_.end()) {
    if (Devices::name_of(known->second->fd.get()) == name) return std::nullopt;
    device_lost(*known->second, ENODEV);  // removed or renamed, and not noticed yet
  }
  auto fd = devices_maker_->open(name);
  if (!fd) return fd.error();
  // Nobody reads the internal device: without an open descriptor it has no queue that could fill.
  if (std::holds_alternative<model::InternalDevice>(wanted.what)) return std::nullopt;
  auto device = std::make_unique<Device>();
  device->name = name;
  device->fd = std::move(*fd);
  watch(device->fd.get(), device->watched);
  for (const auto& [uplink, session] : sessions_) {
    if (session->want.device != name) continue;
    session->stands_on(device.get(), session->wire);
    device->session = session.get();
  }
  devices_[name] = std::move(device);
  return std::nullopt;
}

std::optional<OsError> Worker::remove(const std::string& name) {
  if (const auto known = devices_.find(name); known != devices_.end()) {
    if (known->second->session != nullptr) known->second->session->stands_on(nullptr, known->second->session->wire);
    devices_.erase(known);
  }
  if (!devices_maker_) {
    auto links = LinkRequests::open();
    if (!links) return links.error();
    devices_maker_ = std::make_unique<Devices>(std::move(*links));
  }
  const auto removed = devices_maker_->remove(name);
  return removed ? std::nullopt : std::optional(removed.error());
}

Result<Worker::WireState*, OsError> Worker::wire_of(const std::string& interface) {
  const auto known = wires_.find(interface);
  if (known != wires_.end()) {
    if (static_cast<int>(::if_nametoindex(interface.c_str())) == known->second->wire.index()) {
      if (const int error = known->second->wire.take_error(); error != 0 && error != ENETDOWN)
        return Fault(OsError{"use interface " + interface, error});
      return known->second.get();
    }
    wire_lost(*known->second, ENODEV);
  }
  auto wire = Wire::open(interface);
  if (!wire) return Fault(wire.error());
  auto state =
      std::unique_ptr<WireState>(new WireState{.interface = interface, .wire = std::move(*wire), .sessions = {}});
  watch(state->wire.fd(), state->watched);
  WireState* raw = state.get();
  wires_[interface] = std::move(state);
  return raw;
}

std::optional<OsError> Worker::attach(const model::AttachWant& want, std::shared_ptr<Tally> tally) {
  detach(want.uplink);
  // After a restart the device may be there and nobody asked for it yet.
  if (!devices_.contains(want.device))
    if (auto error = ensure({want.device})) return error;
  const auto device = devices_.find(want.device);
  if (device == devices_.end()) return OsError{"attach " + want.uplink.name + " to device " + want.device, ENODEV};
  if (device->second->session != nullptr) return OsError{"attach " + want.uplink.name + " to " + want.device, EBUSY};
  const auto& carriage = std::get<model::EthernetSession>(want.carriage);
  const auto wire = wire_of(carriage.interface);
  if (!wire) return wire.error();

  auto session = std::make_unique<Session>();
  session->want = want;
  session->channel = {carriage.local, carriage.peer, carriage.session_id};
  session->guard = SourceGuard(want.own_sources);
  session->receive_limit = want.mru != 0 ? want.mru : std::max(want.mtu, kDefaultMru);
  session->tally = std::move(tally);
  session->own_address = (*wire)->wire.address() == carriage.local;
  if (!(*wire)->sessions.emplace(session->channel, session.get()).second)
    return OsError{"attach " + want.uplink.name + ": the session belongs to another uplink", EEXIST};
  session->stands_on(device->second.get(), *wire);
  device->second->session = session.get();
  (*wire)->wire.join(carriage.local);
  if ((*wire)->sessions.size() == 1) (*wire)->wire.listen(true);
  sessions_[want.uplink.name] = std::move(session);
  return std::nullopt;
}

void Worker::detach(const model::UplinkId& uplink) {
  const auto found = sessions_.find(uplink.name);
  if (found == sessions_.end()) return;
  Session& session = *found->second;
  if (session.device != nullptr) session.device->session = nullptr;
  if (session.wire != nullptr) {
    session.wire->sessions.erase(session.channel);
    session.wire->wire.leave(session.channel.local);
    if (session.wire->sessions.empty()) session.wire->wire.listen(false);
  }
  session.stands_on(nullptr, nullptr);
  sessions_.erase(found);
}

void Worker::read_device(Device& device) {
  if (!device.fd) return;
  if (device.session != nullptr && device.session->wire != nullptr)
    send(device, *device.session);
  else
    discard(device);
}

void Worker::send(Device& device, Session& session) {
  Tally& tally = *session.tally;
  std::size_t bytes = 0;
  int error = 0;
  sending_.begin(session.wire->wire.fd());
  for (std::size_t reads = 0; reads < kReadsPerTurn && bytes < kBytesPerTurn; ++reads) {
    const auto taken = sending_.take(device.fd.get(), error);
    if (!taken) break;
    bytes += taken->packet.size();
    const auto view = view_ip(taken->packet);
    if (!view || !session.carries(view->family)) {
      add(tally.tx_dropped, 1);
    } else if (!session.guard.allows(taken->packet, view->family)) {
      const bool nobody = view->family == Family::V6 && unspecified(taken->packet, view->family);
      add(nobody ? tally.tx_dropped : tally.foreign_source, 1);
    } else if (!sending_.put(*taken, session.channel, session.want.mtu)) {
      add(tally.tx_dropped, 1);
    }
  }
  const int failed = sending_.flush();
  add(tally.tx_packets, sending_.tally().packets);
  add(tally.tx_bytes, sending_.tally().bytes);
  add(tally.tx_dropped, sending_.tally().dropped);
  if (failed == ENETDOWN)
    report_once(session, "send on " + session.interface(), failed);
  else if (failed != 0)
    wire_lost(*session.wire, failed);
  if (error != 0) device_failed(device, error);
}

void Worker::discard(Device& device) {
  int error = 0;
  sending_.begin(-1);
  for (std::size_t reads = 0; reads < kReadsPerTurn; ++reads)
    if (!sending_.take(device.fd.get(), error)) break;
  if (error != 0) device_failed(device, error);
}

void Worker::read_wire(WireState& wire) {
  for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
    const int count = received_.read(wire.wire.fd());
    if (count < 0) {
      const int error = -count;
      // After ENETDOWN the socket is good again when the interface comes up.
      if (error == ENETDOWN && static_cast<int>(::if_nametoindex(wire.interface.c_str())) == wire.wire.index()) {
        for (const auto& [channel, session] : wire.sessions)
          report_once(*session, "receive on " + wire.interface, error);
      } else {
        wire_lost(wire, error);
      }
      return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const Received frame = received_.frame(i);
      const auto channel = channel_of(frame.frame);
      if (!channel) continue;
      const auto found = wire.sessions.find(*channel);
      if (found == wire.sessions.end()) continue;
      Session& session = *found->second;
      // Addressed to the interface and yet for somebody else: it came with a VLAN id, and the kernel
      // has taken the tag off. With a MAC of the uplink's own the verdict says nothing.
      if (frame.for_other_host && session.own_address) continue;
      const auto opened = frame.cut ? std::nullopt : open_frame(frame.frame, session.receive_limit);
      const auto vnet = opened ? inner_vnet(frame.vnet, opened->packet.size()) : std::nullopt;
      if (!vnet || !session.carries(opened->family) || session.device == nullptr) {
        add(session.tally->rx_dropped, 1);
        continue;
      }
      std::size_t target = 0;
      while (target < targets_ && target_[target] != &session) ++target;
      if (target == targets_) target_[targets_++] = &session;
      coalescer_.add(static_cast<std::uint32_t>(target), opened->packet, *vnet);
    }
    deliver();
    if (static_cast<std::size_t>(count) < kBatch) return;
  }
}

void Worker::deliver() {
  for (const Bundle& bundle : coalescer_.finish()) {
    Session& session = *target_[bundle.target];
    if (session.device == nullptr || write_bundle(session.device->fd.get(), bundle) != 0) {
      add(session.tally->rx_dropped, bundle.packets);
      continue;
    }
    add(session.tally->rx_packets, bundle.packets);
    add(session.tally->rx_bytes, bundle.bytes);
  }
  coalescer_.clear();
  targets_ = 0;
}

void Worker::report_once(Session& session, const std::string& operation, int error) {
  if (session.faulted) return;
  session.faulted = true;
  report_(port::PlaneFault{session.want.uplink, OsError{operation, error}});
}

void Worker::device_failed(Device& device, int error) {
  if (Devices::name_of(device.fd.get()) == device.name) {
    if (device.session != nullptr) add(device.session->tally->tx_dropped, 1);  // one packet, not the device
    return;
  }
  device_lost(device, error);
}

void Worker::device_lost(Device& device, int error) {
  device.fd.reset();
  if (device.session != nullptr) {
    report_once(*device.session, "read device " + device.name, error == EBADFD || error == EFAULT ? ENODEV : error);
    device.session->stands_on(nullptr, device.session->wire);
    device.session = nullptr;
  }
  const auto found = devices_.find(device.name);
  if (found == devices_.end() || found->second.get() != &device) return;
  dead_devices_.push_back(std::move(found->second));
  devices_.erase(found);
}

void Worker::wire_lost(WireState& wire, int error) {
  for (const auto& [channel, session] : wire.sessions) {
    report_once(*session, "use interface " + wire.interface, error);
    session->stands_on(session->device, nullptr);
  }
  wire.sessions.clear();
  const auto found = wires_.find(wire.interface);
  if (found == wires_.end() || found->second.get() != &wire) return;
  dead_wires_.push_back(std::move(found->second));
  wires_.erase(found);
}

}  // namespace michi::dataplane::tun
