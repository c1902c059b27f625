#include "fake_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "reconcile/diff.hpp"

namespace michi::kit {

using model::AddressEntry;
using model::RouteEntry;
using model::RuleEntry;

FakeKernel::FakeKernel() = default;

port::OsError FakeKernel::error(const std::string& operation, int code) const { return {operation, code}; }

void FakeKernel::fact(port::NetReport report) {
  net_.reports.push_back(std::move(report));
  if (!inside_ && net_.wakes) net_.wakes();
}

bool FakeKernel::reported(const RouteEntry& route) const {
  return route.protocol == model::kRouteProtocol ||
         (route.table >= model::kTableBase && route.table <= model::kTableEnd);
}

bool FakeKernel::reported(const RuleEntry& rule) const {
  return rule.priority >= model::kPriorityFirst && rule.priority <= model::kPriorityLast;
}

void FakeKernel::drop_routes(const std::function<bool(const RouteEntry&)>& which) {
  for (auto at = routes.begin(); at != routes.end();) {
    if (!which(*at)) {
      ++at;
      continue;
    }
    if (reported(*at)) fact(port::RouteGone{*at});
    at = routes.erase(at);
  }
}

int FakeKernel::drop_address(const AddressEntry& address) {
  auto at = std::ranges::find_if(addresses, [&](const auto& entry) { return entry.key() == address.key(); });
  if (at == addresses.end()) return 0;
  const AddressEntry gone = *at;
  addresses.erase(at);
  own_addresses.erase(gone);
  fact(port::AddressGone{gone});
  const bool elsewhere =
      std::ranges::any_of(addresses, [&](const auto& entry) { return entry.address.address == gone.address.address; });
  if (!elsewhere) drop_routes([&](const RouteEntry& route) { return route.source == gone.address.address; });
  return 0;
}

int FakeKernel::set_link(const port::SetLink& op) {
  auto at = links.find(op.name);
  if (at == links.end()) return ENODEV;
  model::Link& link = at->second;
  if (op.mtu) link.mtu = *op.mtu;
  if (op.alias) link.alias = *op.alias;
  const bool falls = op.up && link.up && !*op.up;
  if (op.up) link.up = link.carrier = *op.up;
  fact(port::LinkSeen{link});
  if (falls) {
    drop_routes([&](const RouteEntry& route) { return route.device == op.name; });
    std::vector<AddressEntry> lost;
    for (const auto& entry : addresses) {
      if (entry.device == op.name && entry.address.family() == Family::V6) lost.push_back(entry);
    }
    for (const auto& entry : lost) drop_address(entry);
  }
  return 0;
}

int FakeKernel::put_route(const RouteEntry& route) {
  if (route.type == model::RouteType::Unicast) {
    auto at = links.find(route.device.str());
    if (at == links.end()) return ENODEV;
    if (!at->second.up) return ENETDOWN;
  }
  if (route.source &&
      std::ranges::none_of(addresses, [&](const auto& entry) { return entry.address.address == *route.source; })) {
    return EINVAL;
  }
  RouteEntry first;  // of all with this key
  first.table = route.table;
  first.to = route.to;
  first.metric = route.metric;
  first.protocol = 0;
  auto at = routes.lower_bound(first);
  if (at != routes.end() && at->key() == route.key()) {
    if (*at == route) return 0;
    if (reported(*at)) fact(port::RouteGone{*at});
    routes.erase(at);
  }
  routes.insert(route);
  if (reported(route)) fact(port::RouteSeen{route});
  return 0;
}

int FakeKernel::perform(const port::NetOp& op) {
  struct Visitor {
    FakeKernel& k;
    int operator()(const port::SetLink& set) const { return k.set_link(set); }
    int operator()(const port::AddAddress& add) const {
      if (!k.links.contains(add.address.device)) return ENODEV;
      std::erase_if(k.addresses, [&](const auto& entry) { return entry.key() == add.address.key(); });
      k.addresses.insert(add.address);
      k.fact(port::AddressSeen{add.address, k.own_addresses.contains(add.address)});
      return 0;
    }
    int operator()(const port::DeleteAddress& gone) const { return k.drop_address(gone.address); }
    int operator()(const port::AddRoute& add) const { return k.put_route(add.route); }
    int operator()(const port::DeleteRoute& gone) const {
      k.drop_routes([&](const RouteEntry& route) {
        return route.key() == gone.route.key() && route.protocol == gone.route.protocol;
      });
      return 0;
    }
    int operator()(const port::AddRule& add) const {
      if (k.rules.contains(add.rule)) return 0;
      k.rules.insert(add.rule);
      if (k.reported(add.rule)) k.fact(port::RuleSeen{add.rule});
      return 0;
    }
    int operator()(const port::DeleteRule& gone) const {
      auto at = k.rules.find(gone.rule);
      if (at == k.rules.end()) return 0;
      k.rules.erase(at);
      if (k.reported(gone.rule)) k.fact(port::RuleGone{gone.rule});
      return 0;
    }
  };
  return std::visit(Visitor{*this}, op);
}

namespace {
std::string words(const port::NetOp& op) {
  struct Visitor {
    std::string operator()(const port::SetLink& set) const {
      std::string text = "set link " + set.name;
      if (set.up) text += *set.up ? " up" : " down";
      if (set.mtu) text += fmt::format(" mtu {}", *set.mtu);
      return text;
    }
    std::string operator()(const port::AddAddress& add) const { return "add " + reconcile::describe(add.address); }
    std::string operator()(const port::DeleteAddress& del) const {
      return "delete " + reconcile::describe(del.address);
    }
    std::string operator()(const port::AddRoute& add) const { return "add " + reconcile::describe(add.route); }
    std::string operator()(const port::DeleteRoute& del) const { return "delete " + reconcile::describe(del.route); }
    std::string operator()(const port::AddRule& add) const { return "add " + reconcile::describe(add.rule); }
    std::string operator()(const port::DeleteRule& del) const { return "delete " + reconcile::describe(del.rule); }
  };
  return std::visit(Visitor{}, op);
}
}  // namespace

void FakeKernel::Net::submit(port::NetOp op, port::Ticket ticket) {
  const std::string operation = words(op);
  kernel.journal.push_back(operation);
  kernel.inside_ = true;
  if (const auto* add = std::get_if<port::AddAddress>(&op)) kernel.own_addresses.insert(add->address);
  const std::size_t before = reports.size();
  int code = kernel.refuse ? kernel.refuse(operation) : 0;
  if (code == 0) code = kernel.perform(op);
  port::Completion completion{ticket, {}};
  if (code != 0) completion.error = kernel.error(operation, code);
  const auto place = kernel.completion_first ? before : reports.size();
  reports.insert(reports.begin() + static_cast<std::ptrdiff_t>(place), std::move(completion));
  kernel.inside_ = false;
}

void FakeKernel::Net::refresh() {
  reports.push_back(port::DumpBegin{});
  for (const auto& [name, link] : kernel.links) reports.push_back(port::LinkSeen{link});
  for (const auto& address : kernel.addresses)
    reports.push_back(port::AddressSeen{address, kernel.own_addresses.contains(address)});
  for (const auto& route : kernel.routes) {
    if (kernel.reported(route)) reports.push_back(port::RouteSeen{route});
  }
  for (const auto& rule : kernel.rules) {
    if (kernel.reported(rule)) reports.push_back(port::RuleSeen{rule});
  }
  for (const auto& [path, value] : kernel.sysctls) reports.push_back(port::SysctlSeen{path, value});
  reports.push_back(port::DumpEnd{});
}

std::optional<port::NetReport> FakeKernel::Net::poll() {
  if (reports.empty()) return std::nullopt;
  auto report = std::move(reports.front());
  reports.pop_front();
  return report;
}

void FakeKernel::add_ethernet(const std::string& name, std::uint8_t last, std::uint32_t mtu) {
  model::Link link;
  link.name = name;
  link.up = link.carrier = true;
  link.mtu = mtu;
  link.mac = Mac{{2, 0, 0, 0, 0, last}};
  add_link(std::move(link));
}

void FakeKernel::add_link(model::Link link) {
  link.index = next_index_++;
  links[link.name] = link;
  fact(port::LinkSeen{link});
}

void FakeKernel::remove_link(const std::string& name) {
  if (!links.contains(name)) return;
  drop_routes([&](const RouteEntry& route) { return route.device == name; });
  std::vector<AddressEntry> lost;
  for (const auto& entry : addresses) {
    if (entry.device == name) lost.push_back(entry);
  }
  for (const auto& entry : lost) drop_address(entry);
  links.erase(name);
  sysctls.erase("net/ipv4/conf/" + name + "/rp_filter");
  std::erase_if(sessions, [&](const auto& session) { return session.second.device == name; });
  fact(port::LinkGone{name});
}

void FakeKernel::set_link(const std::string& name, bool up) {
  set_link(port::SetLink{.name = name, .up = up, .mtu = {}, .alias = {}});
}
void FakeKernel::set_carrier(const std::string& name, bool carrier) {
  auto& link = links.at(name);
  link.carrier = carrier;
  fact(port::LinkSeen{link});
}
void FakeKernel::add_address(const AddressEntry& address) { perform(port::NetOp{port::AddAddress{address}}); }
void FakeKernel::remove_address(const AddressEntry& address) { drop_address(address); }
void FakeKernel::add_route(const RouteEntry& route) { put_route(route); }
void FakeKernel::remove_route(RouteEntry route) {
  drop_routes([&](const RouteEntry& each) { return each == route; });
}
void FakeKernel::add_rule(const RuleEntry& rule) {
  if (rules.contains(rule)) return;  // EEXIST, for those who ask as `ip` does
  rules.insert(rule);
  if (reported(rule)) fact(port::RuleSeen{rule});
}
void FakeKernel::remove_rule(const RuleEntry& rule) { perform(port::NetOp{port::DeleteRule{rule}}); }
void FakeKernel::set_sysctl(const std::string& path, const std::string& value) {
  const bool told = path == "net/ipv4/ip_forward" || path.ends_with("/rp_filter");
  if (!told || std::exchange(sysctls[path], value) == value) return;
  fact(port::SysctlSeen{path, value});
}
void FakeKernel::overrun() {
  net_.refresh();
  deliver();
}

bool FakeKernel::pending() const {
  return !net_.reports.empty() || !firewall_.reports.empty() || !plane_.reports.empty();
}

void FakeKernel::deliver() {
  if (!net_.reports.empty() && net_.wakes) net_.wakes();
  if (!firewall_.reports.empty() && firewall_.wakes) firewall_.wakes();
  if (!plane_.reports.empty() && plane_.wakes) plane_.wakes();
}

void note(model::Observed& observed, const port::NetReport& report) {
  struct Visitor {
    model::Observed& o;
    void operator()(const port::Completion&) const {}
    void operator()(const port::DumpBegin&) const { o = {}; }
    void operator()(const port::DumpEnd&) const { o.complete = true; }
    void operator()(const port::LinkSeen& seen) const { o.links[seen.link.name] = seen.link; }
    void operator()(const port::LinkGone& gone) const {
      o.links.erase(gone.name);
      o.sysctls.erase("net/ipv4/conf/" + gone.name + "/rp_filter");
    }
    void operator()(const port::AddressSeen& seen) const {
      std::erase_if(o.addresses, [&](const auto& entry) { return entry.key() == seen.address.key(); });
      o.addresses.insert(seen.address);
      if (seen.ours) o.own_addresses.insert(seen.address);
    }
    void operator()(const port::AddressGone& gone) const {
      o.addresses.erase(gone.address);
      o.own_addresses.erase(gone.address);
    }
    void operator()(const port::RouteSeen& seen) const { o.routes.insert(seen.route); }
    void operator()(const port::RouteGone& gone) const { o.routes.erase(gone.route); }
    void operator()(const port::RuleSeen& seen) const {
      if (!o.rules.contains(seen.rule)) o.rules.insert(seen.rule);
    }
    void operator()(const port::RuleGone& gone) const {
      auto at = o.rules.find(gone.rule);
      if (at != o.rules.end()) o.rules.erase(at);
    }
    void operator()(const port::ForeignRuleSeen& seen) const { o.foreign_rules.insert(seen.rule); }
    void operator()(const port::ForeignRuleGone& gone) const { o.foreign_rules.erase(gone.rule); }
    void operator()(const port::SysctlSeen& seen) const { o.sysctls[seen.path] = seen.value; }
  };
  std::visit(Visitor{observed}, report);
}

}  // namespace michi::kit
