#include "engine/pppoe/access_concentrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::engine::pppoe {
namespace {

// Protocol numbers and codes that the faults and the limits look at; everything else is PPP's.
constexpr std::uint16_t kLcp = 0xc021;
constexpr std::uint16_t kPap = 0xc023;
constexpr std::uint16_t kChap = 0xc223;
constexpr std::uint16_t kFirstControlProtocol = 0x8000;
constexpr std::uint8_t kConfigureRequest = 1;
constexpr std::uint8_t kEchoRequest = 9;
constexpr std::uint8_t kPapNak = 3;
constexpr std::uint8_t kChapFailure = 4;

struct Peek {
  std::uint16_t protocol = 0;
  std::uint8_t code = 0;
};

Peek peek(Bytes ppp) {
  Reader in(ppp);
  Peek out;
  out.protocol = in.u16().value_or(0);
  out.code = in.u8().value_or(0);
  return out;
}

bool is_refusal(const Peek& frame) {
  return (frame.protocol == kPap && frame.code == kPapNak) || (frame.protocol == kChap && frame.code == kChapFailure);
}

std::string_view words(ppp::EndCause cause) {
  switch (cause) {
    case ppp::EndCause::LocalStop:
      return "ended here";
    case ppp::EndCause::AuthFailed:
      return "authentication failed";
    case ppp::EndCause::AuthRefused:
      return "authentication method refused";
    case ppp::EndCause::AuthSilent:
      return "authentication unanswered";
    case ppp::EndCause::LcpTimeout:
      return "no answer to LCP";
    case ppp::EndCause::LcpFailed:
      return "LCP does not converge";
    case ppp::EndCause::Loopback:
      return "loopback";
    case ppp::EndCause::NoNetwork:
      return "no network protocol";
    case ppp::EndCause::EchoTimeout:
      return "echo timeout";
    case ppp::EndCause::OneWay:
      return "one-way";
    case ppp::EndCause::PeerTerminated:
      return "ended by the client";
    case ppp::EndCause::EstablishTimeout:
      return "set-up took too long";
  }
  return "";
}

}  // namespace

struct AccessConcentrator::Client {
  Agreed agreed;
  SessionInfo info;
  std::optional<Ipv4> pooled;
  std::uint64_t data_in = 0;
  bool up = false;
  std::optional<ppp::Session> ppp;
};

AccessConcentrator::AccessConcentrator(AcSettings settings, Random random)
    : settings_(std::move(settings)), random_(std::move(random)), concentrator_(settings_.discovery, random_.fork()) {}

AccessConcentrator::~AccessConcentrator() = default;

Ipv4 AccessConcentrator::take_address() {
  for (std::uint32_t tried = 0; tried < settings_.pool_size; ++tried) {
    const std::uint32_t value = settings_.pool_first.value + next_address_;
    next_address_ = (next_address_ + 1) % settings_.pool_size;
    if (taken_.insert(value).second) return Ipv4{value};
  }
  return {};  // exhausted: IPCP then has nothing to hand out
}

void AccessConcentrator::begin(Client& client, Instant now) {
  ppp::Settings ppp;
  ppp.role = ppp::Role::Server;
  ppp.timing = settings_.timing;
  ppp.echo = settings_.echo;
  ppp.mru = std::min(settings_.mru, client.agreed.max_payload);
  ppp.mru_limit = client.agreed.max_payload;
  ppp.ipv4 = settings_.ipv4;
  ppp.ipv6 = settings_.ipv6;
  ppp.demanded = settings_.auth;
  ppp.server_name = settings_.discovery.ac_name;
  ppp.server_address = settings_.address;
  ppp.interface_id = settings_.interface_id;
  ppp.assigned_address = client.pooled.value_or(Ipv4{});
  ppp.assigned_dns = settings_.dns;
  std::vector<ppp::Account> accounts;
  for (const AcAccount& account : settings_.accounts)
    accounts.push_back({account.user, account.password, account.address, account.dns});
  client.ppp.emplace(std::move(ppp), random_.fork(), std::move(accounts));
  client.ppp->start(now);
}

