#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "linux/netlink/netlink_attributes.hpp"
#include "linux/netlink/netlink_codec.hpp"
#include "linux/netlink/netlink_socket.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kDefaultIpv6Metric = 1024;  // IP6_RT_PRIO_USER
std::optional<Family> family_of(std::uint8_t number) {
  if (number == AF_INET) return Family::V4;
  if (number == AF_INET6) return Family::V6;
  return std::nullopt;
}

std::optional<Address> address_of(Family family, Bytes bytes) {
  if (family == Family::V4) {
    if (const auto v4 = Ipv4::from_bytes(bytes)) return Address(*v4);
  } else if (const auto v6 = Ipv6::from_bytes(bytes)) {
    return Address(*v6);
  }
  return std::nullopt;
}

bool in_our_tables(std::uint32_t table) { return table >= model::kTableBase && table <= model::kTableEnd; }

std::optional<LinkFact> decode_link(const nlmsghdr& message) {
  const auto* header = header_of<ifinfomsg>(message);
  // A bridge reports its ports with messages of its own; "gone" there only means "left the bridge".
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes attributes(attributes_of<ifinfomsg>(message));
  LinkFact fact;
  fact.link.name = attributes.text(IFLA_IFNAME);
  fact.link.index = static_cast<std::uint32_t>(header->ifi_index);
  fact.link.up = (header->ifi_flags & IFF_UP) != 0;
  fact.link.carrier = (header->ifi_flags & IFF_LOWER_UP) != 0;
  fact.link.mtu = attributes.number<std::uint32_t>(IFLA_MTU).value_or(0);
  fact.link.mac = Mac::from_bytes(attributes.bytes(IFLA_ADDRESS)).value_or(Mac{});
  fact.link.alias = attributes.text(IFLA_IFALIAS);
  fact.link.kind = attributes.nest(IFLA_LINKINFO).text(IFLA_INFO_KIND);
  if (fact.link.name.empty()) return std::nullopt;
  return fact;
}

std::optional<AddressFact> decode_address(const nlmsghdr& message, const NameOf& name_of) {
  const auto* header = header_of<ifaddrmsg>(message);
  if (header == nullptr) return std::nullopt;
  const auto family = family_of(header->ifa_family);
  if (!family) return std::nullopt;
  const Attributes attributes(attributes_of<ifaddrmsg>(message));
  const bool has_local = attributes.has(IFA_LOCAL);
  const auto address = address_of(*family, attributes.bytes(has_local ? IFA_LOCAL : IFA_ADDRESS));
  const std::string device = name_of(header->ifa_index);
  if (!address || device.empty()) return std::nullopt;
  const std::uint32_t flags = attributes.number<std::uint32_t>(IFA_FLAGS).value_or(header->ifa_flags);
  return AddressFact{
      .address = {.device = device,
                  .address = {*address, header->ifa_prefixlen},
                  .no_prefix_route = (flags & IFA_F_NOPREFIXROUTE) != 0},
      .index = header->ifa_index,
      .usable = (flags & IFA_F_DADFAILED) == 0 && (flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) != IFA_F_TENTATIVE,
      .ours = attributes.number<std::uint8_t>(IFA_PROTO) == model::kRouteProtocol};
}

