#include <fmt/format.h>

#include <sstream>

#include "reconcile/state.hpp"

namespace michi::reconcile {

namespace {

template <class T, class Seen, class Owned>
void differences(const Ledger<T>& ledger, const Seen& seen, Owned owned, std::vector<std::string>& lines) {
  using Wanted = typename Ledger<T>::Wanted;
  match<T>(
      ledger.wanted(), seen, [](const Wanted& w) -> const T& { return w.value; },
      [&](const Wanted* want, const Sight<T>& sight) {
        if (want != nullptr && !sight.exact) {
          lines.push_back("+ " + describe(want->value));
          if (sight.stray != nullptr) lines.push_back("- " + describe(*sight.stray));
        } else if (want == nullptr && owned(*sight.stray)) {
          lines.push_back("- " + describe(*sight.stray));
        }
      });
}

const std::string& wire_of(const model::AttachWant& want) {
  return std::visit([](const model::EthernetSession& session) -> const std::string& { return session.interface; },
                    want.carriage);
}

}  // namespace

std::vector<std::string> Reconciler::State::plan() const {
  std::vector<std::string> lines;
  if (!have_desired || observed == nullptr) return lines;
  for (const auto& [name, device] : wanted_devices) {
    const model::Link* seen = link(name);
    if (seen == nullptr) {
      lines.push_back("+ device " + name);
    } else if (auto change = difference(device.want, *seen)) {
      std::string text = "~ link " + name;
      if (change->up) text += *change->up ? " up" : " down";
      if (change->mtu) text += fmt::format(" mtu {}", *change->mtu);
      if (change->alias) text += " alias " + *change->alias;
      lines.push_back(text);
    }
  }
  for (const auto& [name, device] : raised) {
    const model::Link* seen = link(name);
    if (seen != nullptr && !seen->up) lines.push_back("~ link " + name + " up");
  }
  for (const auto& [name, session] : sessions) {
    if (session.want && session.attached != session.want) {
      lines.push_back(fmt::format("{} session {} on {}", session.attached ? "~" : "+", name, wire_of(*session.want)));
    }
    if (!session.want && session.attached) lines.push_back("- session " + name);
  }
  differences(addresses, observed->addresses, [&](const auto& entry) { return owned_address(entry); }, lines);
  differences(routes, observed->routes, [](const auto& route) { return owned(route); }, lines);
  differences(rules, observed->rules, [](const auto& rule) { return owned(rule); }, lines);
  for (const auto& [name, seen] : observed->links) {
    if (owned(seen) && !wanted_devices.contains(name)) lines.push_back("- device " + name);
  }
  std::istringstream text(firewall.plan() + (pass_through.idle() ? "" : pass_through.plan()));
  for (std::string line; std::getline(text, line);) lines.push_back("~ nft " + line);
  for (const auto& [path, sysctl] : sysctls) {
    if (differs(path, sysctl)) lines.push_back(fmt::format("~ sysctl {} = {}", path, sysctl.want.value));
  }
  return lines;
}

}  // namespace michi::reconcile
