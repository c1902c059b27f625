#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/dhcp6/client.hpp"

namespace michi::engine::dhcp6 {
namespace {

using wire::dhcp6::Message;
using wire::dhcp6::MessageType;
using wire::dhcp6::OptionCode;
using wire::dhcp6::StatusCode;

constexpr std::uint8_t kBestPreference = 255;
// RFC 8415 §7.6, §21.23 to §21.25, in seconds
constexpr std::uint32_t kLeastMaxRt = 60;
constexpr std::uint32_t kMostMaxRt = 86400;
constexpr std::uint32_t kDefaultRefresh = 86400;  // IRT_DEFAULT
constexpr std::uint32_t kLeastRefresh = 600;      // IRT_MINIMUM

bool is_no_lease_status(StatusCode code) {
  return code == StatusCode::NoAddrsAvail || code == StatusCode::NoPrefixAvail || code == StatusCode::NotOnLink ||
         code == StatusCode::NoBinding || code == StatusCode::Success;
}

}  // namespace

void Client::drop(Drop why) {
  ++counters_.dropped[static_cast<std::size_t>(why)];
  last_drop_ = why;
}

void Client::on_datagram(Bytes payload, const Ipv6& source, Instant now) {
  age(now);
  const auto message = wire::dhcp6::parse_message(payload);
  if (!message) {
    ++counters_.received[0];
    return drop(Drop::Malformed);
  }
  const auto type = static_cast<std::size_t>(message->type);
  ++counters_.received[type < Counters::kTypes ? type : 0];
  if (message->type != MessageType::Advertise && message->type != MessageType::Reply) return drop(Drop::WrongType);
  if (heard_ < 0xffff) ++heard_;
  if (!exchange_.due() || exchange_.count() == 0) return drop(Drop::NotAsked);
  if (message->transaction_id != transaction_) return drop(Drop::WrongTransaction);
  const auto* client = wire::dhcp6::find_option(message->options, OptionCode::ClientId);
  if (client == nullptr || !equal(client->value, settings_.duid.bytes())) return drop(Drop::WrongClient);
  const auto* server = wire::dhcp6::find_option(message->options, OptionCode::ServerId);
  if (server == nullptr || !wire::Duid::from_bytes(server->value)) return drop(Drop::NoServer);
  take_limits(*message);
  if (message->type == MessageType::Advertise)
    on_advertise(*message, now);
  else
    on_reply(*message, source, now);
}

void Client::take_limits(const Message& message) {
  const auto limit = [&](OptionCode code, Duration& to, State in) {
    const auto value = wire::dhcp6::u32_value(message.options, code);
    if (!value || *value < kLeastMaxRt || *value > kMostMaxRt) return;
    to = seconds(*value);
    if (state_ == in) exchange_.set_mrt(to);
  };
  limit(OptionCode::SolMaxRt, sol_max_rt_, State::Soliciting);
  limit(OptionCode::InfMaxRt, inf_max_rt_, State::Informing);
}

void Client::on_advertise(const Message& message, Instant now) {
  if (state_ != State::Soliciting) return drop(Drop::NotAsked);
  Answer answer = read_answer(message.options, settings_.wanted, counters_.unread_options);
  if (answer.served == 0) {
    drop(Drop::NothingUsable);
    if (answer.complaint.code != StatusCode::Success)
      fail(is_no_lease_status(answer.complaint.code) ? FailCause::Refused : FailCause::ServerTrouble,
           fmt::format("a server says {}", describe(answer.complaint)));
    return;
  }
  Candidate offer;
  offer.server = wire::dhcp6::find_option(message.options, OptionCode::ServerId)->value;
  offer.preference = wire::dhcp6::u8_value(message.options, OptionCode::Preference).value_or(0);
  offer.served = answer.served;
  offer.ias = std::move(answer.ias);
  const auto rank = [](const Candidate& one) { return std::pair(one.preference, one.served); };
  if (!candidate_ || rank(offer) > rank(*candidate_)) candidate_ = std::move(offer);
  // RFC 8415 §18.2.1: who has waited one timeout for the best takes the first that comes later.
  const bool waits = settings_.link == LinkType::MultiAccess && exchange_.count() < 2;
  if (!waits || candidate_->preference == kBestPreference) choose(now);
}

void Client::choose(Instant now) {
  server_ = candidate_->server;
  // What a client names has no times (RFC 8415 §18.2.2), and every IA is named, offered or not.
  offered_ = bindings_.named(Naming::Hints);
  for (auto& ia : offered_) {
    ia.leases.clear();
    for (const auto& offer : candidate_->ias) {
      if (offer.type != ia.type || offer.iaid != ia.iaid) continue;
      for (const auto& lease : offer.leases)
        if (lease.valid != 0) ia.leases.push_back({lease.prefix, 0, 0, {}});
    }
  }
  step(Event::Advertised, now);
}

void Client::on_reply(const Message& message, const Ipv6& source, Instant now) {
  switch (state_) {
    case State::Idle:
    case State::Offline:
    case State::Bound:
    case State::Informed:
      return drop(Drop::NotAsked);
    case State::Soliciting:
      if (!settings_.rapid_commit || wire::dhcp6::find_option(message.options, OptionCode::RapidCommit) == nullptr)
        return drop(Drop::NotAsked);
      return on_lease_reply(message, source, now);
    case State::Requesting:
    case State::Renewing:
    case State::Rebinding:
    case State::Confirming:
      return on_lease_reply(message, source, now);
    case State::Informing:
      return on_information(message, source, now);
    case State::Releasing:
      report(Released{});
      return step(Event::Freed, now);
  }
}

void Client::on_lease_reply(const Message& message, const Ipv6& source, Instant now) {
  const Answer answer = read_answer(message.options, settings_.wanted, counters_.unread_options);
  const StatusCode status = wire::dhcp6::status_in(message.options).code;
  const std::string words = fmt::format("the server says {}", describe(answer.complaint));
  const bool asks_anew = state_ == State::Soliciting || state_ == State::Requesting;
  if (!is_no_lease_status(status) || (asks_anew && answer.served == 0 && !is_no_lease_status(answer.complaint.code))) {
    // RFC 8415 §18.2.10: as if nothing had come, until the timeout.
    drop(Drop::NothingUsable);
    return fail(FailCause::ServerTrouble, words);
  }
  if (asks_anew && answer.served == 0) {
    drop(Drop::NothingUsable);
    fail(FailCause::Refused,
         answer.complaint.code == StatusCode::Success ? "the server replies without a lease" : words);
    return look_again(Event::Refused, now);
  }
  take_leases(message, answer, source, now);
}

void Client::take_leases(const Message& message, const Answer& answer, const Ipv6& source, Instant now) {
  const bool asks_anew = state_ == State::Soliciting || state_ == State::Requesting;
  Bindings::Change change = asks_anew ? bindings_.replace(answer.ias, now) : bindings_.update(answer.ias, now);
  withdraw(std::move(change.withdrawn), WithdrawCause::ByServer);
  if (bindings_.empty()) {
    announced_ = false;
    fail(FailCause::Refused, "the server has taken every lease away");
    return look_again(Event::Emptied, now);
  }
  if (change.changed) announced_ = false;  // also if it is told only after a Request
  if (!asks_anew && answer.no_binding) {
    server_ = wire::dhcp6::find_option(message.options, OptionCode::ServerId)->value;
    offered_ = bindings_.named(Naming::Held);
    return step(Event::NoBinding, now);
  }
  if (answer.ias.empty()) {
    drop(Drop::NothingUsable);
    if (answer.complaint.code != StatusCode::Success)
      fail(FailCause::ServerTrouble, fmt::format("the server says {}", describe(answer.complaint)));
    return;
  }
  server_ = wire::dhcp6::find_option(message.options, OptionCode::ServerId)->value;
  server_address_ = source;
  info_ = wire::dhcp6::info_in(message.options, counters_.unread_options);
  announce(now);
  // RFC 8415 §18.2.10.1: an IA the server was silent about is asked for again at the usual timeout.
  if (change.covered) step(Event::Granted, now);
}

void Client::on_information(const Message& message, const Ipv6& source, Instant now) {
  const auto status = wire::dhcp6::status_in(message.options);
  if (status.code != StatusCode::Success) {
    drop(Drop::NothingUsable);
    return fail(FailCause::ServerTrouble, fmt::format("the server says {}", describe(status)));
  }
  info_ = wire::dhcp6::info_in(message.options, counters_.unread_options);
  server_address_ = source;
  const std::uint32_t refresh =
      wire::dhcp6::u32_value(message.options, OptionCode::InformationRefreshTime).value_or(kDefaultRefresh);
  failed_.reset();
  step(Event::Told, now);
  if (refresh != wire::dhcp6::kInfinity) refresh_due_ = now + seconds(std::max(refresh, kLeastRefresh));
  report(Informed{info_, server_address_});
}

std::string_view to_text(FailCause cause) {
  switch (cause) {
    case FailCause::NoServer:
      return "no server";
    case FailCause::NotAccepted:
      return "no answer accepted";
    case FailCause::Refused:
      return "refused";
    case FailCause::ServerTrouble:
      return "trouble of the server";
    case FailCause::NoReply:
      return "no reply";
    case FailCause::LeaseExpired:
      return "lease expired";
  }
  return "?";
}

std::string_view to_text(WithdrawCause cause) {
  switch (cause) {
    case WithdrawCause::ByServer:
      return "by the server";
    case WithdrawCause::Expired:
      return "expired";
    case WithdrawCause::Released:
      return "released";
  }
  return "?";
}

std::string_view to_text(Drop why) {
  switch (why) {
    case Drop::Malformed:
      return "malformed";
    case Drop::WrongType:
      return "neither Advertise nor Reply";
    case Drop::NotAsked:
      return "not asked for";
    case Drop::WrongTransaction:
      return "of another transaction";
    case Drop::WrongClient:
      return "for another client";
    case Drop::NoServer:
      return "without a server identifier";
    case Drop::NothingUsable:
      return "without a usable lease";
  }
  return "?";
}

}  // namespace michi::engine::dhcp6
