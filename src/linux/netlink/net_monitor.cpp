#include "linux/netlink/net_monitor.hpp"

#include <libmnl/libmnl.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <utility>

namespace michi::linux {

namespace {

constexpr int kReceiveBuffer = 8 << 20;  // a limit, not an allocation
constexpr int kMostInterruptions = 5;

NetlinkSocket::Settings settings() {
  return {.protocol = NETLINK_ROUTE,
          .groups = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                     RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF},
          .receive_buffer = kReceiveBuffer};
}

// A filter loads halfwords in network order, netlink writes them in the machine's.
constexpr std::uint32_t as_loaded(std::uint16_t value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

// Drops changes of routes that cannot be ours: protocol not 109 and table below 256 (all higher ones
// show as RT_TABLE_COMPAT in the header). Parts of a dump pass: they carry many messages.
void keep_foreign_routes_out(const NetlinkSocket& socket) {
  constexpr std::uint32_t type = 4, flags = 6, table = sizeof(nlmsghdr) + 4, protocol = sizeof(nlmsghdr) + 5;
  std::array<sock_filter, 11> program{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, type),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(RTM_NEWROUTE), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, as_loaded(RTM_DELROUTE), 0, 6),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, flags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, as_loaded(NLM_F_MULTI), 4, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, protocol),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, model::kRouteProtocol, 2, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, table),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_TABLE_COMPAT, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffffu),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

std::optional<DumpPart> part_after(DumpPart part) {
  switch (part) {
    case DumpPart::Links:
      return DumpPart::Addresses;
    case DumpPart::Addresses:
      return DumpPart::RoutesV4;
    case DumpPart::RoutesV4:
      return DumpPart::RoutesV6;
    case DumpPart::RoutesV6:
      return DumpPart::RulesV4;
    case DumpPart::RulesV4:
      return DumpPart::RulesV6;
    case DumpPart::RulesV6:
      return DumpPart::Settings;
    case DumpPart::Settings:
      return std::nullopt;
  }
  return std::nullopt;
}

template <class Seen, class Gone, class Value>
port::NetReport report(Change change, Value value) {
  if (change == Change::Seen) return Seen{std::move(value)};
  return Gone{std::move(value)};
}

}  // namespace

NetMonitor::NetMonitor() : socket_(settings()) {
  // Without it (before Linux 4.20) dumps hold everybody's routes and decode() sorts them out.
  socket_.set_option(NETLINK_GET_STRICT_CHK, 1);
  keep_foreign_routes_out(socket_);
  begin_dump();
}

void NetMonitor::refresh() {
  if (dumping_) {
    dump_again_ = true;
  } else {
    begin_dump();
  }
}

void NetMonitor::begin_dump() {
  reports_.push_back(port::DumpBegin{});
  links_.clear();
  carriers_of_routes_.clear();
  dump_again_ = false;
  dump_interrupted_ = false;
  dumping_ = DumpPart::Links;
  request_part();
}

void NetMonitor::request_part() {
  dump_sequence_ = socket_.next_sequence();
  if (!socket_.send(encode_dump(*dumping_, dump_sequence_))) end_part(true);
}

void NetMonitor::end_part(bool interrupted) {
  dump_interrupted_ |= interrupted;
  dumping_ = part_after(*dumping_);
  if (dumping_) return request_part();
  if (dump_interrupted_ && ++interruptions_ <= kMostInterruptions) return begin_dump();
  interruptions_ = 0;
  reports_.push_back(port::DumpEnd{});
  if (dump_again_) begin_dump();
}

bool NetMonitor::read(int datagrams) {
  for (; datagrams > 0; --datagrams) {
    switch (socket_.receive()) {
      case NetlinkSocket::Read::Datagram:
        for_each_message(socket_.datagram(), [this](const nlmsghdr& message) { on_message(message); });
        break;
      case NetlinkSocket::Read::Overrun:
        if (dumping_) {
          dump_interrupted_ = true;
        } else {
          begin_dump();
        }
        break;
      case NetlinkSocket::Read::Nothing:
      case NetlinkSocket::Read::Failed:
        return false;
    }
  }
  return true;
}

