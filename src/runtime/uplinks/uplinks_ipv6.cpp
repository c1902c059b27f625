// The uplinks' own devices: sockets of DHCPv6 and neighbour discovery on them while they stand.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/lan/link_local_endpoint.hpp"
#include "runtime/uplinks/uplinks.hpp"
#include "wire/dhcp6.hpp"
#include "wire/icmp6.hpp"
#include "wire/ip6.hpp"

namespace michi::runtime {

namespace {

/// Somebody else's DHCPv6 client may have the port for a while.
constexpr Duration kOpenAgain = seconds(5);

}  // namespace

std::string Uplinks::device_of(const std::string&, const Unit& unit) { return unit.uplink.config().device(); }

std::optional<Ipv6> Uplinks::speaks_from(const Unit& unit) {
  const auto& facts = unit.uplink.facts();
  const auto& config = unit.uplink.config();
  if (unit.link_locals.empty()) return std::nullopt;
  if (config.kind.is<model::PppoeConfig>()) {
    const bool stands =
        facts.attached && facts.v6 && std::ranges::find(unit.link_locals, facts.v6->local) != unit.link_locals.end();
    return stands ? std::optional(facts.v6->local) : std::nullopt;
  }
  // The interface is there before the uplink is anything.
  const bool asks = config.kind.is<model::IpoeConfig>() && config.ipv6 && facts.state != model::UplinkState::Down;
  return asks ? std::optional(unit.link_locals.front()) : std::nullopt;
}

void Uplinks::look_at_device(const std::string& name, Unit& unit, const model::Observed& observed, Instant now) {
  unit.stirred = true;
  const std::string device = device_of(name, unit);
  const auto link = observed.links.find(device);
  unit.device = link != observed.links.end() && link->second.up ? link->second.index : 0;
  unit.link_locals.clear();
  if (unit.device != 0)
    for (const Address& address : addresses6_on(device, observed.addresses))
      if (address.v6()->is_link_local()) unit.link_locals.push_back(*address.v6());
  tend_device(name, unit, now);
  drain(name, unit, now);
}

void Uplinks::tend_device(const std::string& name, Unit& unit, Instant now) {
  unit.stirred = true;
  const auto source = speaks_from(unit);
  const bool stands = source.has_value();
  if (!stands || (unit.sockets && unit.sockets->index() != unit.device)) unit.sockets.reset();
  if (!stands) unit.open_again.reset();
  const bool may_open = !unit.open_again || *unit.open_again <= now;
  if (stands && !unit.sockets && may_open) {
    unit.open_again.reset();
    auto opened = DeviceSockets::open(doors_.datagrams, device_of(name, unit), unit.device, wake_);
    if (opened) {
      unit.sockets = std::move(*opened);
      unit.complaint.withdraw();
      wake_();  // to look at them once
    } else {
      unit.open_again = now + kOpenAgain;
      unit.complaint.tell(sinks_.event, {model::Severity::Warning,
                                         "dhcp6.unusable",
                                         name,
                                         fmt::format("cannot speak DHCPv6 on {}: {}", name, opened.error().text()),
                                         {{"device", name}}});
    }
  }
  unit.uplink.on_device(unit.sockets ? source : std::nullopt, now);
}

void Uplinks::take_datagrams(const std::string& name, Unit& unit, Instant now) {
  if (!unit.sockets || !unit.sockets->ready()) return;
  const bool more = unit.sockets->take([&](uplink::Service service, const port::Datagram& datagram) {
    const uplink::Heard heard{.service = service,
                              .bytes = datagram.bytes,
                              .source = datagram.source,
                              .destination = datagram.destination,
                              .hop_limit = datagram.hop_limit};
    trace_datagram(name, Direction::In, heard);
    unit.uplink.on_datagram(heard, now);
  });
  drain(name, unit, now);
  if (more) wake_();
}

void Uplinks::trace_frame(const std::string& name, Direction direction, Bytes frame) const {
  if (sinks_.trace) sinks_.trace(name, {.direction = direction, .layer = Traced::Layer::Ethernet, .bytes = frame});
}

void Uplinks::trace_datagram(const std::string& name, Direction direction, const uplink::Heard& datagram) const {
  if (!sinks_.trace || !sinks_.tracing || !sinks_.tracing()) return;
  ByteVec packet;
  if (datagram.service == uplink::Service::Dhcp6) {
    const bool out = direction == Direction::Out;
    packet = wire::ip6::write_datagram({.source_port = out ? wire::dhcp6::kClientPort : wire::dhcp6::kServerPort,
                                        .destination_port = out ? wire::dhcp6::kServerPort : wire::dhcp6::kClientPort,
                                        .payload = datagram.bytes},
                                       datagram.source, datagram.destination, datagram.hop_limit);
  } else {
    // What goes out is sealed by the kernel.
    ByteVec message = copy_of(datagram.bytes);
    wire::icmp6::seal(message, datagram.source, datagram.destination);
    packet = wire::ip6::write_packet({.source = datagram.source,
                                      .destination = datagram.destination,
                                      .hop_limit = datagram.hop_limit,
                                      .next_header = wire::icmp6::kProtocol,
                                      .payload = message});
  }
  sinks_.trace(name, {.direction = direction, .layer = Traced::Layer::Ipv6, .bytes = packet});
}

}  // namespace michi::runtime
