// Which kind an uplink is, what it stands on, and keys in it that belong to others.
#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::string_view kLineKey = "interface", kParentKey = "over";

std::string advice_for(const KindReader& kind, std::string_view key) {
  const auto found = std::ranges::find(kind.instead, key, &Instead::key);
  return std::string(found == kind.instead.end() ? "remove it" : found->advice);
}

bool is_among(const std::vector<std::string>& keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

/// What its kind does not stand on; `has_own` when the table says what it does stand on, too.
void refuse_underlay(Section& section, const model::Traits& traits, bool has_own) {
  const bool on_uplink = traits.stands_on_uplink;
  const std::string_view wrong = on_uplink ? kLineKey : kParentKey;
  const std::string_view instead =
      on_uplink ? "remove it: over names the uplink" : "remove it: interface names the line";
  section.bad(section.take(wrong)->at, wrong,
              fmt::format("an uplink of kind = \"{}\" stands on {}", traits.name,
                          on_uplink ? "another uplink, not on a line" : "a line, not on another uplink"),
              std::string(has_own     ? instead
                          : on_uplink ? "write over = \"isp\""
                                      : "write interface = \"wan0\""));
}

void read_parent(Section& section, model::UplinkId& into) {
  const Node* node = section.take(kParentKey, Kind::Text, "\"isp\"");
  if (node == nullptr) return;
  if (node->text.empty())
    section.bad(node->at, kParentKey, "the name is empty", "name the uplink that carries this one");
  else
    into.name = node->text;
}

}  // namespace

const KindReader* read_kind(Draft& draft, Section& section) {
  std::string name(draft.kinds.front().traits->name);
  section.text("kind", name);
  const KindReader* kind = find_kind(draft.kinds, name);
  if (kind != nullptr) return kind;
  section.bad(
      section.place_of("kind"), "kind",
      fmt::format("{} is {}", in_quotes(name), is_later_kind(name) ? "not available yet in this version" : "not known"),
      name == "dhcp" ? "kind = \"ipoe\" asks for addresses by DHCP" : "one of " + names_of(draft.kinds));
  return nullptr;
}

void read_underlay(Section& section, const model::Traits& traits, model::Underlay& into) {
  const std::vector<std::string> unread = section.unknown();
  const bool has_line = is_among(unread, kLineKey), has_parent = is_among(unread, kParentKey);
  const bool has_own = traits.stands_on_uplink ? has_parent : has_line;
  const bool has_other = traits.stands_on_uplink ? has_line : has_parent;
  if (traits.stands_on_uplink) {
    read_parent(section, into.emplace<model::OnUplink>().parent);
  } else {
    section.device(kLineKey, into.emplace<model::OnLine>().interface);
  }
  if (has_other) return refuse_underlay(section, traits, has_own);
  if (has_own) return;
  traits.stands_on_uplink ? section.missing(kParentKey, "\"isp\"") : section.missing(kLineKey, "\"wan0\"");
}

void refuse_other_kinds(Draft& draft, Section& section, const KindReader* kind) {
  for (const std::string& key : section.unknown()) {
    const std::string owners = kinds_with(draft.kinds, key);
    const bool of_underlay = key == kLineKey || key == kParentKey;
    if (kind == nullptr && (of_underlay || !owners.empty())) section.take(key);
    if (kind == nullptr || owners.empty()) continue;
    section.bad(section.take(key)->at, key, fmt::format("this is a key of kind = {}", owners), advice_for(*kind, key));
  }
}

}  // namespace michi::config
