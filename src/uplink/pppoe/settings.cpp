#include <algorithm>
#include <tuple>
#include <utility>

#include "uplink/pppoe/life.hpp"

namespace michi::uplink {
namespace {

constexpr std::uint32_t kPppoeOverhead = 8;

engine::ppp::AuthMethod method_of(model::AuthKind kind) {
  switch (kind) {
    case model::AuthKind::Pap:
      return engine::ppp::AuthMethod::Pap;
    case model::AuthKind::ChapMd5:
      return engine::ppp::AuthMethod::ChapMd5;
    case model::AuthKind::MsChapV2:
      return engine::ppp::AuthMethod::MsChapV2;
  }
  return engine::ppp::AuthMethod::ChapMd5;
}

}  // namespace

Mac Uplink::Life::local_address() const {
  if (const auto mac = config.mac()) return *mac;
  return link ? link->mac : Mac{};
}

std::uint16_t Uplink::Life::payload_limit() const {
  // RFC 4638 §6 and trap 20: a larger payload only where the interface carries it.
  const std::uint32_t room = link && link->mtu > kPppoeOverhead ? link->mtu - kPppoeOverhead : config.mtu;
  if (config.mtu > wire::pppoe::kDefaultMaxPayload && room < config.mtu)
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(room, wire::pppoe::kDefaultMaxPayload));
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(room, config.mtu));
}

engine::pppoe::Settings Uplink::Life::discovery_settings() const {
  engine::pppoe::Settings out;
  out.local = local_address();
  out.service_name = own().service_name;
  out.ac_required = !own().ac_name.empty();
  out.ac_names = out.ac_required ? std::vector{own().ac_name} : own().prefer_acs;
  out.host_uniq = own().host_uniq;
  out.accept_missing_host_uniq = own().accept_missing_host_uniq;
  out.max_payload = std::max(payload_limit(), wire::pppoe::kDefaultMaxPayload);
  return out;
}

engine::ppp::Settings Uplink::Life::session_settings() const {
  engine::ppp::Settings out;
  out.role = engine::ppp::Role::Client;
  // For renegotiations; the attempt as a whole is bounded by establish_by.
  out.timing.establish = config.connect_timeout;
  out.echo.interval = own().ppp.echo_interval;
  out.echo.failures = own().ppp.echo_failures;
  out.echo.one_way = own().ppp.one_way;
  out.mru = std::min(payload_limit(), agreed->max_payload);
  out.mru_limit = agreed->max_payload;
  out.ipv4 = config.ipv4;
  out.ipv6 = config.ipv6;
  out.user = own().ppp.user;
  if (secret) out.password = *secret;
  out.allowed.clear();
  for (const model::AuthKind kind : own().ppp.auth) out.allowed.push_back(method_of(kind));
  out.request_dns = config.dns.source == model::DnsSource::Peer;
  if (own().ppp.address) out.wanted_address = *own().ppp.address;
  out.interface_id = interface_id;
  return out;
}

Uplink::Applied Uplink::effect_on_session(const model::UplinkConfig& before, const model::UplinkConfig& after,
                                          bool secret_changed) {
  const auto identity = [](const model::UplinkConfig& c) {
    const auto& own = c.kind.as<model::PppoeConfig>();
    return std::tie(c.id, c.over, own.ppp.user, own.ac_name, own.service_name, own.host_uniq, own.ppp.auth, c.ipv4,
                    c.ipv6, own.ppp.address, c.mtu);
  };
  return secret_changed || identity(before) != identity(after) ? Applied::Redialled : Applied::InPlace;
}

Uplink::Applied Uplink::configure_session(model::UplinkConfig config, std::optional<Secret> secret, Instant now) {
  Life& life = *life_;
  const bool same_secret = life.secret.has_value() == secret.has_value() && (!secret || secret->same_as(*life.secret));
  const Applied applied = effect_on_session(life.config, config, !same_secret);
  const bool moved = config.interface() != life.config.interface();
  const bool running = applied == Applied::Redialled && life.phase != Phase::Down;
  if (running) {
    life.back_offs.forget();
    life.discovery.stop(now);
    if (life.row().session && moved) {
      // The old interface is out of reach in a moment: PADT alone has to do.
      life.close_session(Padt::Padt, "new configuration");
      life.enter(Phase::Down, "new configuration", now);
    }
  }
  life.config = std::move(config);
  if (life.ipv6) life.ipv6->configure(life.config.delegation, now);
  life.secret = std::move(secret);
  life.facts.id = life.config.id;
  if (moved) life.link.reset();
  if (running && life.row().session) {
    life.begin_ending(After::Dial, "new configuration", now);
  } else if (running) {
    if (life.phase != Phase::Down) life.enter(Phase::Down, "new configuration", now);
    life.dial("new configuration", now);
  }
  life.settle(now);
  return applied;
}

}  // namespace michi::uplink
