#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "linux/netlink/netlink_codec.hpp"
#include "linux/netlink/netlink_message.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kDefaultIpv6Metric = 1024;  // IP6_RT_PRIO_USER
constexpr std::uint8_t kAddressProtocol = model::kRouteProtocol;

std::uint8_t family_number(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

std::uint8_t short_table(std::uint32_t table) {
  return table < 256 ? static_cast<std::uint8_t>(table) : std::uint8_t{RT_TABLE_UNSPEC};
}

std::optional<ByteVec> encode(const port::SetLink& op, std::uint32_t sequence, const IndexOf& index_of) {
  const std::uint32_t index = index_of(op.name);
  if (index == 0 || (op.alias && op.alias->size() >= 256)) return std::nullopt;
  NetlinkMessage message(RTM_NEWLINK, NLM_F_ACK, sequence);
  auto& link = message.extra<ifinfomsg>();
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = static_cast<int>(index);
  if (op.up) {
    link.ifi_change = IFF_UP;
    link.ifi_flags = *op.up ? IFF_UP : 0;
  }
  if (op.mtu) message.u32(IFLA_MTU, *op.mtu);
  if (op.alias) message.bytes(IFLA_IFALIAS, bytes_of(*op.alias));
  return message.take();
}

std::optional<ByteVec> encode_address(const model::AddressEntry& entry, std::uint16_t type, std::uint16_t flags,
                                      std::uint32_t sequence, const IndexOf& index_of) {
  const std::uint32_t index = index_of(entry.device);
  if (index == 0) return std::nullopt;
  NetlinkMessage message(type, static_cast<std::uint16_t>(NLM_F_ACK | flags), sequence);
  auto& header = message.extra<ifaddrmsg>();
  header.ifa_family = family_number(entry.address.family());
  header.ifa_prefixlen = entry.address.length;
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = index;
  const ByteVec bytes = entry.address.address.bytes();
  message.bytes(IFA_LOCAL, bytes).bytes(IFA_ADDRESS, bytes);
  if (type == RTM_NEWADDR) {
    std::uint32_t want = entry.no_prefix_route ? IFA_F_NOPREFIXROUTE : 0;
    // Nobody else is on a session, and an address that is still being checked cannot answer.
    if (entry.address.family() == Family::V6) want |= IFA_F_NODAD;
    message.u32(IFA_FLAGS, want).u8(IFA_PROTO, kAddressProtocol);
  }
  return message.take();
}

std::optional<ByteVec> encode_route(const model::RouteEntry& route, std::uint16_t type, std::uint16_t flags,
                                    std::uint32_t sequence, const IndexOf& index_of) {
  const bool adding = type == RTM_NEWROUTE;
  const bool unicast = route.type == model::RouteType::Unicast;
  std::uint32_t index = 0;
  if (unicast && route.device != kOtherNexthop) {
    index = index_of(route.device.str());
    if (index == 0) return std::nullopt;
  }
  NetlinkMessage message(type, static_cast<std::uint16_t>(NLM_F_ACK | flags), sequence);
  auto& header = message.extra<rtmsg>();
  header.rtm_family = family_number(route.to.family());
  header.rtm_dst_len = route.to.length;
  header.rtm_table = short_table(route.table);
  header.rtm_protocol = route.protocol;
  header.rtm_type = unicast ? RTN_UNICAST : RTN_UNREACHABLE;
  // A deletion with scope "nowhere" takes any scope.
  header.rtm_scope = !adding ? RT_SCOPE_NOWHERE : unicast && !route.gateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  // A next hop on the line is there though no route says so: the network may be known to this table only.
  if (adding && route.gateway && (*route.gateway).family() == Family::V4) header.rtm_flags = RTNH_F_ONLINK;
  message.u32(RTA_TABLE, route.table);
  if (route.to.length > 0) message.bytes(RTA_DST, route.to.canonical().address.bytes());
  const bool v6 = route.to.family() == Family::V6;
  if (route.metric != 0 || v6) message.u32(RTA_PRIORITY, route.metric != 0 ? route.metric : kDefaultIpv6Metric);
  if (index != 0) message.u32(RTA_OIF, index);
  if (adding && route.gateway) message.bytes(RTA_GATEWAY, (*route.gateway).bytes());
  if (adding && route.source) message.bytes(RTA_PREFSRC, (*route.source).bytes());
  if (adding && route.mtu != 0) {
    nlattr* nest = message.begin(RTA_METRICS);
    message.u32(RTAX_MTU, route.mtu);
    message.end(nest);
  }
  return message.take();
}

std::optional<ByteVec> encode_rule(const model::RuleEntry& rule, std::uint16_t type, std::uint16_t flags,
                                   std::uint32_t sequence) {
  if (rule.iif.size() >= IFNAMSIZ || rule.oif.size() >= IFNAMSIZ) return std::nullopt;
  NetlinkMessage message(type, static_cast<std::uint16_t>(NLM_F_ACK | flags), sequence);
  auto& header = message.extra<fib_rule_hdr>();
  const bool lookup = rule.action == model::RuleAction::Lookup;
  header.family = family_number(rule.family);
  header.action = lookup ? FR_ACT_TO_TBL : FR_ACT_UNREACHABLE;
  header.table = lookup ? short_table(rule.table) : std::uint8_t{RT_TABLE_UNSPEC};
  message.u32(FRA_PRIORITY, rule.priority);
  if (lookup) message.u32(FRA_TABLE, rule.table);
  if (rule.from) {
    header.src_len = rule.from->length;
    message.bytes(FRA_SRC, rule.from->canonical().address.bytes());
  }
  if (!rule.iif.empty()) message.text(FRA_IIFNAME, rule.iif);
  if (!rule.oif.empty()) message.text(FRA_OIFNAME, rule.oif);
  if (rule.mark_mask != 0) message.u32(FRA_FWMARK, rule.mark).u32(FRA_FWMASK, rule.mark_mask);
  if (rule.suppress_prefix_length) message.u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  message.u8(FRA_PROTOCOL, rule.protocol);
  return message.take();
}

std::optional<ByteVec> encode(const port::AddAddress& op, std::uint32_t sequence, const IndexOf& index_of) {
  return encode_address(op.address, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sequence, index_of);
}
std::optional<ByteVec> encode(const port::DeleteAddress& op, std::uint32_t sequence, const IndexOf& index_of) {
  return encode_address(op.address, RTM_DELADDR, 0, sequence, index_of);
}
std::optional<ByteVec> encode(const port::AddRoute& op, std::uint32_t sequence, const IndexOf& index_of) {
  return encode_route(op.route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sequence, index_of);
}
std::optional<ByteVec> encode(const port::DeleteRoute& op, std::uint32_t sequence, const IndexOf& index_of) {
  return encode_route(op.route, RTM_DELROUTE, 0, sequence, index_of);
}
std::optional<ByteVec> encode(const port::AddRule& op, std::uint32_t sequence, const IndexOf&) {
  return encode_rule(op.rule, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sequence);
}
std::optional<ByteVec> encode(const port::DeleteRule& op, std::uint32_t sequence, const IndexOf&) {
  return encode_rule(op.rule, RTM_DELRULE, 0, sequence);
}

std::string text_of(const model::RouteEntry& route) {
  std::string text = fmt::format("{}{} table {}", route.type == model::RouteType::Unicast ? "" : "unreachable ",
                                 to_text(route.to), route.table);
  if (route.gateway) text += " via " + to_text(*route.gateway);
  if (!route.device.empty()) text += " dev " + route.device.str();
  if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
  if (route.source) text += " src " + to_text(*route.source);
  return text;
}

std::string text_of(const model::RuleEntry& rule) {
  std::string text = fmt::format("{} {}:", rule.family == Family::V4 ? "IPv4" : "IPv6", rule.priority);
  if (rule.from) text += " from " + to_text(*rule.from);
  if (!rule.iif.empty()) text += " iif " + rule.iif;
  if (!rule.oif.empty()) text += " oif " + rule.oif;
  if (rule.mark_mask != 0) text += fmt::format(" fwmark {:#x}/{:#x}", rule.mark, rule.mark_mask);
  text += rule.action == model::RuleAction::Lookup ? fmt::format(" lookup {}", rule.table) : " unreachable";
  return text;
}

struct Describe {
  std::string operator()(const port::SetLink& op) const {
    std::string text = "set link " + op.name;
    if (op.up) text += *op.up ? " up" : " down";
    if (op.mtu) text += fmt::format(" mtu {}", *op.mtu);
    if (op.alias) text += " alias " + *op.alias;
    return text;
  }
  std::string operator()(const port::AddAddress& op) const { return "add" + address(op.address); }
  std::string operator()(const port::DeleteAddress& op) const { return "delete" + address(op.address); }
  std::string operator()(const port::AddRoute& op) const { return "add route " + text_of(op.route); }
  std::string operator()(const port::DeleteRoute& op) const { return "delete route " + text_of(op.route); }
  std::string operator()(const port::AddRule& op) const { return "add rule " + text_of(op.rule); }
  std::string operator()(const port::DeleteRule& op) const { return "delete rule " + text_of(op.rule); }

  static std::string address(const model::AddressEntry& entry) {
    return " address " + to_text(entry.address) + " dev " + entry.device;
  }
};

enum class Intent : std::uint8_t { Change, Add, Delete };

Intent intent_of(const port::NetOp& op) {
  if (std::holds_alternative<port::SetLink>(op)) return Intent::Change;
  const bool adds = std::holds_alternative<port::AddAddress>(op) || std::holds_alternative<port::AddRoute>(op) ||
                    std::holds_alternative<port::AddRule>(op);
  return adds ? Intent::Add : Intent::Delete;
}

}  // namespace

