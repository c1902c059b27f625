// Packets of IP as lines for people: DHCP of both families, neighbour discovery, ARP.
#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"
#include "wire/arp.hpp"
#include "wire/describe.hpp"
#include "wire/dhcp4.hpp"
#include "wire/dhcp4_options.hpp"
#include "wire/dhcp6.hpp"
#include "wire/dhcp6_info.hpp"
#include "wire/icmp6.hpp"
#include "wire/ip6.hpp"
#include "wire/text.hpp"
#include "wire/udp4.hpp"

namespace michi::wire {

namespace {

/// Options beyond this are not shown, whatever a peer sends.
constexpr std::size_t kLongEnough = 900;
constexpr std::size_t kMostOfList = 8;

std::string lifetime(std::uint32_t seconds) {
  return seconds == dhcp6::kInfinity ? "infinite" : fmt::format("{}", seconds);
}

template <class T>
std::string listed(const std::vector<T>& all) {
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kMostOfList); ++i) {
    if constexpr (std::is_same_v<T, std::string>)
      out += (i == 0 ? "" : ",") + all[i];
    else
      out += (i == 0 ? "" : ",") + to_text(all[i]);
  }
  return out + (all.size() > kMostOfList ? ",…" : "");
}

/// Adds each part until the line is long enough.
template <class List, class Describe>
void append_each(std::string& out, const List& list, Describe&& describe) {
  for (const auto& one : list) {
    if (out.size() > kLongEnough) {
      out += " …";
      return;
    }
    out += describe(one);
  }
}

// DHCPv6.

std::string status_text(const dhcp6::Status& status) {
  if (status.code == dhcp6::StatusCode::Success && status.message.empty()) return {};
  std::string out = fmt::format(" status={}", dhcp6::to_text(status.code));
  if (!status.message.empty()) out += fmt::format(" \"{}\"", printable(bytes_of(status.message)));
  return out;
}

std::string ia_text(const dhcp6::Option& option) {
  const auto ia = dhcp6::parse_ia(option);
  if (!ia) return fmt::format(" malformed option-{}", static_cast<unsigned>(option.code));
  std::string out = fmt::format(" {}(iaid={:08x} t1={} t2={}", dhcp6::to_text(ia->type), ia->iaid, lifetime(ia->t1),
                                lifetime(ia->t2));
  append_each(out, ia->leases, [](const dhcp6::IaLease& lease) {
    return fmt::format(" {} preferred={} valid={}{}", to_text(lease.prefix), lifetime(lease.preferred),
                       lifetime(lease.valid), status_text(lease.status));
  });
  return out + status_text(ia->status) + ")";
}

std::string dhcp6_option(const dhcp6::Option& option) {
  switch (option.code) {
    case dhcp6::OptionCode::ClientId:
      return " client=" + shortened_hex(option.value);
    case dhcp6::OptionCode::ServerId:
      return " server=" + shortened_hex(option.value);
    case dhcp6::OptionCode::IaNa:
    case dhcp6::OptionCode::IaPd:
      return ia_text(option);
    case dhcp6::OptionCode::DnsServers:
      if (const auto servers = dhcp6::parse_addresses(option.value)) return " dns=" + listed(*servers);
      break;
    case dhcp6::OptionCode::DomainList:
      if (const auto names = dhcp6::parse_names(option.value)) return " domains=" + listed(*names);
      break;
    case dhcp6::OptionCode::RapidCommit:
      return " rapid-commit";
    case dhcp6::OptionCode::Status:
    case dhcp6::OptionCode::ElapsedTime:
    case dhcp6::OptionCode::OptionRequest:
      return {};
    default:
      break;
  }
  return fmt::format(" option-{}", static_cast<unsigned>(option.code));
}

std::string dhcp6_text(Bytes payload) {
  const auto message = dhcp6::parse_message(payload);
  if (!message) return "malformed DHCPv6 " + shortened_hex(payload);
  std::string out = fmt::format("DHCPv6 {} id={:06x}", dhcp6::to_text(message->type), message->transaction_id);
  out += status_text(dhcp6::status_in(message->options));
  append_each(out, message->options, dhcp6_option);
  return out;
}

