// The three conversations of neighbour discovery against a link that says anything. Laws: what is sent
// can be read, is sealed, comes from our address and fits; solicitations and unasked advertisements keep
// their distance; tables, reports and outputs are bounded; a stopped engine is silent; the proxy speaks
// only for addresses that a LAN has shown, and never for the router's.

#include <set>

#include "base/invariant.hpp"
#include "engine/ndisc/advertiser.hpp"
#include "engine/ndisc/proxy.hpp"
#include "engine/ndisc/router_discovery.hpp"
#include "kit/script.hpp"

using namespace michi;
using namespace michi::engine::ndisc;
namespace icmp6 = michi::wire::icmp6;

namespace {

const Ipv6 kWan = Ipv6::link_local(1), kLan = Ipv6::link_local(2);
const Prefix kPrefix = *parse_prefix("2001:db8:1:2::/64");
constexpr Mac kMac{{2, 0, 0, 0, 0, 1}}, kLanMac{{2, 0, 0, 0, 0, 2}};

Ipv6 host(std::uint8_t number) {
  Ipv6 out = *kPrefix.address.v6();
  out.octets[15] = number;
  return out;
}
const Ipv6 kOwn = host(1);

Ipv6 address(kit::Script& script) {
  const std::uint8_t bits = script.u8();
  switch (bits % 5) {
    case 0:
      return Ipv6{};
    case 1:
      return Ipv6::link_local(bits);
    case 2:
      return icmp6::kAllNodes;
    case 3:
      return host(bits);
    default:
      return icmp6::solicited_node(host(bits / 5));
  }
}

icmp6::Lifetime lifetime(kit::Script& script) {
  const std::uint16_t value = script.u16();
  return value == 0xffff ? icmp6::kInfinite : icmp6::Lifetime(value % 512 * 30);
}

Prefix prefix(kit::Script& script) {
  Ipv6 network = *kPrefix.address.v6();
  network.octets[7] = script.u8();
  static constexpr std::uint8_t kLengths[] = {64, 64, 64, 0, 56, 96, 128, 32};
  return Prefix{network, kLengths[script.u8() % 8]}.canonical();
}

icmp6::Options options(kit::Script& script) {
  icmp6::Options out;
  for (unsigned count = script.u8() % 8; count > 0; --count) {
    const std::uint8_t bits = script.u8();
    const auto preference = (bits & 64) != 0 ? icmp6::Preference::High : icmp6::Preference::Low;
    switch (bits % 9) {
      case 0:
      case 1:
        out.push_back(icmp6::PrefixInformation{prefix(script), (bits & 16) != 0, (bits & 32) != 0, lifetime(script),
                                               lifetime(script)});
        break;
      case 2:
        out.push_back(icmp6::RouteInformation{prefix(script), preference, lifetime(script)});
        break;
      case 3:
        out.push_back(icmp6::Rdnss{lifetime(script), {address(script), host(bits)}});
        break;
      case 4:
        out.push_back(icmp6::Dnssl{lifetime(script), {"a" + std::to_string(bits), "example.net"}});
        break;
      case 5:
        out.push_back(icmp6::Pref64{prefix(script), lifetime(script)});
        break;
      case 6:
        out.push_back(icmp6::Mtu{script.u16()});
        break;
      case 7:
        out.push_back(icmp6::SourceLinkLayer{(bits & 16) != 0 ? kMac : Mac{{2, 0, 0, 0, 1, bits}}});
        break;
      default:
        out.push_back(icmp6::TargetLinkLayer{(bits & 16) != 0 ? kLanMac : Mac{{2, 0, 0, 0, 1, bits}}});
    }
  }
  return out;
}

Advertisement wish(kit::Script& script, Instant now) {
  Advertisement out;
  const std::uint8_t bits = script.u8();
  out.managed = (bits & 1) != 0;
  if ((bits & 2) != 0) out.router_lifetime = seconds(script.u16());
  if ((bits & 4) != 0) out.mtu = script.u16();
  for (unsigned i = 0; i < (bits >> 3) % 4u; ++i)
    out.prefixes.push_back({prefix(script), now + script.duration() * 64, now + script.duration() * 256});
  if ((bits & 32) != 0) out.routes = {{prefix(script), icmp6::Preference::High, now + script.duration() * 64}};
  if ((bits & 64) != 0) out.name_servers = {{host(script.u8()), now + script.duration() * 64}};
  if ((bits & 128) != 0) out.search_domains.assign(script.u8(), {std::string(60, 'd'), now + script.duration()});
  return out;
}

struct Rig {
  explicit Rig(kit::Script& script)
      : link_mtu(script.u8() % 2 == 0 ? 1280 : 1500),
        discovery(discovery_settings(script), Random::seeded(1)),
        advertiser(advertiser_settings(link_mtu), Random::seeded(2)),
        proxy(proxy_settings(), Random::seeded(3)) {}

