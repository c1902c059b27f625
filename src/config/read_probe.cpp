#include <fmt/format.h>

#include <algorithm>

#include "config/draft.hpp"

namespace michi::config {

namespace {

constexpr std::size_t kMostTargets = 8;
constexpr std::string_view kExample = "{ targets = [\"192.0.2.53\"] }";

constexpr Ipv6 kLoopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

bool can_answer(const Address& address) {
  if (const Ipv4* v4 = address.v4()) {
    const auto first = v4->value >> 24;
    return first != 0 && first != 127 && first < 224;
  }
  const Ipv6& v6 = *address.v6();
  return !v6.is_unspecified() && !v6.is_multicast() && !v6.is_link_local() && v6 != kLoopback;
}

void read_targets(Section& section, std::vector<Address>& into) {
  for (const Word& word : section.words("targets", "[\"192.0.2.53\"]")) {
    const auto address = parse_address(word.text);
    if (!address || !can_answer(*address)) {
      section.bad(word.at, "targets",
                  fmt::format("{} is not the address of a host beyond the line", in_quotes(word.text)),
                  "as in \"192.0.2.53\"; the next hop is asked without being named");
    } else if (std::ranges::find(into, *address) != into.end()) {
      section.bad(word.at, "targets", fmt::format("{} stands here twice", in_quotes(word.text)), {});
    } else if (into.size() == kMostTargets) {
      return section.bad(word.at, "targets", fmt::format("more than {} addresses", kMostTargets),
                         "two or three of different owners say as much");
    } else {
      into.push_back(*address);
    }
  }
}

}  // namespace

/// A line has no echo of its own; a session has LCP's.
void read_probe(Section& uplink, const model::Traits& traits, model::ProbeConfig& into) {
  into.on = traits.probed;
  const Node* node = uplink.take("probe");
  if (node == nullptr) return;
  if (node->kind != Kind::Table && node->kind != Kind::Flag) {
    uplink.reading().report.error(node->at, "wrong-type",
                                  fmt::format("probe must be true, false or a table, not {}", name_of(node->kind)),
                                  fmt::format("as in {}", kExample));
    return;
  }
  if (node->kind == Kind::Flag) {
    into.on = node->flag;
    return;
  }
  auto section = uplink.inner("probe", kExample);
  into.on = true;
  read_targets(*section, into.targets);
  section->duration("interval", into.interval, milliseconds(100), minutes(10));
  section->number("failures", into.failures, 1, 100);
  section->number("recovery", into.recovery, 1, 100);
  section->finish();
}

}  // namespace michi::config
