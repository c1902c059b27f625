#include "conformance/peer.hpp"

#include <algorithm>

namespace michi::conformance {
namespace {

const Octets kBroadcast = fill(6, 0xff);

/// Type and length as wide as told, up to the end or to the first that does not fit.
std::vector<Option> items(const Octets& data, bool tags, bool& whole) {
  std::vector<Option> out;
  std::size_t at = 0;
  const std::size_t header = tags ? 4 : 2;
  while (at < data.size()) {
    whole = false;
    if (at + header > data.size()) return out;
    const unsigned type = tags ? u16_at(data, at) : data[at];
    const std::size_t length = tags ? u16_at(data, at + 2) + header : data[at + 1];
    if (length < header || at + length > data.size()) return out;
    out.push_back({type, slice(data, at + header, length - header)});
    at += length;
    whole = true;
  }
  whole = true;
  return out;
}

}  // namespace

Octets hex(std::string_view digits) {
  Octets out;
  unsigned value = 0;
  bool half = false;
  for (const char c : digits) {
    if (c == ' ') continue;
    const unsigned nibble = static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value << 4 | nibble;
    if (half) out.push_back(static_cast<std::uint8_t>(value & 0xff));
    half = !half;
  }
  return out;
}

std::string to_hex(const Octets& octets) {
  std::string out;
  for (const unsigned octet : octets) {
    out.push_back("0123456789abcdef"[octet >> 4]);
    out.push_back("0123456789abcdef"[octet & 15]);
  }
  return out;
}

std::optional<Octets> Discovery::tag(unsigned type) const {
  const auto found = std::ranges::find(tags, type, &Option::type);
  return found == tags.end() ? std::nullopt : std::optional(found->value);
}

std::size_t Discovery::count(unsigned type) const {
  return static_cast<std::size_t>(std::ranges::count(tags, type, &Option::type));
}

std::vector<Option> Packet::options() const {
  bool complete = true;
  return items(data, false, complete);
}

std::optional<Octets> Packet::option(unsigned type) const {
  for (const Option& one : options())
    if (one.type == type) return one.value;
  return std::nullopt;
}

std::vector<unsigned> Packet::types() const {
  std::vector<unsigned> out;
  for (const Option& one : options()) out.push_back(one.type);
  return out;
}

std::uint32_t Packet::magic() const { return u16_at(data, 0) << 16 | u16_at(data, 2); }

Peer::Peer(kit::World& world, kit::Wire& wire, Octets mac) : address(std::move(mac)), wire_(wire) {
  world.add(*this);
  wire.attach(*this);
}

void Peer::frame(Octets whole) {
  ByteVec bytes;
  for (const std::uint8_t octet : whole) bytes.push_back(static_cast<std::byte>(octet));
  wire_.send(this, std::move(bytes));
}

void Peer::discovery(unsigned code, unsigned session_id, const Octets& tags) {
  frame(other + address + u16(kDiscovery) + u8(0x11) + u8(code) + u16(session_id) +
        u16(static_cast<unsigned>(tags.size())) + tags);
}

void Peer::ppp(const Octets& payload) {
  frame(other + address + u16(kSession) + u8(0x11) + u8(0) + u16(session) + u16(static_cast<unsigned>(payload.size())) +
        payload);
}

void Peer::say(unsigned protocol, unsigned code, unsigned id, const Octets& data) {
  say_with_length(protocol, code, id, static_cast<unsigned>(data.size()) + 4, data);
}

void Peer::say_with_length(unsigned protocol, unsigned code, unsigned id, unsigned length, const Octets& data) {
  ppp(u16(protocol) + u8(code) + u8(id) + u16(length) + data);
}

void Peer::padt() { discovery(kPadt, session, {}); }

std::optional<Packet> Peer::take(unsigned protocol, std::optional<unsigned> code) {
  const auto found = std::ranges::find_if(
      packets_, [&](const Packet& p) { return p.protocol == protocol && (!code || p.code == *code); });
  if (found == packets_.end()) return std::nullopt;
  Packet taken = *found;
  const auto end = packets_.erase(found);
  packets_.erase(std::remove_if(packets_.begin(), end, [&](const Packet& p) { return p.protocol == protocol; }), end);
  return taken;
}

std::optional<Discovery> Peer::take_discovery(unsigned code) {
  const auto found = std::ranges::find(discoveries_, code, &Discovery::code);
  if (found == discoveries_.end()) return std::nullopt;
  Discovery taken = *found;
  discoveries_.erase(discoveries_.begin(), std::next(found));
  return taken;
}

std::vector<Packet> Peer::waiting(unsigned protocol) const {
  std::vector<Packet> out;
  std::ranges::copy_if(packets_, std::back_inserter(out), [&](const Packet& p) { return p.protocol == protocol; });
  return out;
}

void Peer::forget() {
  packets_.clear();
  discoveries_.clear();
}

void Peer::on_frame(Bytes bytes, Instant now) {
  Octets whole;
  for (const std::byte byte : bytes) whole.push_back(std::to_integer<std::uint8_t>(byte));
  if (whole.size() < 20) return complaints.push_back("a frame of " + std::to_string(whole.size()) + " octets");
  const Octets destination = slice(whole, 0, 6);
  if (destination != address && destination != kBroadcast) return;
  const unsigned type = u16_at(whole, 12);
  const unsigned code = whole[15];
  const std::size_t length = u16_at(whole, 18);
  if (type != kDiscovery && type != kSession) complaints.push_back("Ethernet type " + std::to_string(type));
  if (whole[14] != 0x11) complaints.push_back("VER and TYPE are not 1");
  if ((type == kSession) != (code == 0)) complaints.push_back("the code does not fit the Ethernet type");
  if (length + 20 != whole.size()) complaints.push_back("the PPPoE length is not that of the payload");
  if (type == kSession) {
    if (destination == kBroadcast) complaints.push_back("a session frame to all");
    if (u16_at(whole, 16) != session) complaints.push_back("a session frame of another session");
    return hear_session(slice(whole, 20, length), now);
  }
  hear_discovery({.at = now,
                  .destination = destination,
                  .source = slice(whole, 6, 6),
                  .code = code,
                  .session = u16_at(whole, 16),
                  .payload = slice(whole, 20, length),
                  .tags = {},
                  .size = whole.size()});
}

void Peer::hear_discovery(Discovery frame) {
  bool whole = true;
  frame.tags = items(frame.payload, true, whole);
  if (!whole) complaints.push_back("tags that do not fill their payload");
  if (frame.code == kPadi) other = frame.source;
  discoveries_.push_back(std::move(frame));
}

void Peer::hear_session(const Octets& payload, Instant now) {
  Packet packet;
  packet.at = now;
  packet.protocol = u16_at(payload, 0);
  if (payload.size() < 6) return complaints.push_back("a control packet without a header");
  packet.code = payload[2];
  packet.id = payload[3];
  packet.length = u16_at(payload, 4);
  packet.whole = slice(payload, 2, payload.size() - 2);
  packet.data = slice(payload, 6, payload.size() - 6);
  if (packet.length + 2 != payload.size()) complaints.push_back("a length that is not that of the packet");
  if (packet.protocol == kLcp && packet.code == kEchoRequest) {
    ++echoes_;
    if (answers_echo) return say(kLcp, kEchoReply, packet.id, u32(echo_magic) + slice(packet.data, 4, 1500));
  }
  packets_.push_back(std::move(packet));
}

}  // namespace michi::conformance