  static DiscoverySettings discovery_settings(kit::Script& script) {
    DiscoverySettings out;
    out.local = kWan;
    out.interface_id = 0x77;
    if ((script.u8() & 1) != 0) out.link = LinkKind::PointToPoint;
    return out;
  }
  static AdvertiserSettings advertiser_settings(std::uint32_t mtu) {
    AdvertiserSettings out;
    out.local = kLan;
    out.mac = kLanMac;
    out.link_mtu = mtu;
    return out;
  }
  static ProxySettings proxy_settings() {
    ProxySettings out;
    out.prefix = kPrefix;
    out.wan = {kWan, kMac};
    out.lans = {{kLan, kLanMac}, {Ipv6::link_local(3), kLanMac}};
    out.own = {kOwn};
    return out;
  }

  static icmp6::Message check(const Message& message, const Ipv6& source) {
    MICHI_INVARIANT(message.source == source && message.hop_limit == 255, "from our address, on the link");
    MICHI_INVARIANT(icmp6::is_sealed(message.source, message.destination, message.bytes), "sealed");
    const auto read = icmp6::parse_message(message.bytes);
    MICHI_INVARIANT(read.has_value(), "what is sent can be read");
    return *read;
  }

  void drain_discovery() {
    unsigned outputs = 0;
    while (auto output = discovery.poll()) {
      MICHI_INVARIANT(++outputs < 8, "few outputs per step");
      if (const auto* message = std::get_if<Message>(&*output)) {
        check(*message, kWan);
        MICHI_INVARIANT(!last_solicit || now - *last_solicit >= milliseconds(3600),
                        "solicitations keep their distance");
        last_solicit = now;
        continue;
      }
      MICHI_INVARIANT(++reports <= 8 + 4 * (now - Instant{}) / seconds(1) + 1, "reports have a rate");
      const auto& learned = std::get<Learned>(*output);
      MICHI_INVARIANT(learned.routers.size() <= LearnedTable::kMaxRouters, "bounded routers");
      MICHI_INVARIANT(learned.on_link.size() <= LearnedTable::kMaxPrefixes, "bounded prefixes");
      MICHI_INVARIANT(learned.routes.size() <= LearnedTable::kMaxRoutes, "bounded routes");
      MICHI_INVARIANT(learned.name_servers.size() <= LearnedTable::kMaxNames, "bounded servers");
      for (const FormedAddress& a : learned.addresses)
        MICHI_INVARIANT(a.prefix.length == 64 && a.valid_until > now && a.preferred_until <= a.valid_until &&
                            a.address.interface_id() == 0x77 && a.prefix.contains(Address(a.address)),
                        "addresses are formed as they should be");
    }
    const bool idle = discovery.state() == DiscoveryState::Idle;
    MICHI_INVARIANT(!idle || !discovery.next_deadline(), "idle without a deadline");
    MICHI_INVARIANT(idle || discovery.next_deadline(), "a deadline otherwise");
  }

  void drain_advertiser(bool told) {
    unsigned outputs = 0;
    while (auto output = advertiser.poll()) {
      MICHI_INVARIANT(++outputs < 256, "few outputs per step");
      if (const auto* list = std::get_if<Remember>(&*output))
        MICHI_INVARIANT(list->prefixes.size() <= Bulletin::kMaxPast + 4, "what is remembered is bounded");
      const auto* message = std::get_if<Message>(&*output);
      if (message == nullptr) continue;
      const auto content = std::get<icmp6::RouterAdvertisement>(check(*message, kLan));
      MICHI_INVARIANT(message->bytes.size() + icmp6::kIpv6Header <= link_mtu, "it fits");
      for (const auto& option : content.options)
        if (const auto* p = std::get_if<icmp6::PrefixInformation>(&option))
          MICHI_INVARIANT(p->preferred.count() <= 2700 && p->preferred <= p->valid &&
                              p->valid.count() <= (p->preferred.count() == 0 ? 7200 : 5400),
                          "lifetimes stay under their ceilings");
      if (message->destination != icmp6::kAllNodes) continue;
      MICHI_INVARIANT(told || !last_multicast || now == *last_multicast || now - *last_multicast >= seconds(3),
                      "advertisements that nothing changed keep their distance");
      last_multicast = now;
    }
    const bool idle = advertiser.state() == AdvertiserState::Idle;
    MICHI_INVARIANT(idle != advertiser.next_deadline().has_value(), "a deadline unless idle");
  }

  void drain_proxy() {
    unsigned outputs = 0;
    while (auto output = proxy.poll()) {
      MICHI_INVARIANT(++outputs < 4096, "outputs per step are bounded");
      const auto* sent = std::get_if<ProxyMessage>(&*output);
      if (sent == nullptr) continue;
      const auto message = check(sent->message, !sent->lan ? kWan : *sent->lan == 0 ? kLan : Ipv6::link_local(3));
      const auto* says = std::get_if<icmp6::NeighborAdvertisement>(&message);
      if (says == nullptr || sent->lan) continue;
      MICHI_INVARIANT(says->target != kOwn && kPrefix.contains(Address(says->target)), "only for hosts");
      MICHI_INVARIANT(shown.contains(says->target), "only for those that a LAN has shown");
    }
    MICHI_INVARIANT(proxy.candidates() <= Proxy::kMaxCandidates, "candidates are bounded");
    MICHI_INVARIANT(proxy.hosts().size() <= Proxy::kMaxHosts, "hosts are bounded");
  }

