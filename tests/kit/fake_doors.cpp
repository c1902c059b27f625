// The firewall and data plane doors of FakeKernel.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

#include "fake_kernel.hpp"

namespace michi::kit {

namespace {

std::vector<std::string> members_of(const std::string& braces) {
  std::vector<std::string> members;
  const auto open = braces.find('{');
  const auto close = braces.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return members;
  std::string inner = braces.substr(open + 1, close - open - 1);
  std::size_t at = 0;
  while (at <= inner.size()) {
    const auto comma = std::min(inner.find(", ", at), inner.size());
    std::string member = inner.substr(at, comma - at);
    while (member.starts_with(' ')) member.erase(0, 1);
    while (member.ends_with(' ')) member.pop_back();
    if (!member.empty()) members.push_back(member);
    at = comma + 2;
  }
  return members;
}

std::string key_of(const std::string& member) { return member.substr(0, member.find(" : ")); }

model::NftFamily family_of(const std::string& text) {
  const std::string words = fmt::format(" {} michi", to_text(model::NftFamily::Netdev));
  return text.find(words) == std::string::npos ? model::NftFamily::Inet : model::NftFamily::Netdev;
}

int change_elements(model::NftTable& table, const std::string& line, bool add) {
  std::istringstream words(line);
  std::string verb, element, family, name, set;
  words >> verb >> element >> family >> name >> set;
  auto& members = table.elements[set];
  for (const auto& member : members_of(line)) {
    if (!add) {
      if (members.erase(member) == 0) return ENOENT;
      continue;
    }
    for (const auto& other : members) {
      if (other != member && key_of(other) == key_of(member)) return EEXIST;
    }
    members.insert(member);
  }
  return 0;
}

}  // namespace

std::string FakeKernel::listing(model::NftFamily family) const {
  const auto& shown = family == model::NftFamily::Inet ? table : netdev_table;
  if (!shown) return "";
  return fmt::format("{:x}", std::hash<std::string>{}(shown->structure));
}

// One transaction, of one table: on any failure it stays as it was.
int FakeKernel::commit(const std::string& text) {
  const auto family = family_of(text);
  const std::string name = fmt::format("table {} michi", to_text(family));
  auto next = table_of(family);
  std::istringstream lines(text);
  int code = 0;
  for (std::string line; code == 0 && std::getline(lines, line);) {
    if (line == "add " + name) {
      if (!next) next.emplace();
    } else if (line == "delete " + name) {
      if (!next) return ENOENT;
      next.reset();
    } else if (line == name + " {") {
      if (!next) next.emplace();
      for (int depth = 1; std::getline(lines, line);) {
        depth += static_cast<int>(std::ranges::count(line, '{')) - static_cast<int>(std::ranges::count(line, '}'));
        if (depth == 0) break;
        next->structure += line + "\n";
      }
    } else if (line.starts_with("add element ") || line.starts_with("delete element ")) {
      code = next ? change_elements(*next, line, line.starts_with("add")) : ENOENT;
    } else if (line.starts_with("flush map ")) {
      code = next ? 0 : ENOENT;
      if (next) next->elements[line.substr(line.rfind(' ') + 1)].clear();
    } else if (!line.empty()) {
      code = EINVAL;
    }
  }
  if (code == 0) table_of(family) = std::move(next);
  return code;
}

void FakeKernel::Wall::submit(port::FirewallOp op, port::Ticket ticket) {
  struct Visitor {
    FakeKernel& k;
    bool& committed;
    std::pair<std::string, int> operator()(const port::CommitRules& wanted) const {
      const int code = k.refuse ? k.refuse("commit " + wanted.text) : 0;
      if (code != 0) return {"commit", code};
      const int result = k.commit(wanted.text);
      committed = result == 0;
      return {"commit " + wanted.text, result};
    }
    std::pair<std::string, int> operator()(const port::DeleteFlows& doomed) const {
      const bool v6 = doomed.family == Family::V6;
      std::erase_if(v6 ? k.flows6 : k.flows,
                    [&](const auto& flow) { return (flow.first & doomed.mask) == doomed.mark; });
      return {fmt::format("delete flows {:#x}{}", doomed.mark, v6 ? ", IPv6" : ""), 0};
    }
    std::pair<std::string, int> operator()(const port::DeleteUntranslated&) const {
      k.untranslated = 0;
      return {"delete untranslated flows", 0};
    }
  };
  bool committed = false;
  const auto* commit = std::get_if<port::CommitRules>(&op);
  const auto family = commit ? family_of(commit->text) : model::NftFamily::Inet;
  auto [operation, code] = std::visit(Visitor{kernel, committed}, op);
  kernel.journal.push_back(operation);
  port::Completion completion{ticket, {}};
  if (code != 0) completion.error = kernel.error(fmt::format("commit table {} michi", to_text(family)), code);
  if (kernel.completion_first) reports.push_back(completion);
  if (committed)
    reports.push_back(port::TableSeen{.hash = kernel.listing(family), .writer = "", .ours = true, .table = family});
  if (!kernel.completion_first) reports.push_back(completion);
}

void FakeKernel::Wall::refresh() {
  for (const auto family : model::kNftFamilies)
    reports.push_back(port::TableSeen{.hash = kernel.listing(family), .writer = "", .ours = false, .table = family});
}

std::optional<port::FirewallReport> FakeKernel::Wall::poll() {
  if (reports.empty()) return std::nullopt;
  auto report = std::move(reports.front());
  reports.pop_front();
  return report;
}

void FakeKernel::flush_ruleset(const std::string& writer) {
  for (const auto family : model::kNftFamilies) {
    if (!std::exchange(table_of(family), std::nullopt)) continue;
    firewall_.reports.push_back(port::TableSeen{.hash = "", .writer = writer, .ours = false, .table = family});
  }
  if (firewall_.wakes) firewall_.wakes();
}

void FakeKernel::rewrite_table(const std::string& structure, const std::string& writer) {
  if (!table) table.emplace();
  table->structure = structure;
  firewall_.reports.push_back(port::TableSeen{.hash = listing(), .writer = writer, .ours = false});
  if (firewall_.wakes) firewall_.wakes();
}

void FakeKernel::change_members(const std::string& set, const std::set<std::string>& members,
                                const std::string& writer) {
  if (table) table->elements[set] = members;
  firewall_.reports.push_back(port::TableSeen{.hash = listing(), .writer = writer, .ours = false});
  if (firewall_.wakes) firewall_.wakes();
}

int FakeKernel::perform(const port::PlaneOp& op) {
  struct Visitor {
    FakeKernel& k;
    int operator()(const port::EnsureDevice& ensure) const {
      auto at = k.links.find(ensure.name);
      if (at != k.links.end()) return at->second.alias == "michi" ? 0 : EEXIST;
      model::Link link;
      link.name = ensure.name;
      link.mtu = 1500;
      link.kind = "tun";
      link.alias = "michi";
      k.add_link(link);
      return 0;
    }
    int operator()(const port::RemoveDevice& remove) const {
      auto at = k.links.find(remove.name);
      if (at == k.links.end()) return 0;
      if (at->second.alias != "michi") return EPERM;
      k.remove_link(remove.name);
      return 0;
    }
    int operator()(const port::Attach& attach) const {
      if (!k.links.contains(attach.session.device)) return ENODEV;
      k.sessions[attach.session.uplink.name] = attach.session;
      return 0;
    }
    int operator()(const port::Detach& detach) const {
      k.sessions.erase(detach.uplink.name);
      return 0;
    }
  };
  return std::visit(Visitor{*this}, op);
}

namespace {
std::string words(const port::PlaneOp& op) {
  struct Visitor {
    std::string operator()(const port::EnsureDevice& ensure) const { return "ensure device " + ensure.name; }
    std::string operator()(const port::RemoveDevice& remove) const { return "remove device " + remove.name; }
    std::string operator()(const port::Attach& attach) const { return "attach " + attach.session.uplink.name; }
    std::string operator()(const port::Detach& detach) const { return "detach " + detach.uplink.name; }
  };
  return std::visit(Visitor{}, op);
}
}  // namespace

void FakeKernel::Plane::submit(port::PlaneOp op, port::Ticket ticket) {
  const std::string operation = words(op);
  kernel.journal.push_back(operation);
  kernel.inside_ = true;
  int code = kernel.refuse ? kernel.refuse(operation) : 0;
  if (code == 0) code = kernel.perform(op);
  port::Completion completion{ticket, {}};
  if (code != 0) completion.error = kernel.error(operation, code);
  reports.push_back(std::move(completion));
  kernel.inside_ = false;
}

std::optional<port::PlaneReport> FakeKernel::Plane::poll() {
  if (reports.empty()) return std::nullopt;
  auto report = std::move(reports.front());
  reports.pop_front();
  return report;
}

port::PlaneCounters FakeKernel::Plane::counters(const model::UplinkId& uplink) const {
  auto at = kernel.counters.find(uplink.name);
  return at == kernel.counters.end() ? port::PlaneCounters{} : at->second;
}

std::string FakeKernel::Plane::carried_by(const model::UplinkId& uplink) const {
  const auto at = kernel.sessions.find(uplink.name);
  return at == kernel.sessions.end() ? "" : at->second.plane;
}

}  // namespace michi::kit