std::optional<ByteVec> encode(const port::NetOp& op, std::uint32_t sequence, const IndexOf& index_of) {
  return std::visit([&](const auto& value) { return encode(value, sequence, index_of); }, op);
}

std::string describe(const port::NetOp& op) { return std::visit(Describe{}, op); }

bool is_done_already(const port::NetOp& op, int error) {
  switch (intent_of(op)) {
    case Intent::Change:
      return false;
    case Intent::Add:
      return error == EEXIST;
    case Intent::Delete:
      return error == ESRCH || error == ENOENT || error == ENODEV || error == EADDRNOTAVAIL;
  }
  return false;
}

ByteVec encode_route_question(const Address& to, std::uint32_t mark, std::uint32_t sequence) {
  NetlinkMessage message(RTM_GETROUTE, 0, sequence);
  auto& header = message.extra<rtmsg>();
  header.rtm_family = family_number(to.family());
  header.rtm_dst_len = to.family() == Family::V4 ? 32 : 128;
  header.rtm_flags = RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE;
  const auto octets = to.bytes();
  message.bytes(RTA_DST, octets);
  message.u32(RTA_MARK, mark);
  return message.take();
}

ByteVec encode_counters_question(std::uint32_t index, std::uint32_t sequence) {
  NetlinkMessage message(RTM_GETSTATS, 0, sequence);
  auto& header = message.extra<if_stats_msg>();
  header.ifindex = index;
  header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  return message.take();
}

