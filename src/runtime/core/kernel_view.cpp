#include "runtime/core/kernel_view.hpp"

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::runtime {

namespace {

/// The kernel shows one route per key; a newer one takes the older one's place.
void put_route(std::set<model::RouteEntry>& routes, const model::RouteEntry& route) {
  auto at = routes.lower_bound(model::RouteEntry{.table = route.table,
                                                 .to = route.to,
                                                 .metric = route.metric,
                                                 .type = model::RouteType::Unicast,
                                                 .device = {},
                                                 .source = {},
                                                 .gateway = {},
                                                 .protocol = 0,
                                                 .mtu = 0});
  while (at != routes.end() && at->key() == route.key()) at = routes.erase(at);
  routes.insert(route);
}

/// So does one address of a device.
void put_address(std::set<model::AddressEntry>& addresses, const model::AddressEntry& address) {
  auto at = addresses.lower_bound(model::AddressEntry{address.device, address.address, false});
  while (at != addresses.end() && at->key() == address.key()) at = addresses.erase(at);
  addresses.insert(address);
}

}  // namespace

bool KernelView::on_report(const port::NetReport& report) {
  return std::visit(Overloaded{
                        [](const port::Completion&) { return false; },
                        [&](const port::DumpBegin&) {
                          dumping_ = true;
                          next_ = {};
                          return false;
                        },
                        [&](const port::DumpEnd&) {
                          if (!dumping_) return false;
                          dumping_ = false;
                          current_ = std::exchange(next_, {});
                          current_.complete = true;
                          return true;
                        },
                        [&](const port::LinkSeen& seen) {
                          auto& link = target().links[seen.link.name];
                          if (link == seen.link) return false;
                          link = seen.link;
                          return !dumping_;
                        },
                        [&](const port::LinkGone& gone) {
                          auto& view = target();
                          const auto on_it = [&](const auto& a) { return a.device == gone.name; };
                          std::erase_if(view.addresses, on_it);
                          std::erase_if(view.own_addresses, on_it);
                          view.sysctls.erase("net/ipv4/conf/" + gone.name + "/rp_filter");
                          return view.links.erase(gone.name) > 0 && !dumping_;
                        },
                        [&](const port::AddressSeen& seen) {
                          if (seen.ours) target().own_addresses.insert(seen.address);
                          if (target().addresses.contains(seen.address)) return false;
                          put_address(target().addresses, seen.address);
                          return !dumping_;
                        },
                        [&](const port::AddressGone& gone) {
                          const auto is_it = [&](const auto& a) { return a.key() == gone.address.key(); };
                          std::erase_if(target().own_addresses, is_it);
                          return std::erase_if(target().addresses, is_it) > 0 && !dumping_;
                        },
                        [&](const port::RouteSeen& seen) {
                          if (target().routes.contains(seen.route)) return false;
                          put_route(target().routes, seen.route);
                          return !dumping_;
                        },
                        [&](const port::RouteGone& gone) { return target().routes.erase(gone.route) > 0 && !dumping_; },
                        [&](const port::RuleSeen& seen) {
                          // Told twice when added during a dump; the kernel refuses real duplicates.
                          if (target().rules.contains(seen.rule)) return false;
                          target().rules.insert(seen.rule);
                          return !dumping_;
                        },
                        [&](const port::RuleGone& gone) {
                          auto& rules = target().rules;
                          auto at = rules.find(gone.rule);
                          if (at == rules.end()) return false;
                          rules.erase(at);
                          return !dumping_;
                        },
                        [&](const port::ForeignRuleSeen& seen) {
                          // For warnings only: nobody has to act.
                          if (!target().foreign_rules.contains(seen.rule)) target().foreign_rules.insert(seen.rule);
                          return false;
                        },
                        [&](const port::ForeignRuleGone& gone) {
                          auto& rules = target().foreign_rules;
                          if (auto at = rules.find(gone.rule); at != rules.end()) rules.erase(at);
                          return false;
                        },
                        [&](const port::SysctlSeen& seen) {
                          auto& value = target().sysctls[seen.path];
                          if (value == seen.value) return false;
                          value = seen.value;
                          return !dumping_;
                        },
                    },
                    report);
}

}  // namespace michi::runtime
