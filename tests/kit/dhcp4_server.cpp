#include "kit/dhcp4_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/arp.hpp"
#include "wire/ether.hpp"
#include "wire/udp4.hpp"

namespace michi::kit {
namespace {

using wire::dhcp4::Message;
using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

constexpr std::size_t kMostComplaints = 100;

bool has(const Message& message, OptionCode code) { return find_option(message.options, code) != nullptr; }

Mac client_of(const Message& message) { return *Mac::from_bytes(Bytes(message.chaddr).first(6)); }

}  // namespace

Dhcp4Server::Dhcp4Server(World& world, Wire& wire, Dhcp4Settings settings)
    : settings_(std::move(settings)), wire_(&wire) {
  world.add(*this);
  wire.attach(*this);
}

void Dhcp4Server::complain(std::string text) {
  if (complaints_.size() < kMostComplaints) complaints_.push_back(std::move(text));
}

std::size_t Dhcp4Server::heard(MessageType type) const {
  const auto at = heard_.find(type);
  return at == heard_.end() ? 0 : at->second;
}

void Dhcp4Server::judge(const Message& message, Ipv4 source) {
  const auto type = *wire::dhcp4::message_type(message.options);
  const auto must = [&](bool so, std::string_view what) {
    if (!so) complain(fmt::format("{}: {}", to_text(type), what));
  };
  const bool extends = type == MessageType::Request && !message.ciaddr.is_unspecified();
  const bool selects = type == MessageType::Request && has(message, OptionCode::ServerIdentifier);
  const bool last_words = type == MessageType::Decline || type == MessageType::Release;
  must(message.hops == 0 && message.giaddr.is_unspecified() && message.yiaddr.is_unspecified(),
       "a field not a client's");
  must(has(message, OptionCode::ServerIdentifier) == (selects || last_words), "server identifier");
  must(has(message, OptionCode::RequestedAddress) ==
               ((type == MessageType::Request && !extends) || type == MessageType::Decline) ||
           type == MessageType::Discover,
       "requested address");
  must(message.ciaddr.is_unspecified() == !(extends || type == MessageType::Release), "ciaddr");
  must(message.ciaddr == source, "the source of the packet");
  must(has(message, OptionCode::ParameterRequestList) != last_words, "parameter request list");
  must(!last_words || (message.secs == 0 && message.flags == 0), "secs and flags of the last words");
}

Ipv4 Dhcp4Server::address_for(const Mac& client) {
  if (const auto known = leases_.find(client); known != leases_.end()) return known->second;
  for (unsigned i = 0; i < settings_.count; ++i) {
    const Ipv4 candidate{settings_.first.value + i};
    const auto taken = [&](const auto& lease) { return lease.second == candidate; };
    if (!declined_.contains(candidate) && !std::ranges::any_of(leases_, taken)) return candidate;
  }
  return {};
}

Message Dhcp4Server::reply(const Message& to, MessageType type, Ipv4 address) const {
  Message out;
  out.op = wire::dhcp4::Op::Reply;
  out.xid = to.xid;
  out.flags = to.flags;
  out.chaddr = to.chaddr;
  out.yiaddr = address;
  out.options = {wire::dhcp4::type_option(type),
                 wire::dhcp4::address_option(OptionCode::ServerIdentifier, settings_.identifier)};
  if (type == MessageType::Nak) return out;
  out.options.push_back(wire::dhcp4::u32_option(OptionCode::LeaseTime, settings_.lease));
  out.options.push_back(wire::dhcp4::u32_option(OptionCode::SubnetMask, 0xffffff00));
  out.options.push_back(wire::dhcp4::address_option(OptionCode::Router, settings_.identifier));
  for (const auto& option : settings_.options) {
    std::erase_if(out.options, [&](const auto& other) { return other.code == option.code; });
    out.options.push_back(option);
  }
  return out;
}

std::optional<Message> Dhcp4Server::answer(const Message& message, Ipv4 source) {
  const auto type = wire::dhcp4::message_type(message.options);
  if (!type || message.op != wire::dhcp4::Op::Request) {
    complain("no DHCP message of a client");
    return std::nullopt;
  }
  ++heard_[*type];
  judge(message, source);
  const Mac client = client_of(message);
  const auto named = address_of(message.options, OptionCode::ServerIdentifier);
  const auto asked = address_of(message.options, OptionCode::RequestedAddress);
  if (named && *named != settings_.identifier) return std::nullopt;
  if (*type == MessageType::Discover) {
    if (!offers) return std::nullopt;
    return reply(message, MessageType::Offer, leases_[client] = address_for(client));
  }
  if (*type == MessageType::Decline && asked) declined_.insert(*asked);
  if (*type == MessageType::Decline || *type == MessageType::Release) leases_.erase(client);
  if (*type != MessageType::Request || !acknowledges) return std::nullopt;
  if (refuses) return reply(message, MessageType::Nak, {});
  const Ipv4 wanted = asked.value_or(message.ciaddr);
  const auto known = leases_.find(client);
  if (named) {
    if (wanted != address_for(client)) return reply(message, MessageType::Nak, {});
    leases_[client] = wanted;
  } else if (known == leases_.end() || known->second != wanted) {
    return reply(message, MessageType::Nak, {});
  }
  return reply(message, MessageType::Ack, wanted);
}

std::optional<ByteVec> Dhcp4Server::answer(Bytes packet, Instant) {
  if (!alive) return std::nullopt;
  const auto datagram = wire::udp4::parse_packet(packet);
  if (!datagram || datagram->destination_port != wire::dhcp4::kServerPort) return std::nullopt;
  const auto message = wire::dhcp4::parse_message(datagram->payload);
  if (!message) {
    complain("a message that cannot be read");
    return std::nullopt;
  }
  auto out = answer(*message, datagram->source);
  if (!out) return std::nullopt;
  if (twist) twist(*out);
  const Ipv4 to = out->yiaddr.is_unspecified() ? Ipv4{0xffffffff} : out->yiaddr;
  return wire::udp4::write_packet(
      {settings_.identifier, to, wire::dhcp4::kServerPort, wire::dhcp4::kClientPort, wire::dhcp4::write_message(*out)});
}

void Dhcp4Server::on_frame(Bytes frame, Instant now) {
  const auto parsed = wire::ether::parse_frame(frame);
  if (!parsed) return;
  const auto send = [&](std::uint16_t type, Bytes payload) {
    Writer out;
    wire::ether::write_header(out, {parsed->header.source, settings_.device, type});
    out.put(payload);
    out_.push_back(std::move(out).take());
  };
  const Mac& to = parsed->header.destination;
  if (to != settings_.device && to != Mac::broadcast()) return;
  if (parsed->header.type == wire::ether::kTypeIpv4) {
    if (const auto back = answer(parsed->payload, now)) send(wire::ether::kTypeIpv4, *back);
  } else if (parsed->header.type == wire::ether::kTypeArp) {
    const auto arp = wire::arp::parse_packet(parsed->payload);
    if (!arp || !used_by_others.contains(arp->target_address)) return;
    const Mac other{{0x02, 0xd4, 0xff, 0, 0, 1}};
    send(wire::ether::kTypeArp, wire::arp::write_packet({wire::arp::Operation::Reply, other, arp->target_address,
                                                         arp->sender, arp->sender_address}));
  }
}

bool Dhcp4Server::drain(Instant) {
  const bool any = !out_.empty();
  for (auto& frame : std::exchange(out_, {})) wire_->send(this, std::move(frame));
  return any;
}

}  // namespace michi::kit
