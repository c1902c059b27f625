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
