// kind = "ipoe": a line whose network gives the addresses, by DHCPv4, DHCPv6 and router advertisements.
#include <fmt/format.h>

#include "config/kinds/kinds.hpp"
#include "config/kinds/parts.hpp"

namespace michi::config {

namespace {

void read_client_id(Section& section, ByteVec& into) {
  constexpr std::size_t kLongest = 255;
  const Node* node = section.take("client-id", Kind::Text, "\"01020000000001\"");
  if (node == nullptr) return;
  auto bytes = from_hex(node->text);
  if (!bytes || bytes->size() < 2 || bytes->size() > kLongest) {
    section.bad(node->at, "client-id",
                fmt::format("{} is not 2 to {} bytes in hexadecimal, its type first", in_quotes(node->text), kLongest),
                "leave it out: michi takes the interface's address");
  } else {
    into = std::move(*bytes);
  }
}

void read_dhcp4(Section& uplink, model::Dhcp4Config& into) {
  auto section = uplink.inner("dhcp", "{ host-name = \"router\" }");
  if (!section) return;
  section->text("host-name", into.host_name);
  read_client_id(*section, into.client_id);
  section->text("vendor-class", into.vendor_class);
  section->flag("release", into.release);
  section->finish();
}

void read_ipoe(Section& section, model::UplinkConfig& into) {
  model::IpoeConfig own;
  read_families(section, into);
  read_dhcp4(section, own.dhcp);
  read_ethernet(section, into);
  into.kind = std::move(own);
}

void check_ipoe(Draft& draft, const model::UplinkConfig& uplink) {
  check_targets(draft, uplink, uplink.ipv4, uplink.ipv6);
}

Fields ipoe_fields(const model::UplinkConfig& uplink) {
  const model::Dhcp4Config& dhcp = uplink.kind.as<model::IpoeConfig>().dhcp;
  return {{"dhcp.host-name", dhcp.host_name},
          {"dhcp.client-id", to_hex(dhcp.client_id)},
          {"dhcp.vendor-class", dhcp.vendor_class},
          {"dhcp.release", yes_no(dhcp.release)}};
}

}  // namespace

KindReader ipoe_kind() {
  return {.traits = &model::IpoeConfig::kTraits,
          .read = read_ipoe,
          .check = check_ipoe,
          .fields = ipoe_fields,
          .instead = instead_on_ethernet()};
}

}  // namespace michi::config
