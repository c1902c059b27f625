#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "reconcile/reconciler.hpp"

namespace michi::reconcile {

namespace {

using Members = std::set<std::string>;

void element_line(std::string& text, std::string_view verb, const std::string& set, const auto& members) {
  if (members.empty()) return;
  text += fmt::format("{} element inet michi {} {{ ", verb, set);
  bool first = true;
  for (const auto& member : members) {
    if (!first) text += ", ";
    text += member;
    first = false;
  }
  text += " }\n";
}

std::vector<std::string> minus(const Members& a, const Members& b) {
  std::vector<std::string> rest;
  std::ranges::set_difference(a, b, std::back_inserter(rest));
  return rest;
}

const Members& members_of(const model::NftTable& table, const std::string& set) {
  static const Members kNone;
  auto at = table.elements.find(set);
  return at == table.elements.end() ? kNone : at->second;
}

std::string whole(const model::NftTable& table) {
  std::string text = "add table inet michi\ndelete table inet michi\ntable inet michi {\n" + table.structure;
  if (!text.ends_with('\n')) text += '\n';
  text += "}\n";
  for (const auto& [set, members] : table.elements) element_line(text, "add", set, members);
  return text;
}

}  // namespace

std::string firewall_removal() { return "add table inet michi\ndelete table inet michi\n"; }

std::string firewall_text(const std::optional<model::NftTable>& before, const model::NftTable& after) {
  if (after.structure.empty()) return before && before->structure.empty() ? "" : firewall_removal();
  if (!before || before->structure != after.structure) return whole(after);
  // Deletions first: a map's key may have one value only, also inside one transaction.
  std::string text;
  for (const auto& [set, members] : before->elements)
    element_line(text, "delete", set, minus(members, members_of(after, set)));
  for (const auto& [set, members] : after.elements)
    element_line(text, "add", set, minus(members, members_of(*before, set)));
  return text;
}

}  // namespace michi::reconcile
