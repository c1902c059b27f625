#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "reconcile/reconciler.hpp"
#include "reconcile/shares.hpp"

namespace michi::reconcile {

namespace {

using Members = std::set<std::string>;

void element_line(std::string& text, std::string_view verb, std::string_view family, const std::string& set,
                  const auto& members) {
  if (members.empty()) return;
  text += fmt::format("{} element {} michi {} {{ ", verb, family, set);
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

std::string whole(const model::NftTable& table, model::NftFamily family) {
  std::string text = firewall_removal(family) + fmt::format("table {} michi {{\n", to_text(family)) + table.structure;
  if (!text.ends_with('\n')) text += '\n';
  text += "}\n";
  for (const auto& [set, members] : table.elements) element_line(text, "add", to_text(family), set, members);
  return text;
}

}  // namespace

std::string elements_text(model::NftFamily family, const std::string& set, const std::optional<Members>& before,
                          const Members& after) {
  std::string text;
  if (!before) text = fmt::format("flush map {} michi {}\n", to_text(family), set);
  const Members known = before.value_or(Members{});
  element_line(text, "delete", to_text(family), set, minus(known, after));
  element_line(text, "add", to_text(family), set, minus(after, known));
  return text;
}

std::string firewall_removal(model::NftFamily family) {
  return fmt::format("add table {0} michi\ndelete table {0} michi\n", to_text(family));
}

std::string firewall_text(const std::optional<model::NftTable>& before, const model::NftTable& after,
                          model::NftFamily family) {
  if (after.structure.empty()) return before && before->structure.empty() ? "" : firewall_removal(family);
  if (!before || before->structure != after.structure) return whole(after, family);
  // Deletions first: a map's key may have one value only, also inside one transaction.
  std::string text;
  for (const auto& [set, members] : before->elements)
    element_line(text, "delete", to_text(family), set, minus(members, members_of(after, set)));
  for (const auto& [set, members] : after.elements)
    element_line(text, "add", to_text(family), set, minus(members, members_of(*before, set)));
  return text;
}

}  // namespace michi::reconcile
