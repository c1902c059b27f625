#include <fmt/format.h>

#include <limits>

#include "config/draft.hpp"

namespace michi::config {

namespace {

// RFC 8415 §11.1: a type and 1 to 128 octets.
constexpr std::size_t kShortestDuid = 3, kLongestDuid = 130;
// A longer one has no room for a single LAN.
constexpr std::uint8_t kShortestHint = 16, kLongestHint = 64;

void read_duid(Section& section, model::DelegationConfig& into) {
  const Node* node = section.take("duid", Kind::Text, "\"link-layer\"");
  if (node == nullptr) return;
  const std::string& text = node->text;
  if (text == "link-layer") {
    into.duid = model::DuidKind::LinkLayer;
  } else if (text == "link-layer-time") {
    into.duid = model::DuidKind::LinkLayerTime;
  } else if (text == "uuid") {
    into.duid = model::DuidKind::Uuid;
  } else if (auto bytes = from_hex(text); bytes && bytes->size() >= kShortestDuid && bytes->size() <= kLongestDuid) {
    into.duid = model::DuidKind::Bytes;
    into.duid_bytes = std::move(*bytes);
  } else {
    section.bad(node->at, "duid",
                fmt::format("{} is neither a kind of DUID nor {} to {} bytes in hexadecimal", in_quotes(text),
                            kShortestDuid, kLongestDuid),
                "one of \"link-layer\", \"link-layer-time\", \"uuid\", or as in \"00:03:00:01:02:00:00:00:00:01\"");
  }
}

void read_hint(Section& section, model::DelegationConfig& into) {
  const Node* node = section.take("hint", Kind::Text, "\"::/56\"");
  if (node == nullptr) return;
  const auto prefix = parse_prefix(node->text);
  if (!prefix || prefix->family() != Family::V6 || has_host_bits(*prefix) || prefix->length < kShortestHint ||
      prefix->length > kLongestHint) {
    section.bad(
        node->at, "hint",
        fmt::format("{} is not an IPv6 prefix of {} to {} bits", in_quotes(node->text), kShortestHint, kLongestHint),
        "\"::/56\" asks for a length alone");
  } else {
    into.hint = prefix;
  }
}

}  // namespace

void read_dhcp6(Section& uplink, model::DelegationConfig& into) {
  auto section = uplink.inner("dhcp6", "{ prefix = true }");
  if (!section) return;
  section->flag("prefix", into.prefix);
  section->flag("address", into.address);
  read_hint(*section, into);
  read_duid(*section, into);
  std::uint32_t iaid = 0;
  section->number("iaid", iaid, 0, std::numeric_limits<std::uint32_t>::max());
  if (section->has("iaid")) into.iaid = iaid;
  section->flag("release", into.release);
  section->finish();
}

}  // namespace michi::config
