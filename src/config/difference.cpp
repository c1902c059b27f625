#include "config/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace michi::config {

namespace {

using Kinds = std::span<const KindReader>;

constexpr std::size_t kShownPrefixes = 3;

std::string shown(const std::string& value) { return value.empty() ? "(none)" : value; }

/// Thousands of prefixes are told by number, a few by name.
std::string difference_of_routes(const std::vector<Prefix>& before, const std::vector<Prefix>& after) {
  std::vector<Prefix> added, removed;
  std::ranges::set_difference(after, before, std::back_inserter(added));
  std::ranges::set_difference(before, after, std::back_inserter(removed));
  std::string out = "routes:";
  auto tell = [&](std::string_view what, const std::vector<Prefix>& list) {
    if (list.empty()) return;
    out += fmt::format(" {} {}", what, list.size());
    for (std::size_t i = 0; i < std::min(list.size(), kShownPrefixes); ++i) {
      out += fmt::format("{}{}", i == 0 ? " (" : ", ", michi::to_text(list[i]));
    }
    out += list.size() > kShownPrefixes ? ", …)" : ")";
  };
  tell("added", added);
  tell("removed", removed);
  return out + fmt::format(", now {}", after.size());
}

std::vector<std::string> difference_of_fields(const Fields& before, const Fields& after) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (before[i].second == after[i].second || before[i].first == "routes") continue;
    out.push_back(fmt::format("{}: {} → {}", before[i].first, shown(before[i].second), shown(after[i].second)));
  }
  return out;
}

Fields own_fields(const model::UplinkConfig& uplink, Kinds kinds) {
  const KindReader* kind = find_kind(kinds, uplink.traits());
  return kind != nullptr ? kind->fields(uplink) : Fields{};
}

/// Those of its own fields that do not have their defaults.
Fields written_fields(const model::UplinkConfig& uplink, Kinds kinds) {
  Fields out = own_fields(uplink, kinds);
  if (out.empty()) return out;
  const Fields defaults = default_fields(*find_kind(kinds, uplink.traits()));
  std::erase_if(out, [&](const auto& field) { return std::ranges::find(defaults, field) != defaults.end(); });
  return out;
}

std::string value_of(const Fields& fields, const std::string& key) {
  const auto found = std::ranges::find(fields, key, &Fields::value_type::first);
  return found == fields.end() ? "" : found->second;
}

/// Of two kinds only what the file says is told, not the defaults of keys that the other does not have.
std::vector<std::string> difference_of_own(const model::UplinkConfig& before, const model::UplinkConfig& after,
                                           Kinds kinds) {
  if (&before.traits() == &after.traits())
    return difference_of_fields(own_fields(before, kinds), own_fields(after, kinds));
  Fields old = written_fields(before, kinds), fresh;
  const Fields written = written_fields(after, kinds);
  for (const auto& [key, value] : written)
    if (std::ranges::find(old, key, &Fields::value_type::first) == old.end()) old.emplace_back(key, "");
  for (const auto& [key, value] : old) fresh.emplace_back(key, value_of(written, key));
  return difference_of_fields(old, fresh);
}

std::vector<std::string> details(const model::UplinkConfig& before, const model::UplinkConfig& after, Kinds kinds) {
  std::vector<std::string> out = difference_of_fields(fields_of(before), fields_of(after));
  for (std::string& own : difference_of_own(before, after, kinds)) out.push_back(std::move(own));
  if (before.routes != after.routes) out.push_back(difference_of_routes(before.routes, after.routes));
  return out;
}

template <class Object>
std::vector<std::string> details(const Object& before, const Object& after, Kinds /*of_uplinks*/) {
  return difference_of_fields(fields_of(before), fields_of(after));
}

std::string name_of(const model::UplinkConfig& uplink) { return uplink.id.name; }
std::string name_of(const model::LanConfig& lan) { return lan.name; }
std::string name_of(const model::LineConfig& line) { return line.interface; }