  void deliver(ByteVec bytes, const Ipv6& source, const Ipv6& destination, std::uint8_t where) {
    if (bytes.size() <= 0xffff) icmp6::seal(bytes, source, destination);
    const std::uint8_t hop_limit = (where & 0xf0) == 0xf0 ? 64 : 255;
    switch (where % 5) {
      case 0:
        discovery.on_message(bytes, source, destination, hop_limit, now);
        break;
      case 1:
        advertiser.on_message(bytes, source, destination, hop_limit, now);
        break;
      case 2:
        proxy.on_wan(bytes, source, destination, hop_limit, now);
        break;
      default:
        if (const auto message = icmp6::parse_message(bytes)) {
          if (const auto* says = std::get_if<icmp6::NeighborAdvertisement>(&*message)) shown.insert(says->target);
          shown.insert(source);
        }
        proxy.on_lan(where % 5 - 3, bytes, source, destination, hop_limit, now);
    }
  }

  std::uint32_t link_mtu;
  RouterDiscovery discovery;
  Advertiser advertiser;
  Proxy proxy;
  Instant now{};
  std::optional<Instant> last_solicit, last_multicast;
  std::int64_t reports = 0;
  std::set<Ipv6> shown;
};

icmp6::Message crafted(kit::Script& script) {
  const std::uint8_t bits = script.u8();
  switch (bits % 5) {
    case 0:
      return icmp6::RouterSolicitation{options(script)};
    case 1:
    case 2: {
      icmp6::RouterAdvertisement out;
      out.managed = (bits & 16) != 0;
      out.lifetime = script.u16();
      out.options = options(script);
      return out;
    }
    case 3:
      return icmp6::NeighborSolicitation{host(script.u8()), options(script)};
    default:
      return icmp6::NeighborAdvertisement{false, (bits & 16) != 0, (bits & 32) != 0, host(script.u8()),
                                          options(script)};
  }
}

void jump(Rig& rig, kit::Script& script, bool to_deadline) {
  if (to_deadline) {
    std::optional<Instant> next;
    for (const auto& at : {rig.discovery.next_deadline(), rig.advertiser.next_deadline(), rig.proxy.next_deadline()})
      if (at && (!next || *at < *next)) next = at;
    if (next && *next < Instant{} + hours(24 * 365)) rig.now = std::max(rig.now, *next);
  } else {
    rig.now += script.duration();
  }
  rig.discovery.on_deadline(rig.now);
  rig.advertiser.on_deadline(rig.now);
  rig.proxy.on_deadline(rig.now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kit::Script script(data, size);
  Rig rig(script);
  for (unsigned step = 0; step < 300 && !script.done(); ++step) {
    const std::uint8_t what = script.u8() % 12;
    switch (what) {
      case 0:
        rig.discovery.start(rig.now);
        break;
      case 1:
        rig.advertiser.start(wish(script, rig.now), {{prefix(script), true, true, script.duration() * 64}}, rig.now);
        break;
      case 2:
        rig.proxy.start({{host(2), 0}, {host(script.u8()), 1}}, rig.now);
        rig.shown = {host(2)};
        for (const HostRoute& route : rig.proxy.hosts()) rig.shown.insert(route.address);
        break;
      case 3:
        rig.advertiser.want(wish(script, rig.now), rig.now);
        break;
      case 4:
        jump(rig, script, false);
        break;
      case 5:
      case 6:
        jump(rig, script, true);
        break;
      case 7: {
        const std::uint8_t whom = script.u8();
        if (whom % 4 == 0) rig.discovery.stop(rig.now);
        if (whom % 4 == 1) rig.advertiser.stop(static_cast<FinalAdvertisement>(whom / 4 % 3), rig.now);
        if (whom % 4 == 2) rig.proxy.stop(rig.now);
        if (whom % 4 == 3) rig.discovery.solicit_again(rig.now);
        break;
      }
      case 8: {
        const Ipv6 source = address(script), destination = address(script);
        rig.deliver(script.bytes(), source, destination, script.u8());
        break;
      }
      default: {
        const Ipv6 source = address(script);
        const icmp6::Message message = crafted(script);
        const auto* asks = std::get_if<icmp6::NeighborSolicitation>(&message);
        const Ipv6 to = asks != nullptr ? icmp6::solicited_node(asks->target) : address(script);
        rig.deliver(icmp6::write_message(message), source, to, script.u8());
      }
    }
    rig.drain_discovery();
    rig.drain_advertiser(what == 1 || what == 3 || what == 7);
    rig.drain_proxy();
  }
  return 0;
}
