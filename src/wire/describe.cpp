#include "wire/describe.hpp"

#include <fmt/format.h>

#include "wire/chap.hpp"
#include "wire/control.hpp"
#include "wire/ipcp.hpp"
#include "wire/ipv6cp.hpp"
#include "wire/lcp.hpp"
#include "wire/pap.hpp"
#include "wire/ppp.hpp"
#include "wire/pppoe.hpp"
#include "wire/text.hpp"

namespace michi::wire {

namespace {

constexpr std::size_t kMostHex = 24;

std::string describe_tags(Bytes payload) {
  const auto tags = pppoe::parse_tags(payload);
  if (!tags) return fmt::format(" malformed tags {}", shortened_hex(payload));
  std::string out;
  for (const auto& tag : *tags) {
    const bool words = tag.type == pppoe::TagType::ServiceName || tag.type == pppoe::TagType::AcName ||
                       tag.type == pppoe::TagType::ServiceNameError || tag.type == pppoe::TagType::AcSystemError ||
                       tag.type == pppoe::TagType::GenericError;
    out += words ? fmt::format(" {}=\"{}\"", pppoe::to_text(tag.type), printable(tag.value))
                 : fmt::format(" {}={}", pppoe::to_text(tag.type), shortened_hex(tag.value));
  }
  return out;
}

std::string describe_lcp_option(const control::Option& option) {
  switch (static_cast<lcp::OptionType>(option.type)) {
    case lcp::OptionType::Mru:
      if (const auto mru = lcp::mru(option)) return fmt::format("mru={}", *mru);
      break;
    case lcp::OptionType::MagicNumber:
      if (const auto magic = lcp::magic(option)) return fmt::format("magic={:08x}", *magic);
      break;
    case lcp::OptionType::AuthenticationProtocol:
      if (const auto auth = lcp::authentication(option))
        return fmt::format("auth={}{}", ppp::to_text(auth->protocol),
                           auth->algorithm ? fmt::format("/{:02x}", *auth->algorithm) : "");
      break;
    case lcp::OptionType::Accm:
    case lcp::OptionType::QualityProtocol:
    case lcp::OptionType::Pfc:
    case lcp::OptionType::Acfc:
    case lcp::OptionType::Mrru:
    case lcp::OptionType::EndpointDiscriminator:
      break;
  }
  return {};
}

std::string describe_option(ppp::Protocol protocol, const control::Option& option) {
  std::string known;
  if (protocol == ppp::Protocol::Lcp) known = describe_lcp_option(option);
  if (protocol == ppp::Protocol::Ipcp) {
    const bool carries = option.type == 3 || (option.type >= 129 && option.type <= 132);
    if (const auto address = ipcp::address(option); carries && address)
      known = fmt::format("{}={}", option.type == 3 ? "address" : fmt::format("address-option-{}", option.type),
                          to_text(*address));
  }
  if (protocol == ppp::Protocol::Ipv6cp) {
    const bool carries = option.type == static_cast<std::uint8_t>(ipv6cp::OptionType::InterfaceIdentifier);
    if (const auto id = ipv6cp::interface_id(option); carries && id) known = fmt::format("interface-id={:016x}", *id);
  }
  return known.empty() ? fmt::format("option-{}={}", option.type, shortened_hex(option.value)) : known;
}

std::string describe_control(ppp::Protocol protocol, Bytes information) {
  const auto packet = control::parse_packet(information);
  if (!packet) return fmt::format("malformed {}", shortened_hex(information));
  std::string out = fmt::format("{} id={}", control::to_text(packet->code), packet->id);
  const auto code = static_cast<unsigned>(packet->code);
  if (code >= 1 && code <= 4) {
    const auto options = control::parse_options(packet->data);
    if (!options) return out + " malformed options " + shortened_hex(packet->data);
    for (const auto& option : *options) out += " " + describe_option(protocol, option);
  } else if (packet->code == control::Code::TerminateRequest || packet->code == control::Code::TerminateAck) {
    if (!packet->data.empty()) out += fmt::format(" \"{}\"", printable(packet->data));
  } else if (!packet->data.empty()) {
    out += " " + shortened_hex(packet->data);
  }
  return out;
}

std::string describe_pap(Bytes information) {
  const auto packet = control::parse_packet(information);
  if (!packet) return "malformed";
  if (packet->code == static_cast<control::Code>(pap::Code::AuthenticateRequest)) {
    const auto request = pap::parse_request(packet->data);
    return fmt::format("Authenticate-Request id={} user=\"{}\" password not shown", packet->id,
                       request ? printable(request->user) : "malformed");
  }
  const auto message = pap::parse_message(packet->data);
  return fmt::format(
      "{} id={} \"{}\"",
      packet->code == static_cast<control::Code>(pap::Code::AuthenticateAck) ? "Authenticate-Ack" : "Authenticate-Nak",
      packet->id, message ? printable(*message) : "");
}

std::string describe_chap(Bytes information) {
  const auto packet = control::parse_packet(information);
  if (!packet) return "malformed";
  const auto code = static_cast<chap::Code>(packet->code);
  if (code == chap::Code::Challenge || code == chap::Code::Response) {
    const auto valued = chap::parse_valued(packet->data);
    return fmt::format("{} id={} value={} name=\"{}\"", code == chap::Code::Challenge ? "Challenge" : "Response",
                       packet->id, valued ? shortened_hex(valued->value) : "malformed",
                       valued ? printable(valued->name) : "");
  }
  return fmt::format("{} id={} \"{}\"", code == chap::Code::Success ? "Success" : "Failure", packet->id,
                     printable(packet->data));
}

}  // namespace

std::string shortened_hex(Bytes bytes) {
  if (bytes.size() <= kMostHex) return to_hex(bytes);
  return fmt::format("{}… ({} octets)", to_hex(bytes.first(kMostHex)), bytes.size());
}

std::string describe_ppp(Bytes frame) {
  const auto parsed = ppp::parse_frame(frame);
  if (!parsed) return "malformed PPP frame " + shortened_hex(frame);
  const auto name = ppp::to_text(parsed->protocol);
  switch (parsed->protocol) {
    case ppp::Protocol::Lcp:
    case ppp::Protocol::Ipcp:
    case ppp::Protocol::Ipv6cp:
    case ppp::Protocol::Ccp:
      return fmt::format("{} {}", name, describe_control(parsed->protocol, parsed->information));
    case ppp::Protocol::Pap:
      return fmt::format("{} {}", name, describe_pap(parsed->information));
    case ppp::Protocol::Chap:
      return fmt::format("{} {}", name, describe_chap(parsed->information));
    case ppp::Protocol::Ipv4:
    case ppp::Protocol::Ipv6:
    case ppp::Protocol::Lqr:
    case ppp::Protocol::Eap:
      break;
  }
  return fmt::format("protocol {:04x} {}", static_cast<unsigned>(parsed->protocol), shortened_hex(parsed->information));
}

std::string describe_frame(Bytes frame) {
  if (const auto whole = ether::parse_frame(frame)) {
    const auto& header = whole->header;
    const auto from_to = fmt::format("{} > {} ", to_text(header.source), to_text(header.destination));
    if (header.type == ether::kTypeIpv4) return from_to + describe_ipv4(whole->payload);
    if (header.type == ether::kTypeArp) return from_to + describe_arp(whole->payload);
  }
  const auto parsed = pppoe::parse_frame(frame);
  if (!parsed) return "malformed PPPoE frame " + shortened_hex(frame);
  const auto& packet = parsed->packet;
  const auto from_to = fmt::format("{} > {}", to_text(parsed->header.source), to_text(parsed->header.destination));
  if (parsed->header.type == ether::kTypePppoeDiscovery)
    return fmt::format("{} {} session={}{}", from_to, pppoe::to_text(packet.code), packet.session_id,
                       describe_tags(packet.payload));
  return fmt::format("{} session={} {}", from_to, packet.session_id, describe_ppp(packet.payload));
}

}  // namespace michi::wire
