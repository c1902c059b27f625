#include "dataplane/tun/coalesce.hpp"

#include <algorithm>
#include <cstring>

#include "base/net/checksum.hpp"

namespace michi::dataplane::tun {
namespace {

constexpr std::size_t kTcpFixed = 20;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kLargest = 65535;
constexpr std::byte kAck{0x10};
constexpr std::byte kPsh{0x08};
constexpr std::uint16_t kDontFragment = 0x4000;

struct Tcp {
  IpView ip;
  std::size_t header = 0;  // IP and TCP
  std::size_t payload = 0;
  bool data = false;  // nothing but ACK and PSH, with payload, not a fragment
};

std::optional<Tcp> view_tcp(Bytes packet) {
  const auto ip = view_ip(packet);
  if (!ip || ip->protocol != kTcp || ip->fragment || ip->header + kTcpFixed > ip->length) return std::nullopt;
  Tcp tcp{.ip = *ip};
  const auto words = std::to_integer<unsigned>(packet[ip->header + 12]) >> 4;
  tcp.header = ip->header + std::size_t{words} * 4;
  if (words < 5 || tcp.header > ip->length) return std::nullopt;
  tcp.payload = ip->length - tcp.header;
  const std::byte flags = packet[ip->header + 13];
  const bool plain_ip = ip->family == Family::V6 || ip->header == 20;  // no IPv4 options
  tcp.data = (flags & ~kPsh) == kAck && tcp.payload > 0 && tcp.payload < kLargest && plain_ip;
  return tcp;
}

std::uint64_t flow_key(std::uint32_t target, Bytes packet, const IpView& ip) {
  std::uint64_t key = target;
  const auto mix = [&key](std::uint32_t word) { key = (key ^ word) * 0x9e3779b97f4a7c15u + (key >> 31); };
  const Bytes addresses = addresses_of(packet, ip.family);
  for (std::size_t at = 0; at < addresses.size(); at += 4) mix(get_u32(addresses, at));
  mix(get_u32(packet, ip.header));  // ports
  return key;
}

bool checksum_holds(Bytes packet, const IpView& ip) {
  const std::uint16_t pseudo = pseudo_sum(addresses_of(packet, ip.family), kTcp, ip.length - ip.header);
  if (ones_sum(packet.subspan(ip.header), pseudo) != 0xffff) return false;
  return ip.family == Family::V6 || ones_sum(packet.first(ip.header)) == 0xffff;
}

bool partial_for_tcp(const Vnet& vnet, const IpView& ip) {
  return (vnet.flags & kNeedsChecksum) != 0 && vnet.checksum_start == ip.header && vnet.checksum_offset == kTcpChecksum;
}

bool same(Bytes a, Bytes b, std::size_t from, std::size_t count) {
  return std::memcmp(a.data() + from, b.data() + from, count) == 0;
}

/// Everything that must be equal but flow control's moving parts: sequence, length, checksums, PSH,
/// identification.
bool same_headers(Bytes a, Bytes b, std::size_t l4, std::size_t header) {
  if (l4 == 20) {
    if (!same(a, b, 0, 2) || !same(a, b, 6, 4) || !same(a, b, 12, 8)) return false;
  } else if (!same(a, b, 0, 4) || !same(a, b, 6, 34)) {
    return false;
  }
  return same(a, b, l4, 4) && same(a, b, l4 + 8, 5) && same(a, b, l4 + 14, 2) && same(a, b, l4 + 18, header - l4 - 18);
}

}  // namespace

void Coalescer::add(std::uint32_t target, std::span<std::byte> packet, const Vnet& vnet, Checksum checksum) {
  if (full()) return;
  const auto tcp = view_tcp(packet);
  const std::uint64_t key = tcp ? flow_key(target, packet, tcp->ip) : 0;
  std::size_t index = count_;
  if (tcp) {
    for (std::size_t i = count_; i-- > 0;) {
      if (flows_[i].open && flows_[i].key == key && bundles_[i].target == target) {
        index = i;
        break;
      }
    }
  }
  const bool good =
      tcp && tcp->data &&
      (checksum == Checksum::Verified || partial_for_tcp(vnet, tcp->ip) || checksum_holds(packet, tcp->ip));
  if (index != count_) {
    if (good && append(flows_[index], bundles_[index], packet, tcp->payload)) return;
    flows_[index].open = false;  // what follows must not overtake this packet
  }

  Bundle& bundle = bundles_[count_];
  Flow& flow = flows_[count_];
  ++count_;
  bundle.target = target;
  bundle.vnet = vnet;
  bundle.packets = bundle.parts = 1;
  bundle.bytes = packet.size();
  bundle.part[0] = packet;
  flow.open = good;
  if (!good) return;
  flow.key = key;
  flow.l4 = tcp->ip.header;
  flow.header = tcp->header;
  flow.segment = static_cast<std::uint16_t>(tcp->payload);
  flow.length = packet.size();
  flow.head = packet;
  flow.next_sequence = get_u32(packet, flow.l4 + 4) + flow.segment;
  flow.next_id = static_cast<std::uint16_t>(get_u16(packet, 4) + 1);
  if ((packet[flow.l4 + 13] & kPsh) != std::byte{0}) flow.open = false;
}

bool Coalescer::append(Flow& flow, Bundle& bundle, std::span<std::byte> packet, std::size_t payload) {
  const std::size_t header = packet.size() - payload;
  if (header != flow.header || payload > flow.segment || flow.length + payload > kLargest) return false;
  if (get_u32(packet, flow.l4 + 4) != flow.next_sequence) return false;
  if (!same_headers(flow.head, packet, flow.l4, header)) return false;
  if (flow.l4 == 20) {
    // Cutting counts the identification up, so it must have done so; without fragments it has no
    // meaning and senders may leave it at zero (RFC 6864 §4.1).
    const std::uint16_t id = get_u16(packet, 4);
    const bool atomic = (get_u16(packet, 6) & kDontFragment) != 0;
    if (id != flow.next_id && !(atomic && id == get_u16(flow.head, 4))) return false;
    flow.next_id = static_cast<std::uint16_t>(flow.next_id + 1);
  }
  bundle.part[bundle.parts++] = packet.subspan(header);
  ++bundle.packets;
  bundle.bytes += packet.size();
  flow.length += payload;
  flow.next_sequence += static_cast<std::uint32_t>(payload);
  const std::byte flags = packet[flow.l4 + 13];
  flow.head[flow.l4 + 13] |= flags & kPsh;
  if (payload < flow.segment || (flags & kPsh) != std::byte{0}) flow.open = false;
  return true;
}

void Coalescer::close(std::size_t index) {
  const Flow& flow = flows_[index];
  Bundle& bundle = bundles_[index];
  const bool v4 = flow.l4 == 20;
  const auto head = flow.head;
  if (v4) {
    put_u16(head, 2, static_cast<std::uint16_t>(flow.length));
    put_u16(head, 10, 0);
    put_u16(head, 10, static_cast<std::uint16_t>(~ones_sum(head.first(20)) & 0xffff));
  } else {
    put_u16(head, 4, static_cast<std::uint16_t>(flow.length - 40));
  }
  const Family family = v4 ? Family::V4 : Family::V6;
  put_u16(head, flow.l4 + kTcpChecksum, pseudo_sum(addresses_of(head, family), kTcp, flow.length - flow.l4));
  bundle.vnet = {.flags = kNeedsChecksum,
                 .gso_type = v4 ? kGsoTcp4 : kGsoTcp6,
                 .header_length = static_cast<std::uint16_t>(flow.header),
                 .gso_size = flow.segment,
                 .checksum_start = static_cast<std::uint16_t>(flow.l4),
                 .checksum_offset = kTcpChecksum};
}

std::span<const Bundle> Coalescer::finish() {
  for (std::size_t i = 0; i < count_; ++i)
    if (bundles_[i].packets > 1) close(i);
  return std::span(bundles_).first(count_);
}

}  // namespace michi::dataplane::tun