void AccessConcentrator::open(const Agreed& agreed, Instant now) {
  auto client = std::make_unique<Client>();
  client->agreed = agreed;
  client->info.session_id = agreed.session_id;
  client->info.peer = agreed.peer;
  const Ipv4 address = take_address();
  if (!address.is_unspecified()) client->pooled = address;
  begin(*client, now);
  outputs_.push_back(AcNote{fmt::format("session {:#06x} opened for {}", agreed.session_id, to_text(agreed.peer))});
  clients_[agreed.session_id] = std::move(client);
  drain_client(agreed.session_id, now);
}

void AccessConcentrator::close(std::uint16_t session_id, std::string_view reason, bool with_padt) {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return;
  if (with_padt) concentrator_.close(session_id, reason);
  const Client& client = *at->second;
  if (client.pooled) taken_.erase(client.pooled->value);
  outputs_.push_back(AcNote{fmt::format("session {:#06x} closed: {}", session_id, reason)});
  if (client.up) outputs_.push_back(SessionDown{client.info, std::string(reason)});
  clients_.erase(at);
}

void AccessConcentrator::on_frame(Bytes frame, Instant now) {
  if (settings_.faults.silent) return;
  const auto ether = wire::ether::parse_frame(frame);
  if (!ether) return;
  if (ether->header.type == wire::ether::kTypePppoeDiscovery) {
    concentrator_.on_frame(frame, now);
  } else if (ether->header.type == wire::ether::kTypePppoeSession) {
    if (const auto framed = wire::pppoe::parse_frame(frame)) on_session_frame(*framed, now);
  }
  drain_discovery(now);
}

void AccessConcentrator::on_session_frame(const wire::pppoe::Framed& frame, Instant now) {
  if (frame.header.destination != settings_.discovery.local || settings_.faults.mute_sessions) return;
  const std::uint16_t id = frame.packet.session_id;
  const auto at = clients_.find(id);
  if (at == clients_.end() || at->second->agreed.peer != frame.header.source) {
    if (settings_.padt_for_unknown) concentrator_.refuse_stray(frame.header.source, id);
    return;
  }
  Client& client = *at->second;
  const Peek what = peek(frame.packet.payload);
  AcFaults& faults = settings_.faults;
  if (what.protocol == kLcp && what.code == kConfigureRequest && faults.drop_configure_requests > 0) {
    --faults.drop_configure_requests;
    return;
  }
  if (what.protocol == kLcp && what.code == kEchoRequest && faults.ignore_echo) return;
  if (what.protocol < kFirstControlProtocol)
    client.ppp->on_traffic(++client.data_in, now);
  else
    client.ppp->on_frame(frame.packet.payload, now);
  drain_client(id, now);
}

void AccessConcentrator::drain_client(std::uint16_t session_id, Instant now) {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return;
  Client& client = *at->second;
  std::optional<std::string> over;
  const auto up = [&] {
    client.up = true;
    outputs_.push_back(SessionUp{client.info});
  };
  while (auto output = client.ppp->poll()) {
    std::visit(
        Overloaded{
            [&](ppp::SendFrame& send) {
              if (settings_.faults.silent || settings_.faults.mute_sessions) return;
              outputs_.push_back(AcFrame{wire::pppoe::write_frame(client.agreed.peer, client.agreed.local,
                                                                  wire::pppoe::Code::Session, session_id, send.frame),
                                         send.urgent});
              if (settings_.faults.padt_with_auth_failure && is_refusal(peek(send.frame)))
                over = "authentication failed";
            },
            [&](const ppp::LinkUp& link) { client.info.mtu = link.mtu; },
            [&](const ppp::Authenticated& who) { client.info.user = who.user; },
            [&](const ppp::Ipv4Up& v4) {
              client.info.address = v4.peer;
              up();
            },
            [&](const ppp::Ipv6Up& v6) {
              client.info.address6 = Ipv6::link_local(v6.peer_id);
              up();
            },
            [&](const ppp::Ipv4Down&) { client.info.address.reset(); },
            [&](const ppp::Ipv6Down&) { client.info.address6.reset(); },
            [&](const ppp::Edge& edge) {
              outputs_.push_back(AcNote{fmt::format("session {:#06x} {}", session_id, edge.text)});
            },
            [&](const ppp::Ended& ended) {
              if (over) return;
              over = ended.detail.empty() ? std::string(words(ended.cause))
                                          : fmt::format("{}: {}", words(ended.cause), ended.detail);
            },
            [](const ppp::LinkRenegotiating&) {},
            [](const ppp::PathProved&) {},
        },
        *output);
  }
  if (over) {
    close(session_id, *over, true);
    drain_discovery(now);
  }
}