std::optional<RouteFact> decode_route(const nlmsghdr& message, const NameOf& name_of) {
  const auto* header = header_of<rtmsg>(message);
  if (header == nullptr || (header->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  const auto family = family_of(header->rtm_family);
  if (!family) return std::nullopt;
  const Attributes attributes(attributes_of<rtmsg>(message));
  RouteFact fact;
  model::RouteEntry& route = fact.route;
  route.table = attributes.number<std::uint32_t>(RTA_TABLE).value_or(header->rtm_table);
  route.protocol = header->rtm_protocol;
  if (route.protocol != model::kRouteProtocol && !in_our_tables(route.table)) return std::nullopt;
  if (header->rtm_type == RTN_UNREACHABLE) {
    route.type = model::RouteType::Unreachable;
  } else if (header->rtm_type != RTN_UNICAST) {
    return std::nullopt;
  }
  route.to = Prefix::everything(*family);
  if (attributes.has(RTA_DST)) {
    const auto to = address_of(*family, attributes.bytes(RTA_DST));
    if (!to) return std::nullopt;
    route.to.address = *to;
  }
  route.to.length = header->rtm_dst_len;
  route.metric = attributes.number<std::uint32_t>(RTA_PRIORITY).value_or(0);
  if (*family == Family::V6 && route.metric == kDefaultIpv6Metric) route.metric = 0;
  route.source = address_of(*family, attributes.bytes(RTA_PREFSRC));
  route.mtu = attributes.nest(RTA_METRICS).number<std::uint32_t>(RTAX_MTU).value_or(0);
  if (route.type == model::RouteType::Unreachable) return fact;
  fact.index = attributes.number<std::uint32_t>(RTA_OIF).value_or(0);
  route.gateway = address_of(*family, attributes.bytes(RTA_GATEWAY));
  const bool plain = !attributes.has(RTA_VIA) && !attributes.has(RTA_MULTIPATH) && !attributes.has(RTA_ENCAP) &&
                     !attributes.has(RTA_NH_ID);
  if (plain) route.device = name_of(fact.index);
  if (route.device.empty()) route.device = kOtherNexthop;
  return fact;
}

std::optional<RuleFact> decode_rule(const nlmsghdr& message) {
  const auto* header = header_of<fib_rule_hdr>(message);
  if (header == nullptr) return std::nullopt;
  const auto family = family_of(header->family);
  if (!family) return std::nullopt;
  const Attributes attributes(attributes_of<fib_rule_hdr>(message));
  RuleFact fact;
  model::RuleEntry& rule = fact.rule;
  rule.family = *family;
  rule.priority = attributes.number<std::uint32_t>(FRA_PRIORITY).value_or(0);
  fact.foreign = rule.priority < model::kPriorityFirst || rule.priority > model::kPriorityLast;
  if (header->action == FR_ACT_UNREACHABLE) {
    rule.action = model::RuleAction::Unreachable;
  } else if (header->action == FR_ACT_TO_TBL) {
    rule.table = attributes.number<std::uint32_t>(FRA_TABLE).value_or(header->table);
  } else if (!fact.foreign) {
    return std::nullopt;
  }
  if (attributes.has(FRA_SRC)) {
    const auto from = address_of(*family, attributes.bytes(FRA_SRC));
    if (!from) return std::nullopt;
    rule.from = Prefix{*from, header->src_len};
  }
  rule.iif = attributes.text(FRA_IIFNAME);
  rule.oif = attributes.text(FRA_OIFNAME);
  rule.mark = attributes.number<std::uint32_t>(FRA_FWMARK).value_or(0);
  rule.mark_mask = attributes.number<std::uint32_t>(FRA_FWMASK).value_or(0);
  const auto suppress = attributes.number<std::uint32_t>(FRA_SUPPRESS_PREFIXLEN);
  if (suppress && *suppress != 0xffffffffu) rule.suppress_prefix_length = suppress;
  rule.protocol = attributes.number<std::uint8_t>(FRA_PROTOCOL).value_or(0);
  return fact;
}

// Deviation: IPv4 only; of IPv6 michi writes nothing that is announced.
std::optional<SettingsFact> decode_settings(const nlmsghdr& message, const NameOf& name_of) {
  const auto* header = header_of<netconfmsg>(message);
  if (header == nullptr || header->ncm_family != AF_INET) return std::nullopt;
  const Attributes attributes(attributes_of<netconfmsg>(message));
  const auto index = attributes.number<std::int32_t>(NETCONFA_IFINDEX);
  if (!index || (*index < 0 && *index != NETCONFA_IFINDEX_ALL)) return std::nullopt;
  SettingsFact fact;
  fact.device = *index == NETCONFA_IFINDEX_ALL ? "all" : name_of(static_cast<std::uint32_t>(*index));
  if (const auto forwarding = attributes.number<std::int32_t>(NETCONFA_FORWARDING)) fact.forwarding = *forwarding != 0;
  fact.reverse_path_filter = attributes.number<std::int32_t>(NETCONFA_RP_FILTER);
  if (fact.device.empty() || (!fact.forwarding && !fact.reverse_path_filter)) return std::nullopt;
  return fact;
}

template <class Fact>
std::optional<NetFact> with_change(Change change, std::optional<Fact> fact) {
  if (!fact) return std::nullopt;
  return NetFact{.change = change, .what = std::move(*fact)};
}

}  // namespace

std::optional<model::RouteEntry> decode_route_answer(const nlmsghdr& message, const Address& to,
                                                     const NameOf& name_of) {
  model::RouteEntry route{.table = RT_TABLE_MAIN, .to = Prefix::host(to), .type = model::RouteType::Unreachable};
  if (const auto refused = parse_acknowledgement(message)) {
    // ENETUNREACH is a table without a route; these are routes that refuse.
    const int error = refused->error;
    return error == EHOSTUNREACH || error == EACCES || error == EINVAL ? std::optional(route) : std::nullopt;
  }
  const auto* header = header_of<rtmsg>(message);
  if (message.nlmsg_type != RTM_NEWROUTE || header == nullptr || family_of(header->rtm_family) != to.family())
    return std::nullopt;
  const Attributes attributes(attributes_of<rtmsg>(message));
  if (attributes.number<std::uint32_t>(RTA_TABLE).value_or(header->rtm_table) != RT_TABLE_MAIN) return std::nullopt;
  route.protocol = header->rtm_protocol;
  route.to = Prefix::everything(to.family());
  if (const auto prefix = address_of(to.family(), attributes.bytes(RTA_DST))) route.to.address = *prefix;
  route.to.length = header->rtm_dst_len;
  const auto type = header->rtm_type;
  if (type == RTN_UNREACHABLE || type == RTN_BLACKHOLE || type == RTN_PROHIBIT) return route;
  // Without rules of anybody's the kernel keeps the local table's routes in main's.
  if (type != RTN_UNICAST) return std::nullopt;
  route.type = model::RouteType::Unicast;
  auto index = attributes.number<std::uint32_t>(RTA_OIF);
  rtnexthop first{};
  if (const Bytes several = attributes.bytes(RTA_MULTIPATH); !index && several.size() >= sizeof first) {
    std::memcpy(&first, several.data(), sizeof first);
    index = static_cast<std::uint32_t>(first.rtnh_ifindex);
  }
  route.device = name_of(index.value_or(0));
  return route;
}

std::optional<port::LinkCounters> decode_counters_answer(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWSTATS || header_of<if_stats_msg>(message) == nullptr) return std::nullopt;
  const Bytes bytes = Attributes(attributes_of<if_stats_msg>(message)).bytes(IFLA_STATS_LINK_64);
  rtnl_link_stats64 counted{};
  // Newer kernels count more, older ones less, always behind what is read here.
  if (bytes.size() < offsetof(rtnl_link_stats64, multicast)) return std::nullopt;
  std::memcpy(&counted, bytes.data(), std::min(bytes.size(), sizeof counted));
  return port::LinkCounters{.rx_packets = counted.rx_packets,
                            .rx_bytes = counted.rx_bytes,
                            .tx_packets = counted.tx_packets,
                            .tx_bytes = counted.tx_bytes,
                            .rx_dropped = counted.rx_dropped,
                            .tx_dropped = counted.tx_dropped};
}

std::optional<NetFact> decode(const nlmsghdr& message, const NameOf& name_of) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
      return with_change(Change::Seen, decode_link(message));
    case RTM_DELLINK:
      return with_change(Change::Gone, decode_link(message));
    case RTM_NEWADDR:
      return with_change(Change::Seen, decode_address(message, name_of));
    case RTM_DELADDR:
      return with_change(Change::Gone, decode_address(message, name_of));
    case RTM_NEWROUTE:
      return with_change(Change::Seen, decode_route(message, name_of));
    case RTM_DELROUTE:
      return with_change(Change::Gone, decode_route(message, name_of));
    case RTM_NEWRULE:
      return with_change(Change::Seen, decode_rule(message));
    case RTM_DELRULE:
      return with_change(Change::Gone, decode_rule(message));
    case RTM_NEWNETCONF:
      return with_change(Change::Seen, decode_settings(message, name_of));
    default:
      return std::nullopt;
  }
}

}  // namespace michi::linux
