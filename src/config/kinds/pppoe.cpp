// kind = "pppoe": a PPP session over Ethernet (RFC 2516).
#include <fmt/format.h>

#include "config/kinds/kinds.hpp"
#include "config/kinds/parts.hpp"
#include "config/kinds/ppp.hpp"

namespace michi::config {

namespace {

constexpr std::uint16_t kPlainMtu = 1492, kPppoeOverhead = 8;

const model::PppoeConfig* pppoe_of(const model::UplinkConfig& uplink) {
  return uplink.kind.is<model::PppoeConfig>() ? &uplink.kind.as<model::PppoeConfig>() : nullptr;
}

const model::PppConfig* ppp_of(const model::UplinkConfig& uplink) {
  const auto* own = pppoe_of(uplink);
  return own != nullptr ? &own->ppp : nullptr;
}

void read_host_uniq(Section& section, std::optional<ByteVec>& into) {
  constexpr std::size_t kLongest = 64;
  const Node* node = section.take("host-uniq", Kind::Text, "\"0123456789abcdef\"");
  if (node == nullptr) return;
  std::optional<ByteVec> bytes = from_hex(node->text);
  if (!bytes || bytes->empty() || bytes->size() > kLongest) {
    section.bad(node->at, "host-uniq",
                fmt::format("{} is not 1 to {} bytes in hexadecimal", in_quotes(node->text), kLongest),
                "leave it out: michi takes random bytes");
  } else {
    into = std::move(bytes);
  }
}

void read_pppoe(Section& section, model::UplinkConfig& into) {
  model::PppoeConfig own;
  read_mac(section, into);
  read_ppp(section, own.ppp);
  if (!section.has("user")) section.missing("user", "\"name@example.jp\"");
  section.text("ac-name", own.ac_name);
  for (Word& word : section.words("prefer-acs", "[\"BRAS-1\"]")) own.prefer_acs.push_back(std::move(word.text));
  section.text("service-name", own.service_name);
  read_host_uniq(section, own.host_uniq);
  section.flag("accept-missing-host-uniq", own.accept_missing_host_uniq);
  read_families(section, into);
  read_plane(section, into);
  into.kind = std::move(own);
}

void check_mtu(Draft& draft, const model::UplinkConfig& uplink) {
  if (uplink.mtu <= kPlainMtu) return;
  draft.reading.report.warning(draft.reading.place(fmt::format("uplink.{}.mtu", uplink.id.name)), "baby-jumbo",
                               fmt::format("mtu {} needs RFC 4638 at the provider and an MTU of {} on {}", uplink.mtu,
                                           uplink.mtu + kPppoeOverhead, uplink.interface()),
                               "michi falls back to 1492 when the path does not carry it");
}

/// RFC 2516 §5.1: Host-Uniq alone tells the answers to one host's requests apart.
void check_host_uniq(Draft& draft, const model::UplinkConfig& uplink) {
  const std::optional<ByteVec>& host_uniq = pppoe_of(uplink)->host_uniq;
  if (!host_uniq || uplink.interface().empty()) return;
  for (const model::UplinkConfig& other : draft.config.uplinks) {
    if (&other == &uplink) break;
    const auto* own = pppoe_of(other);
    if (own == nullptr || other.over != uplink.over || own->host_uniq != host_uniq) continue;
    draft.reading.report.error(
        draft.reading.place(fmt::format("uplink.{}.host-uniq", uplink.id.name)), "host-uniq-twice",
        fmt::format(
            "[uplink.{}] and [uplink.{}] have the same host-uniq {} on {} with the same MAC address, so neither "
            "knows its own offers",
            other.id.name, uplink.id.name, to_hex(*host_uniq), uplink.interface()),
        "leave host-uniq out of one of them, or give one a mac of its own");
    return;
  }
}

void check_pppoe(Draft& draft, const model::UplinkConfig& uplink) {
  check_host_uniq(draft, uplink);
  check_ppp(draft, uplink, ppp_of);
  check_mtu(draft, uplink);
  check_targets(draft, uplink, uplink.ipv4, uplink.ipv6);
}

Fields pppoe_fields(const model::UplinkConfig& uplink) {
  const model::PppoeConfig& own = *pppoe_of(uplink);
  Fields out = {{"ac-name", own.ac_name},
                {"prefer-acs", joined(own.prefer_acs, [](const std::string& name) { return name; })},
                {"service-name", own.service_name},
                {"host-uniq", own.host_uniq ? to_hex(*own.host_uniq) : ""},
                {"accept-missing-host-uniq", yes_no(own.accept_missing_host_uniq)}};
  for (auto& field : fields_of(own.ppp)) out.push_back(std::move(field));
  return out;
}

}  // namespace

KindReader pppoe_kind() {
  return {.traits = &model::PppoeConfig::kTraits, .read = read_pppoe, .check = check_pppoe, .fields = pppoe_fields};
}

}  // namespace michi::config