void AccessConcentrator::drain_discovery(Instant now) {
  while (auto output = concentrator_.poll()) {
    std::visit(
        Overloaded{
            [&](SendFrame& send) {
              if (settings_.faults.silent) return;
              const auto framed = wire::pppoe::parse_frame(send.frame);
              if (framed && framed->packet.code == wire::pppoe::Code::Pads && settings_.faults.drop_confirmations > 0) {
                --settings_.faults.drop_confirmations;
                return;
              }
              outputs_.push_back(AcFrame{std::move(send.frame), false});
            },
            [&](const Opened& opened) { open(opened.session, now); },
            [&](const Closed& closed) { close(closed.session_id, closed.reason, false); },
        },
        *output);
  }
}

void AccessConcentrator::on_deadline(Instant now) {
  concentrator_.on_deadline(now);
  drain_discovery(now);
  std::vector<std::uint16_t> due;
  for (const auto& [id, client] : clients_) {
    const auto at = client->ppp->next_deadline();
    if (at && *at <= now) due.push_back(id);
  }
  for (const std::uint16_t id : due) {
    if (const auto at = clients_.find(id); at != clients_.end()) at->second->ppp->on_deadline(now);
    drain_client(id, now);
  }
}

std::optional<Instant> AccessConcentrator::next_deadline() const {
  auto soonest = concentrator_.next_deadline();
  for (const auto& [id, client] : clients_) {
    const auto at = client->ppp->next_deadline();
    if (at && (!soonest || *at < *soonest)) soonest = at;
  }
  return soonest;
}

std::optional<AcOutput> AccessConcentrator::poll() {
  if (outputs_.empty()) return std::nullopt;
  AcOutput out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

void AccessConcentrator::end_session(std::uint16_t session_id, EndBy how, Instant now, std::string_view reason) {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return;
  switch (how) {
    case EndBy::Padt:
      close(session_id, reason.empty() ? "ended by the operator" : reason, true);
      return drain_discovery(now);
    case EndBy::TerminateRequest:
      at->second->ppp->stop(now);
      return drain_client(session_id, now);
    case EndBy::Vanish: {
      const bool silent = std::exchange(concentrator_.settings().silent, true);
      close(session_id, "vanished", true);
      concentrator_.settings().silent = silent;
      return drain_discovery(now);
    }
  }
}

void AccessConcentrator::restart(Instant now) {
  concentrator_.forget_all();
  while (!clients_.empty()) close(clients_.begin()->first, "restart", false);
  drain_discovery(now);
}

void AccessConcentrator::renegotiate(std::uint16_t session_id, Instant now) {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return;
  begin(*at->second, now);
  drain_client(session_id, now);
}

void AccessConcentrator::rechallenge(std::uint16_t session_id, Instant now) {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return;
  at->second->ppp->rechallenge(now);
  drain_client(session_id, now);
}

std::vector<SessionInfo> AccessConcentrator::sessions() const {
  std::vector<SessionInfo> out;
  for (const auto& [id, client] : clients_) out.push_back(client->info);
  return out;
}

std::optional<SessionInfo> AccessConcentrator::find(std::uint16_t session_id) const {
  const auto at = clients_.find(session_id);
  if (at == clients_.end()) return std::nullopt;
  return at->second->info;
}

}  // namespace michi::engine::pppoe