// Neighbour discovery.

std::string_view preference_text(icmp6::Preference preference) {
  switch (preference) {
    case icmp6::Preference::High:
      return "high";
    case icmp6::Preference::Medium:
      return "medium";
    case icmp6::Preference::Low:
      return "low";
  }
  return "?";
}

std::string icmp6_option(const icmp6::Option& option) {
  return std::visit(
      Overloaded{
          [](const icmp6::SourceLinkLayer& o) { return " source-mac=" + to_text(o.address); },
          [](const icmp6::TargetLinkLayer& o) { return " target-mac=" + to_text(o.address); },
          [](const icmp6::PrefixInformation& o) {
            return fmt::format(" prefix={}{}{} preferred={} valid={}", to_text(o.prefix), o.on_link ? " on-link" : "",
                               o.autonomous ? " autonomous" : "", lifetime(o.preferred.count()),
                               lifetime(o.valid.count()));
          },
          [](const icmp6::Mtu& o) { return fmt::format(" mtu={}", o.value); },
          [](const icmp6::Nonce& o) { return " nonce=" + shortened_hex(o.value); },
          [](const icmp6::RouteInformation& o) {
            return fmt::format(" route={} preference={} lifetime={}", to_text(o.prefix), preference_text(o.preference),
                               lifetime(o.lifetime.count()));
          },
          [](const icmp6::Rdnss& o) {
            return fmt::format(" dns={} lifetime={}", listed(o.servers), lifetime(o.lifetime.count()));
          },
          [](const icmp6::Dnssl& o) {
            return fmt::format(" domains={} lifetime={}", listed(o.domains), lifetime(o.lifetime.count()));
          },
          [](const icmp6::Pref64& o) {
            return fmt::format(" pref64={} lifetime={}", to_text(o.prefix), lifetime(o.lifetime.count()));
          },
          [](const icmp6::UnknownOption& o) { return fmt::format(" option-{}", static_cast<unsigned>(o.type)); },
      },
      option);
}

std::string icmp6_head(const icmp6::Message& message) {
  using icmp6::Type;
  return std::visit(
      Overloaded{
          [](const icmp6::RouterSolicitation&) { return std::string(icmp6::to_text(Type::RouterSolicitation)); },
          [](const icmp6::RouterAdvertisement& m) {
            return fmt::format("{} lifetime={} preference={}{}{}", icmp6::to_text(Type::RouterAdvertisement),
                               m.lifetime, preference_text(m.preference), m.managed ? " managed" : "",
                               m.other ? " other" : "");
          },
          [](const icmp6::NeighborSolicitation& m) {
            return fmt::format("{} target={}", icmp6::to_text(Type::NeighborSolicitation), to_text(m.target));
          },
          [](const icmp6::NeighborAdvertisement& m) {
            return fmt::format("{} target={}{}{}{}", icmp6::to_text(Type::NeighborAdvertisement), to_text(m.target),
                               m.router ? " router" : "", m.solicited ? " solicited" : "",
                               m.override ? " override" : "");
          },
          [](const icmp6::Echo& m) {
            const bool reply = m.kind == icmp6::Echo::Kind::Reply;
            return fmt::format("{} id={} sequence={}", icmp6::to_text(reply ? Type::EchoReply : Type::EchoRequest),
                               m.identifier, m.sequence);
          },
      },
      message);
}

std::string icmp6_text(Bytes payload) {
  const auto message = icmp6::parse_message(payload);
  if (!message) return "malformed or unknown ICMPv6 " + shortened_hex(payload);
  std::string out = "ICMPv6 " + icmp6_head(*message);
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.options; }) append_each(out, one.options, icmp6_option);
      },
      *message);
  return out;
}

// DHCPv4.

