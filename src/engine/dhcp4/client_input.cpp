// What a server and its neighbours say, and whether it concerns us.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/dhcp4/client.hpp"
#include "wire/arp.hpp"
#include "wire/text.hpp"
#include "wire/udp4.hpp"

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::Message;
using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

constexpr std::size_t kMostOffers = 8;

void note(std::vector<Ipv4>& list, Ipv4 server) {
  if (list.size() < kMostOffers && std::ranges::find(list, server) == list.end()) list.push_back(server);
}

}  // namespace

void Client::on_ip_frame(Bytes packet, const Mac& source, Instant now) {
  const auto datagram = wire::udp4::parse_packet(packet);
  if (!datagram) {
    ++(datagram.error().code == wire::FaultCode::WrongType ? counters_.foreign : counters_.malformed);
    return;
  }
  if (datagram->source_port != wire::dhcp4::kServerPort || datagram->destination_port != wire::dhcp4::kClientPort ||
      source == settings_.local || source.is_multicast() || source.is_zero()) {
    ++counters_.foreign;
    return;
  }
  const auto message = wire::dhcp4::parse_message(datagram->payload);
  if (!message) {
    ++counters_.malformed;
    return;
  }
  on_message(*message, source, now);
  settle(now);
}

bool Client::is_ours(const Message& message) {
  const auto* echoed = wire::dhcp4::find_option(message.options, OptionCode::ClientIdentifier);
  const bool another = echoed != nullptr && !settings_.client_identifier.empty() &&
                       echoed->value != settings_.client_identifier;  // RFC 6842 §3
  if (another || !message.is_for(settings_.local)) {
    ++counters_.other_client;
    return false;
  }
  if (message.xid != xid_) {
    ++counters_.other_transaction;
    return false;
  }
  return true;
}

void Client::on_message(const Message& message, const Mac& source, Instant now) {
  const auto type = wire::dhcp4::message_type(message.options);
  const bool answer = type == MessageType::Offer || type == MessageType::Ack || type == MessageType::Nak;
  if (message.op != wire::dhcp4::Op::Reply || !answer) {
    ++counters_.foreign;
    return;
  }
  if (!is_ours(message)) return;
  if (type == MessageType::Offer)
    on_offer(message, now);
  else if (type == MessageType::Ack)
    on_ack(message, source, now);
  else
    on_nak(message, now);
}

std::size_t Client::rank_of(Ipv4 server) const {
  const std::size_t worst = settings_.servers.size();
  const auto preferred =
      static_cast<std::size_t>(std::ranges::find(settings_.servers, server) - settings_.servers.begin());
  const bool shunned = std::ranges::find(shunned_, server) != shunned_.end();
  return shunned ? preferred + worst + 1 : preferred;
}

void Client::on_offer(const Message& message, Instant now) {
  if (const auto server = address_of(message.options, OptionCode::ServerIdentifier)) note(servers_, *server);
  if (state_ != State::Selecting) {
    ++counters_.unexpected;
    return;
  }
  auto lease = read_lease(message, settings_.limits);
  if (!lease) {
    ++counters_.unacceptable;
    unusable_ = std::move(lease.error());
    return;
  }
  const auto same = [&](const Offer& offer) { return offer.lease.server == lease->server; };
  if (offers_.size() == kMostOffers || std::ranges::any_of(offers_, same)) {
    ++counters_.unexpected;
    return;
  }
  ++counters_.offer;
  const std::size_t rank = rank_of(lease->server);
  offers_.push_back({*std::move(lease), rank});
  if (rank == 0) return step(Event::Choose, now);
  if (offers_.size() == 1) due_ = now + settings_.offer_wait;
}

void Client::on_ack(const Message& message, const Mac& source, Instant now) {
  if (!waits_for(Event::Ack)) {
    ++counters_.unexpected;
    return;
  }
  auto lease = read_lease(message, settings_.limits);
  if (!lease) {
    ++counters_.unacceptable;
    unusable_ = std::move(lease.error());
    return;
  }
  if (state_ == State::Requesting && lease->server != chosen_->server) {
    ++counters_.other_server;
    return;
  }
  const Ipv4 asked_for = state_ == State::Requesting ? chosen_->address : *wanted_;
  const bool over = lease->times && asked_ + lease->times->lifetime <= now;
  if (lease->address != asked_for || over) {
    ++counters_.unacceptable;
    unusable_ =
        over ? "a lease that is over" : fmt::format("{} in place of {}", to_text(lease->address), to_text(asked_for));
    return;
  }
  ++counters_.ack;
  lease->server_mac = source;
  granted_ = *std::move(lease);
  step(Event::Ack, now);
}

void Client::on_nak(const Message& message, Instant now) {
  if (!waits_for(Event::Nak)) {
    ++counters_.unexpected;
    return;
  }
  const auto server = address_of(message.options, OptionCode::ServerIdentifier);
  const bool other = (state_ == State::Requesting && server != chosen_->server) ||
                     (state_ == State::Renewing && server != lease_->lease.server);
  if (other) {
    ++counters_.other_server;
    return;
  }
  ++counters_.nak;
  if (state_ == State::Requesting) shun(*server);  // it offered what it now refuses
  const auto* words = wire::dhcp4::find_option(message.options, OptionCode::Message);
  const std::string said = words != nullptr ? wire::printable(words->value) : std::string{};
  failure_ = {FailCause::Refused, fmt::format("{} refuses the address{}{}", server ? to_text(*server) : "a DHCP server",
                                              said.empty() ? "" : ": ", said)};
  wanted_.reset();
  step(Event::Nak, now);
}

void Client::on_arp(Bytes packet, Instant now) {
  const auto arp = wire::arp::parse_packet(packet);
  if (!arp) {
    ++counters_.malformed;
    return;
  }
  const Lease* lease = current();
  if (lease == nullptr || arp->sender == settings_.local) return;
  const bool used = arp->sender_address == lease->address;
  const bool probed = arp->sender_address.is_unspecified() && arp->target_address == lease->address &&
                      arp->operation == wire::arp::Operation::Request;
  if (!used && !(probed && state_ == State::Checking)) return;
  // An access network whose gateway answers for every address says nothing about this one.
  if (used && arp->sender == lease->server_mac) {
    ++counters_.proxied;
    return;
  }
  if (state_ != State::Checking) {
    ++counters_.conflicts;
    return;
  }
  on_conflict(now);
}

}  // namespace michi::engine::dhcp4
