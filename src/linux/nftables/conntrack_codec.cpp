#include "linux/nftables/conntrack_codec.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>

#include "linux/netlink/netlink_attributes.hpp"
#include "linux/netlink/netlink_message.hpp"
#include "model/kernel.hpp"

namespace michi::linux {

namespace {

constexpr std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8) | message);
}

// A flush of version 0 takes all families, whatever it names.
constexpr std::uint8_t kFamilyCounts = 1;

void begin(NetlinkMessage& message, std::uint8_t family) {
  auto& header = message.extra<nfgenmsg>();
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
}

std::uint8_t family_number(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

// Attributes of conntrack are in network order.
ByteVec big_endian(std::uint32_t value) {
  Writer writer;
  writer.u32(value);
  return std::move(writer).take();
}

std::uint32_t number(const Attributes& attributes, std::size_t type) {
  return Reader(attributes.bytes(type)).u32().value_or(0);
}

// Whence and whereto, as far as conntrack tells flows apart. Views into the packet.
struct Ends {
  Family family = Family::V4;
  std::uint8_t protocol = 0;
  Bytes source, destination;
  Bytes upper;  // of the layer above, at least eight octets
};

std::uint8_t octet(Bytes bytes, std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); }

bool has_known_ends(const Ends& ends) {
  constexpr std::uint8_t kEcho = 8, kEcho6 = 128;
  if (ends.upper.size() < 8) return false;
  if (ends.protocol == IPPROTO_TCP || ends.protocol == IPPROTO_UDP) return true;
  if (ends.family == Family::V4) return ends.protocol == IPPROTO_ICMP && octet(ends.upper, 0) == kEcho;
  return ends.protocol == IPPROTO_ICMPV6 && octet(ends.upper, 0) == kEcho6;
}

std::optional<Ends> ends_of(Bytes packet) {
  constexpr std::size_t kShortest4 = 20, kHeader6 = 40;
  Ends ends;
  if (packet.size() >= kShortest4 && octet(packet, 0) >> 4 == 4) {
    const std::size_t header = std::size_t{octet(packet, 0) & 15u} * 4;
    const bool fragment = (octet(packet, 6) & 0x3f) != 0 || octet(packet, 7) != 0;
    if (fragment || header < kShortest4 || header > packet.size()) return std::nullopt;
    ends = {Family::V4, octet(packet, 9), packet.subspan(12, 4), packet.subspan(16, 4), packet.subspan(header)};
  } else if (packet.size() >= kHeader6 && octet(packet, 0) >> 4 == 6) {
    ends = {Family::V6, octet(packet, 6), packet.subspan(8, 16), packet.subspan(24, 16), packet.subspan(kHeader6)};
  } else {
    return std::nullopt;
  }
  if (!has_known_ends(ends)) return std::nullopt;
  return ends;
}

}  // namespace

ByteVec encode_delete_flows(Family family, std::uint32_t mark, std::uint32_t mask, std::uint32_t sequence) {
  NetlinkMessage message(type_of(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, sequence);
  auto& header = message.extra<nfgenmsg>();
  header.nfgen_family = family_number(family);
  header.version = kFamilyCounts;
  message.bytes(CTA_MARK, big_endian(mark)).bytes(CTA_MARK_MASK, big_endian(mask));
  return message.take();
}

ByteVec encode_flow_count(std::uint32_t sequence) {
  NetlinkMessage message(type_of(IPCTNL_MSG_CT_GET_STATS), NLM_F_ACK, sequence);
  begin(message, AF_UNSPEC);
  return message.take();
}

ByteVec encode_flow_dump(Family family, std::uint32_t sequence) {
  NetlinkMessage message(type_of(IPCTNL_MSG_CT_GET), NLM_F_DUMP, sequence);
  begin(message, family_number(family));
  return message.take();
}

std::optional<ByteVec> encode_flow_of(Bytes packet, std::uint32_t sequence) {
  const auto ends = ends_of(packet);
  if (!ends) return std::nullopt;
  const bool v4 = ends->family == Family::V4;
  NetlinkMessage message(type_of(IPCTNL_MSG_CT_GET), NLM_F_ACK, sequence);
  begin(message, family_number(ends->family));
  nlattr* tuple = message.begin(CTA_TUPLE_ORIG);
  nlattr* addresses = message.begin(CTA_TUPLE_IP);
  message.bytes(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, ends->source);
  message.bytes(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, ends->destination);
  message.end(addresses);
  nlattr* protocol = message.begin(CTA_TUPLE_PROTO);
  message.u8(CTA_PROTO_NUM, ends->protocol);
  if (ends->protocol == IPPROTO_TCP || ends->protocol == IPPROTO_UDP) {
    message.bytes(CTA_PROTO_SRC_PORT, ends->upper.first(2)).bytes(CTA_PROTO_DST_PORT, ends->upper.subspan(2, 2));
  } else {
    message.bytes(v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE, ends->upper.first(1));
    message.bytes(v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, ends->upper.subspan(1, 1));
    message.bytes(v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID, ends->upper.subspan(4, 2));
  }
  message.end(protocol);
  message.end(tuple);
  return message.take();
}

std::optional<Flow> decode_flow(const nlmsghdr& message) {
  const auto* header = header_of<nfgenmsg>(message);
  if (message.nlmsg_type != type_of(IPCTNL_MSG_CT_NEW) || header == nullptr) return std::nullopt;
  const Attributes attributes(attributes_of<nfgenmsg>(message));
  Flow flow;
  flow.original = attributes.bytes(CTA_TUPLE_ORIG);
  flow.zone = attributes.bytes(CTA_ZONE);
  flow.id = attributes.bytes(CTA_ID);
  flow.mark = number(attributes, CTA_MARK);
  flow.source_translated = (number(attributes, CTA_STATUS) & IPS_SRC_NAT) != 0;
  const Attributes addresses = Attributes(flow.original).nest(CTA_TUPLE_IP);
  if (header->nfgen_family == AF_INET) {
    const auto source = Ipv4::from_bytes(addresses.bytes(CTA_IP_V4_SRC));
    if (!source) return std::nullopt;
    flow.source = *source;
  } else {
    const auto source = Ipv6::from_bytes(addresses.bytes(CTA_IP_V6_SRC));
    if (!source) return std::nullopt;
    flow.family = Family::V6;
    flow.source = *source;
  }
  return flow;
}

ByteVec encode_delete_flow(const Flow& flow, std::uint32_t sequence) {
  NetlinkMessage message(type_of(IPCTNL_MSG_CT_DELETE), NLM_F_ACK, sequence);
  begin(message, family_number(flow.family));
  message.bytes(CTA_TUPLE_ORIG | NLA_F_NESTED, flow.original);
  if (!flow.zone.empty()) message.bytes(CTA_ZONE, flow.zone);
  // A new entry with the same addresses and ports is left alone.
  if (!flow.id.empty()) message.bytes(CTA_ID, flow.id);
  return message.take();
}

bool is_untranslated(const Flow& flow, std::uint32_t mask, const std::vector<Prefix>& inside) {
  const std::uint32_t uplink = (flow.mark & mask) >> model::kMarkShift;
  if (uplink == 0 || uplink > model::kMaxUplinkNumber || flow.source_translated) return false;
  return std::ranges::any_of(inside, [&](const Prefix& prefix) { return prefix.contains(flow.source); });
}

}  // namespace michi::linux