ByteVec encode_dump(DumpPart part, std::uint32_t sequence) {
  const auto routes = [&](Family family) {
    NetlinkMessage message(RTM_GETROUTE, NLM_F_DUMP, sequence);
    auto& header = message.extra<rtmsg>();
    header.rtm_family = family_number(family);
    header.rtm_protocol = model::kRouteProtocol;
    return message.take();
  };
  const auto rules = [&](Family family) {
    NetlinkMessage message(RTM_GETRULE, NLM_F_DUMP, sequence);
    message.extra<fib_rule_hdr>().family = family_number(family);
    return message.take();
  };
  switch (part) {
    case DumpPart::Links: {
      NetlinkMessage message(RTM_GETLINK, NLM_F_DUMP, sequence);
      message.extra<ifinfomsg>().ifi_family = AF_UNSPEC;
      message.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
      return message.take();
    }
    case DumpPart::Addresses: {
      NetlinkMessage message(RTM_GETADDR, NLM_F_DUMP, sequence);
      message.extra<ifaddrmsg>().ifa_family = AF_UNSPEC;
      return message.take();
    }
    case DumpPart::RoutesV4:
      return routes(Family::V4);
    case DumpPart::RoutesV6:
      return routes(Family::V6);
    case DumpPart::RulesV4:
      return rules(Family::V4);
    case DumpPart::RulesV6:
      return rules(Family::V6);
    case DumpPart::Settings: {
      NetlinkMessage message(RTM_GETNETCONF, NLM_F_DUMP, sequence);
      message.extra<netconfmsg>().ncm_family = AF_INET;
      return message.take();
    }
  }
  return {};
}

}  // namespace michi::linux
