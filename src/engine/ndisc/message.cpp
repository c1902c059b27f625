#include "engine/ndisc/message.hpp"

#include <algorithm>

#include "base/overloaded.hpp"

namespace michi::engine::ndisc {
namespace {

using wire::icmp6::find_option;
using wire::icmp6::SourceLinkLayer;

}  // namespace

Message make_message(const wire::icmp6::Message& message, const Ipv6& source, const Ipv6& destination) {
  return {wire::icmp6::write_message(message, source, destination), source, destination};
}

std::optional<wire::icmp6::Message> admit(Bytes icmp6, const Ipv6& source, const Ipv6& destination,
                                          std::uint8_t hop_limit, Discarded& discarded) {
  auto message = wire::icmp6::parse_message(icmp6);
  if (!message && message.error().code == wire::FaultCode::WrongType) return std::nullopt;
  if (message && std::holds_alternative<wire::icmp6::Echo>(*message)) return std::nullopt;
  if (!message || !wire::icmp6::is_sealed(source, destination, icmp6)) {
    ++discarded.malformed;
    return std::nullopt;
  }
  if (hop_limit != wire::icmp6::kHopLimit) {
    ++discarded.forwarded;
    return std::nullopt;
  }
  const bool nameless = source.is_unspecified();
  const bool valid =
      !source.is_multicast() &&
      std::visit(Overloaded{[&](const wire::icmp6::RouterSolicitation& m) {
                              return !nameless || find_option<SourceLinkLayer>(m.options) == nullptr;
                            },
                            [&](const wire::icmp6::RouterAdvertisement&) { return source.is_link_local(); },
                            [&](const wire::icmp6::NeighborSolicitation& m) {
                              return !nameless || (find_option<SourceLinkLayer>(m.options) == nullptr &&
                                                   destination == wire::icmp6::solicited_node(m.target));
                            },
                            [&](const wire::icmp6::NeighborAdvertisement& m) {
                              return !nameless && (!destination.is_multicast() || !m.solicited);
                            },
                            [](const wire::icmp6::Echo&) { return false; }},
                 *message);
  if (!valid) {
    ++discarded.invalid;
    return std::nullopt;
  }
  return std::move(*message);
}

Instant end_of(wire::icmp6::Lifetime lifetime, Instant now) {
  return lifetime == wire::icmp6::kInfinite ? kNever : now + lifetime;
}

wire::icmp6::Lifetime lifetime_until(Instant end, Instant now, wire::icmp6::Lifetime most) {
  if (end <= now) return wire::icmp6::Lifetime::zero();
  return std::chrono::duration_cast<wire::icmp6::Lifetime>(std::min<Duration>(end - now, most));
}

}  // namespace michi::engine::ndisc
