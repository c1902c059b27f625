#include <utility>

#include "base/overloaded.hpp"
#include "uplink/pppoe/life.hpp"

namespace michi::uplink {

void Uplink::Life::recall(Ipv6Memory what, Instant now) {
  recalled = std::move(what);
  recalled_at = now;
  if (recalled.record && config.ipv6) remember(now);
}

Ipv6Memory Uplink::Life::memory(Instant now) const {
  return ipv6 ? ipv6->memory(now) : aged(recalled, now - recalled_at);
}

void Uplink::Life::remember(Instant now) {
  ipv6 = std::make_unique<Ipv6Part>(config.id.name, config.delegation, memory(now), random.fork(), now);
}

void Uplink::Life::tend_ipv6(Instant now) {
  if (giving_back && !ipv6->releasing()) conclude_release(now);
  const bool stands = facts.attached && facts.v6 && device == facts.v6->local;
  if (stands && (!ipv6 || !ipv6->is_up() || v6_begun != v6_openings) && !giving_back) {
    if (!ipv6) remember(now);
    v6_begun = v6_openings;
    ipv6->on_link_up({.local = facts.v6->local,
                      .mac = std::nullopt,
                      .carrier = agreed ? agreed->local : local_address(),
                      .mtu = facts.mtu,
                      .kind = engine::ndisc::LinkKind::PointToPoint},
                     now);
  } else if (!stands && ipv6) {
    ipv6->on_link_down(now);
  }
  if (!ipv6) return;
  drain_ipv6();
  const Ipv6Learned& learned = ipv6->learned();
  facts.prefixes = learned.prefixes;
  if (!facts.v6) return;
  facts.v6->addresses = learned.addresses;
  facts.v6->domains = learned.domains;
  facts.v6->mtu = learned.mtu;
  // Servers of the network are asked for, as those of IPCP are, only where they are to be used.
  facts.v6->dns = config.dns.source == model::DnsSource::Peer ? learned.dns : std::vector<Ipv6>{};
}

void Uplink::Life::drain_ipv6() {
  while (auto output = ipv6->poll()) {
    std::visit(Overloaded{
                   [&](Datagram& datagram) {
                     if (link_ready()) outputs.push_back(std::move(datagram));
                   },
                   [&](PersistLease& persist) { outputs.push_back(std::move(persist)); },
                   [&](model::Event& event) {
                     event.uplink = config.id.name;
                     outputs.push_back(std::move(event));
                   },
               },
               *output);
  }
}

bool Uplink::Life::gives_back() const {
  return config.delegation.release && (phase == Up || phase == Renegotiating) && link_ready() && ipv6 && ipv6->is_up();
}

void Uplink::Life::conclude_release(Instant now) {
  giving_back = false;
  facts.attached = false;
  facts.v4.reset();
  facts.v6.reset();
  v4_until.reset();
  v6_until.reset();
  due = now + kEndingTime;
  ppp->stop(now);
  drain_session(now);
}

}  // namespace michi::uplink