template <class Object>
void compare_named(const std::string& kind, const std::vector<Object>& before, const std::vector<Object>& after,
                   Kinds kinds, std::vector<Change>& out) {
  auto change = [&](ChangeKind what, const std::string& name, std::vector<std::string> text) {
    out.push_back({what, kind + " " + name, kind == "uplink" ? name : "", std::move(text)});
  };
  auto same_name = [](const std::vector<Object>& list, const std::string& name) {
    return std::ranges::find_if(list, [&](const Object& object) { return name_of(object) == name; });
  };
  for (const Object& old : before) {
    const auto found = same_name(after, name_of(old));
    if (found == after.end()) {
      change(ChangeKind::Removed, name_of(old), {});
    } else if (std::vector<std::string> text = details(old, *found, kinds); !text.empty()) {
      change(ChangeKind::Changed, name_of(old), std::move(text));
    }
  }
  for (const Object& fresh : after) {
    if (same_name(before, name_of(fresh)) == before.end()) change(ChangeKind::Added, name_of(fresh), {});
  }
}

template <class Object>
void compare_lists(const std::string& kind, const std::vector<Object>& before, const std::vector<Object>& after,
                   std::vector<Change>& out) {
  std::vector<std::string> old, fresh;
  for (const Object& object : before) old.push_back(describe(object));
  for (const Object& object : after) fresh.push_back(describe(object));
  if (old == fresh) return;
  std::multiset<std::string> gone(old.begin(), old.end()), come(fresh.begin(), fresh.end()), kept;
  std::ranges::set_intersection(gone, come, std::inserter(kept, kept.end()));
  for (const std::string& text : kept) gone.erase(gone.find(text)), come.erase(come.find(text));
  for (const std::string& text : gone) out.push_back({ChangeKind::Removed, kind, "", {text}});
  for (const std::string& text : come) out.push_back({ChangeKind::Added, kind, "", {text}});
  if (gone.empty() && come.empty()) out.push_back({ChangeKind::Changed, kind, "", {"another order"}});
}

void append(std::string& out, const std::string& title, const Fields& fields) {
  if (!title.empty()) out += title + "\n";
  for (const auto& [key, value] : fields) {
    if (!value.empty()) out += fmt::format("  {} = {}\n", key, value);
  }
}

}  // namespace

std::vector<Change> differences(const model::Config& before, const model::Config& after,
                                std::span<const KindReader> kinds) {
  std::vector<Change> out;
  auto global = difference_of_fields(fields_of(before.global, before.control), fields_of(after.global, after.control));
  if (!global.empty()) out.push_back({ChangeKind::Changed, "router", "", std::move(global)});
  compare_named("line", before.lines, after.lines, kinds, out);
  compare_named("uplink", before.uplinks, after.uplinks, kinds, out);
  compare_named("lan", before.lans, after.lans, kinds, out);
  compare_lists("policy", before.policies, after.policies, out);
  compare_lists("publish", before.publishes, after.publishes, out);
  return out;
}

std::string to_text(const std::vector<Change>& changes) {
  std::string out;
  for (const Change& change : changes) {
    out += change.object;
    switch (change.kind) {
      case ChangeKind::Added:
        out += " is added";
        break;
      case ChangeKind::Removed:
        out += " is removed";
        break;
      case ChangeKind::Changed:
        out += " changes";
        break;
    }
    std::string_view between = ": ";
    for (const std::string& detail : change.details) out += fmt::format("{}{}", between, detail), between = "; ";
    out += '\n';
  }
  return out;
}

std::string to_text(const model::Config& config, std::span<const KindReader> kinds) {
  std::string out;
  append(out, "router", fields_of(config.global, config.control));
  for (const auto& line : config.lines) append(out, "line " + line.interface, fields_of(line));
  for (const auto& uplink : config.uplinks) {
    append(out, "uplink " + uplink.id.name, fields_of(uplink));
    append(out, "", own_fields(uplink, kinds));
  }
  for (const auto& lan : config.lans) append(out, "lan " + lan.name, fields_of(lan));
  for (const auto& policy : config.policies) out += fmt::format("policy {}: {}\n", policy.label, describe(policy));
  for (const auto& publish : config.publishes) out += fmt::format("publish {}\n", describe(publish));
  return out;
}

}  // namespace michi::config