void NetMonitor::on_message(const nlmsghdr& message) {
  const bool of_dump = dumping_ && message.nlmsg_seq == dump_sequence_ && message.nlmsg_pid == socket_.port();
  if (of_dump && (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) dump_interrupted_ = true;
  if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) {
    // A kernel without IPv6 answers its parts with an error: then there is nothing to list.
    if (of_dump) end_part(false);
    return;
  }
  const auto name_of = [this](std::uint32_t index) -> std::string {
    if (const auto known = links_.find(index); known != links_.end()) return known->second.name;
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(index, name.data()) != nullptr ? name.data() : "";
  };
  if (auto fact = decode(message, name_of)) on_fact(std::move(*fact));
}

void NetMonitor::on_fact(NetFact fact) {
  if (auto* link = std::get_if<LinkFact>(&fact.what)) {
    on_link(fact.change, std::move(link->link));
  } else if (auto* address = std::get_if<AddressFact>(&fact.what)) {
    const Ipv6* v6 = address->address.address.address.v6();
    // IPv4 routes that prefer it go along, IPv6 ones forget it.
    const bool changes_routes = fact.change == Change::Gone && (v6 == nullptr || !v6->is_link_local());
    if (fact.change == Change::Gone || !address->usable)
      reports_.push_back(port::AddressGone{std::move(address->address)});
    else
      reports_.push_back(port::AddressSeen{std::move(address->address), address->ours});
    if (changes_routes) lost_silently(address->index);
  } else if (auto* route = std::get_if<RouteFact>(&fact.what)) {
    if (fact.change == Change::Seen && route->index != 0) carriers_of_routes_.insert(route->index);
    reports_.push_back(report<port::RouteSeen, port::RouteGone>(fact.change, std::move(route->route)));
  } else if (auto* rule = std::get_if<RuleFact>(&fact.what)) {
    reports_.push_back(rule->foreign ? report<port::ForeignRuleSeen, port::ForeignRuleGone>(fact.change, rule->rule)
                                     : report<port::RuleSeen, port::RuleGone>(fact.change, rule->rule));
  } else if (auto* settings = std::get_if<SettingsFact>(&fact.what)) {
    if (settings->forwarding && settings->device == "all")
      reports_.push_back(port::SysctlSeen{"net/ipv4/ip_forward", *settings->forwarding ? "1" : "0"});
    if (settings->reverse_path_filter)
      reports_.push_back(port::SysctlSeen{"net/ipv4/conf/" + settings->device + "/rp_filter",
                                          std::to_string(*settings->reverse_path_filter)});
  }
}

void NetMonitor::on_link(Change change, model::Link link) {
  const auto known = links_.find(link.index);
  if (change == Change::Gone) {
    if (known != links_.end()) links_.erase(known);
    const std::uint32_t index = link.index;
    reports_.push_back(port::LinkGone{std::move(link.name)});
    return lost_silently(index);
  }
  const bool went_down = known != links_.end() && known->second.up && !link.up;
  if (known != links_.end()) {
    if (known->second == link && !dumping_) return;
    if (known->second.name != link.name) reports_.push_back(port::LinkGone{known->second.name});
  }
  links_[link.index] = link;
  const std::uint32_t index = link.index;
  reports_.push_back(port::LinkSeen{std::move(link)});
  if (went_down) lost_silently(index);
}

void NetMonitor::lost_silently(std::uint32_t index) {
  if (carriers_of_routes_.erase(index) > 0) refresh();
}

std::optional<port::NetReport> NetMonitor::poll() {
  if (reports_.empty()) return std::nullopt;
  port::NetReport report = std::move(reports_.front());
  reports_.pop_front();
  return report;
}

}  // namespace michi::linux
