#include "policy/translation.hpp"

#include <fmt/format.h>

namespace michi::policy {

Translation make_translation(const std::optional<Ipv4>& address, const std::optional<model::PortSet>& ports) {
  if (!address) return NoTranslation{};
  if (!ports) return ToAddress{*address};
  return ToPorts{*address, *ports};
}

const model::PortSet* ports_of(const Translation& translation) {
  const auto* shared = std::get_if<ToPorts>(&translation);
  return shared == nullptr ? nullptr : &shared->ports;
}

bool can_publish(const model::PublishConfig& publish, const Translation& translation) {
  const auto* ports = ports_of(translation);
  const bool has_ports = publish.ports.first != 0 && publish.protocol != model::Protocol::Icmp;
  return ports == nullptr || !has_ports || ports->meets(publish.ports);
}

std::string foreign_ports(const model::PortRange& wanted, const std::string& uplink, const Translation& translation) {
  const auto* ports = ports_of(translation);
  if (ports == nullptr || ports->contains(model::PortSet({wanted}))) return "";
  const auto asked = to_text(model::PortSet({wanted}));
  const auto which = wanted.first == wanted.last ? asked + " is not one"
                     : ports->meets(wanted)      ? fmt::format("not all of {} are", asked)
                                                 : fmt::format("none of {} is one", asked);
  const auto near = ports->nearest(wanted.first);
  const auto others = near ? fmt::format("; the nearest are {}", to_text(model::PortSet({*near}))) : "";
  return fmt::format("{} of {}'s {} ports{}", which, uplink, ports->size(), others);
}

}  // namespace michi::policy