std::string dhcp4_text(Bytes payload) {
  using dhcp4::OptionCode;
  const auto message = dhcp4::parse_message(payload);
  if (!message) return "malformed DHCP " + shortened_hex(payload);
  const auto& options = message->options;
  const auto type = dhcp4::message_type(options);
  std::string out = fmt::format("{} id={:08x}", type ? dhcp4::to_text(*type) : "BOOTP", message->xid);
  const auto address = [&](std::string_view name, std::optional<Ipv4> value) {
    if (value && !value->is_unspecified()) out += fmt::format(" {}={}", name, to_text(*value));
  };
  const auto addresses = [&](std::string_view name, OptionCode code) {
    const auto all = dhcp4::addresses_of(options, code, kMostOfList);
    if (!all.empty()) out += fmt::format(" {}={}", name, listed(all));
  };
  const auto time = [&](std::string_view name, OptionCode code) {
    if (const auto seconds = dhcp4::u32_of(options, code)) out += fmt::format(" {}={}", name, lifetime(*seconds));
  };
  address("address", message->ciaddr);
  address("yours", message->yiaddr);
  address("relay", message->giaddr);
  address("requested", dhcp4::address_of(options, OptionCode::RequestedAddress));
  address("server", dhcp4::address_of(options, OptionCode::ServerIdentifier));
  address("mask", dhcp4::address_of(options, OptionCode::SubnetMask));
  addresses("router", OptionCode::Router);
  addresses("dns", OptionCode::DomainNameServer);
  time("lease", OptionCode::LeaseTime);
  time("t1", OptionCode::RenewalTime);
  time("t2", OptionCode::RebindingTime);
  if (const auto* words = dhcp4::find_option(options, OptionCode::Message))
    out += fmt::format(" \"{}\"", printable(words->value));
  return out;
}

}  // namespace

std::string describe_ipv4(Bytes packet) {
  const auto datagram = udp4::parse_packet(packet);
  if (!datagram) return "malformed IPv4 packet " + shortened_hex(packet);
  const auto from_to = fmt::format("{} > {}", to_text(datagram->source), to_text(datagram->destination));
  const auto is_dhcp = [](std::uint16_t port) { return port == dhcp4::kServerPort || port == dhcp4::kClientPort; };
  if (is_dhcp(datagram->source_port) && is_dhcp(datagram->destination_port))
    return fmt::format("{} {}", from_to, dhcp4_text(datagram->payload));
  return fmt::format("{} UDP {} > {} {}", from_to, datagram->source_port, datagram->destination_port,
                     shortened_hex(datagram->payload));
}

std::string describe_ipv6(Bytes packet) {
  const auto parsed = ip6::parse_packet(packet);
  if (!parsed) return "malformed IPv6 packet " + shortened_hex(packet);
  const auto from_to = fmt::format("{} > {}", to_text(parsed->source), to_text(parsed->destination));
  if (parsed->next_header == icmp6::kProtocol) return fmt::format("{} {}", from_to, icmp6_text(parsed->payload));
  const auto datagram = ip6::parse_datagram(parsed->payload);
  if (parsed->next_header != ip6::kUdp || !datagram)
    return fmt::format("{} protocol {} {}", from_to, parsed->next_header, shortened_hex(parsed->payload));
  const auto is_dhcp = [](std::uint16_t port) { return port == dhcp6::kServerPort || port == dhcp6::kClientPort; };
  if (is_dhcp(datagram->source_port) && is_dhcp(datagram->destination_port))
    return fmt::format("{} {}", from_to, dhcp6_text(datagram->payload));
  return fmt::format("{} UDP {} > {} {}", from_to, datagram->source_port, datagram->destination_port,
                     shortened_hex(datagram->payload));
}

std::string describe_arp(Bytes payload) {
  const auto packet = arp::parse_packet(payload);
  if (!packet) return "malformed ARP " + shortened_hex(payload);
  if (packet->operation == arp::Operation::Reply)
    return fmt::format("ARP {} is at {}", to_text(packet->sender_address), to_text(packet->sender));
  if (packet->sender_address == packet->target_address)
    return fmt::format("ARP announces {} at {}", to_text(packet->sender_address), to_text(packet->sender));
  if (packet->sender_address.is_unspecified()) return fmt::format("ARP probes for {}", to_text(packet->target_address));
  return fmt::format("ARP who has {}, tell {}", to_text(packet->target_address), to_text(packet->sender_address));
}

}  // namespace michi::wire
