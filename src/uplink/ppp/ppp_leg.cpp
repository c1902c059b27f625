#include "uplink/ppp/ppp_leg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::uplink {
namespace {

namespace engine_ppp = engine::ppp;

/// One network protocol alone went down: a renegotiation takes a round trip, the end takes longer.
constexpr Duration kLegGrace = seconds(1);

std::string_view name_of(engine_ppp::AuthMethod method) {
  switch (method) {
    case engine_ppp::AuthMethod::None:
      return "none";
    case engine_ppp::AuthMethod::Pap:
      return "pap";
    case engine_ppp::AuthMethod::ChapMd5:
      return "chap-md5";
    case engine_ppp::AuthMethod::MsChapV2:
      return "mschapv2";
  }
  return "";
}

engine_ppp::AuthMethod method_of(model::AuthKind kind) {
  switch (kind) {
    case model::AuthKind::Pap:
      return engine_ppp::AuthMethod::Pap;
    case model::AuthKind::ChapMd5:
      return engine_ppp::AuthMethod::ChapMd5;
    case model::AuthKind::MsChapV2:
      return engine_ppp::AuthMethod::MsChapV2;
  }
  return engine_ppp::AuthMethod::ChapMd5;
}

}  // namespace

void PppLeg::begin(engine_ppp::Settings settings, Random random, Instant now) {
  end();
  session_.emplace(std::move(settings), std::move(random));
  session_->start(now);
  settle(now);
}

void PppLeg::stop(Instant now) {
  if (!session_) return;
  session_->stop(now);
  settle(now);
}

void PppLeg::abort(Instant now) {
  if (!session_) return;
  session_->abort(now);
  settle(now);
}

void PppLeg::end() {
  session_.reset();
  outputs_.clear();
  drop_networks();
  agreed_ = {};
}

void PppLeg::drop_networks() {
  agreed_.v4.reset();
  agreed_.v6.reset();
  graces_.clear();
}

void PppLeg::on_frame(Bytes frame, Instant now) {
  if (!session_) return;
  session_->on_frame(frame, now);
  settle(now);
}

void PppLeg::on_traffic(std::uint64_t packets_in, Instant now) {
  if (!session_) return;
  session_->on_traffic(packets_in, now);
  settle(now);
}

bool PppLeg::probe(Instant now) {
  if (!session_ || !session_->peer_echoes()) return false;
  session_->probe(now);
  settle(now);
  return true;
}

void PppLeg::on_deadline(Instant now) {
  if (session_) {
    if (const auto at = session_->next_deadline(); at && *at <= now) {
      session_->on_deadline(now);
      settle(now);
    }
  }
  bool any = false;
  while (const auto over = graces_.take_due(now)) {
    any = true;
    *over == Grace::V4 ? agreed_.v4.reset() : agreed_.v6.reset();
  }
  if (any && !has_network()) outputs_.emplace_back(NothingLeft{});
}

std::optional<Instant> PppLeg::next_deadline() const {
  return soonest({session_ ? session_->next_deadline() : std::nullopt, graces_.next()});
}

std::optional<PppLeg::Output> PppLeg::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

void PppLeg::settle(Instant now) {
  while (auto output = session_->poll()) take(*output, now);
}

void PppLeg::take(engine_ppp::Output& output, Instant now) {
  const auto leg_grace = [&] { return now + std::min(limits_.grace, kLegGrace); };
  std::visit(Overloaded{
                 [&](engine_ppp::SendFrame& send) { outputs_.emplace_back(std::move(send)); },
                 [&](const engine_ppp::LinkUp& up) {
                   agreed_.auth = name_of(up.auth);
                   agreed_.mtu = std::min(up.mtu, limits_.room);
                 },
                 [&](const engine_ppp::LinkRenegotiating&) {
                   if (agreed_.v4) graces_.set(Grace::V4, now + limits_.grace);
                   if (agreed_.v6) graces_.set(Grace::V6, now + limits_.grace);
                   outputs_.emplace_back(Renegotiates{});
                 },
                 [&](engine_ppp::Authenticated& who) {
                   if (!who.message.empty()) say(model::Severity::Info, "uplink.authenticated", std::move(who.message));
                 },
                 [&](const engine_ppp::Ipv4Up& up) {
                   agreed_.v4 = model::Ipv4Facts{up.local, up.peer, up.dns};
                   graces_.clear(Grace::V4);
                   outputs_.emplace_back(NetworkUp{"ipv4"});
                 },
                 [&](const engine_ppp::Ipv6Up& up) {
                   ++ipv6_openings_;
                   interface_id_ = up.local_id;
                   agreed_.v6 = model::Ipv6Facts{Ipv6::link_local(up.local_id), Ipv6::link_local(up.peer_id)};
                   graces_.clear(Grace::V6);
                   outputs_.emplace_back(NetworkUp{"ipv6"});
                 },
                 [&](const engine_ppp::Ipv4Down&) {
                   if (agreed_.v4 && !graces_.runs(Grace::V4)) graces_.set(Grace::V4, leg_grace());
                 },
                 [&](const engine_ppp::Ipv6Down&) {
                   if (agreed_.v6 && !graces_.runs(Grace::V6)) graces_.set(Grace::V6, leg_grace());
                 },
                 [&](const engine_ppp::PathProved& proof) { take_proof(proof); },
                 [&](engine_ppp::Ended& ended) { outputs_.emplace_back(std::move(ended)); },
                 [&](engine_ppp::Edge& edge) { say(model::Severity::Debug, "ppp.edge", std::move(edge.text)); },
             },
             output);
}

void PppLeg::take_proof(const engine_ppp::PathProved& proof) {
  if (proof.full_size || agreed_.mtu <= limits_.always) return;
  agreed_.mtu = limits_.always;
  say(model::Severity::Warning, "uplink.mtu-limited",
      fmt::format("the path does not carry frames of {} octets: {} it is", limits_.configured, agreed_.mtu));
}

void PppLeg::say(model::Severity severity, std::string code, std::string text) {
  outputs_.emplace_back(model::Event{severity, std::move(code), {}, std::move(text), {}});
}

engine_ppp::Settings ppp_settings(const model::UplinkConfig& config, const model::PppConfig& own,
                                  const std::optional<Secret>& secret) {
  engine_ppp::Settings out;
  out.role = engine_ppp::Role::Client;
  // For renegotiations; the attempt as a whole is bounded by the uplink.
  out.timing.establish = config.connect_timeout;
  out.echo.interval = own.echo_interval;
  out.echo.failures = own.echo_failures;
  out.echo.one_way = own.one_way;
  out.ipv4 = config.ipv4;
  out.ipv6 = config.ipv6;
  out.user = own.user;
  if (secret) out.password = *secret;
  out.allowed.clear();
  for (const model::AuthKind kind : own.auth) out.allowed.push_back(method_of(kind));
  out.request_dns = config.dns.source == model::DnsSource::Peer;
  if (own.address) out.wanted_address = *own.address;
  return out;
}

}  // namespace michi::uplink
