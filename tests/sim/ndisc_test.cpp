// Neighbour discovery on wires that lose, double and reorder: a line that renumbers and the LAN behind
// it; a proxy between a line with one /64 and two LANs.
#include "kit/ndisc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "engine/ndisc/advertiser.hpp"
#include "engine/ndisc/proxy.hpp"
#include "engine/ndisc/router_discovery.hpp"

namespace michi::sim {
namespace {

using namespace engine::ndisc;
using kit::Weather;
using kit::Wire;
using kit::World;
using kit::nd::ip;
using kit::nd::NdNode;
using kit::nd::net;
using wire::icmp6::NeighborAdvertisement;
using wire::icmp6::NeighborSolicitation;

constexpr std::uint64_t kSeeds = 60;
const Weather kFair{};
const Weather kRough{milliseconds(1), milliseconds(30), 300, 200, 300, milliseconds(40)};

const Prefix kOld = net("2001:db8:1::/64"), kNew = net("2001:db8:2::/64");

DiscoverySettings host_settings(std::uint64_t id) {
  DiscoverySettings out;
  out.local = Ipv6::link_local(id);
  out.interface_id = id;
  return out;
}
AdvertiserSettings router_settings(std::uint64_t id) {
  AdvertiserSettings out;
  out.local = Ipv6::link_local(id);
  return out;
}

Advertisement only(const Prefix& prefix) {
  Advertisement out;
  out.prefixes = {{prefix}};
  return out;
}

/// A provider's router, our uplink on its link, our LAN with the prefix it gave, and a host there.
struct House {
  House(std::uint64_t seed, Weather weather) : world(seed), line(world, weather), lan(world, weather) {}

  void pass_on() {
    Advertisement wanted;
    for (const FormedAddress& a : uplink.engine.learned(world.now()).addresses)
      wanted.prefixes.push_back({a.prefix, a.preferred_until, a.valid_until});
    inside.engine.want(std::move(wanted), world.now());
  }
  /// As the daemon would: every report of the uplink becomes a wish on the LAN.
  bool run_until(const std::function<bool()>& condition, Duration limit) {
    return world.run_until(
        [&] {
          for (; seen < uplink.reports.size(); ++seen) pass_on();
          return condition();
        },
        limit);
  }
  const FormedAddress* host_address(const Prefix& prefix) {
    now_known = host.engine.learned(world.now());
    const auto found = std::ranges::find(now_known.addresses, prefix, &FormedAddress::prefix);
    return found != now_known.addresses.end() ? &*found : nullptr;
  }
  bool prefers(const Prefix& prefix) {
    const FormedAddress* address = host_address(prefix);
    return address != nullptr && !address->deprecated;
  }

  World world;
  Wire line, lan;
  NdNode<Advertiser> provider{world, line, Ipv6::link_local(1), Advertiser(router_settings(1), Random::seeded(1))};
  NdNode<RouterDiscovery> uplink{world, line, Ipv6::link_local(2),
                                 RouterDiscovery(host_settings(2), Random::seeded(2))};
  NdNode<Advertiser> inside{world, lan, Ipv6::link_local(3), Advertiser(router_settings(3), Random::seeded(3))};
  NdNode<RouterDiscovery> host{world, lan, Ipv6::link_local(4), RouterDiscovery(host_settings(4), Random::seeded(4))};
  std::size_t seen = 0;
  Learned now_known;
};

void begin(House& house) {
  house.provider.engine.start(only(kOld), {}, house.world.now());
  house.inside.engine.start({}, {}, house.world.now());
  house.uplink.engine.start(house.world.now());
  house.host.engine.start(house.world.now());
}

TEST(NdiscStory, APrefixThatChangesReachesTheHostsInTheSameMoment) {
  House house(1, kFair);
  begin(house);
  ASSERT_TRUE(house.run_until([&] { return house.prefers(kOld); }, seconds(2)));
  house.world.run(seconds(100));
  house.provider.engine.want(only(kNew), house.world.now());
  const Instant changed = house.world.now();
  ASSERT_TRUE(house.run_until([&] { return house.prefers(kNew) && !house.prefers(kOld); }, seconds(1)));
  EXPECT_EQ(house.world.now(), changed + milliseconds(2)) << "twice the delay of a wire, and nothing else";
  house.provider.engine.stop(FinalAdvertisement::NothingHolds, house.world.now());
  ASSERT_TRUE(house.run_until([&] { return !house.prefers(kNew); }, milliseconds(2)));
  EXPECT_TRUE(house.uplink.engine.learned(house.world.now()).routers.empty());
  EXPECT_EQ(house.world.trouble(), "");
}

TEST(NdiscStory, ARoughWireDelaysAChangeAndLosesNone) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    House house(seed, kRough);
    begin(house);
    ASSERT_TRUE(house.run_until([&] { return house.prefers(kOld); }, seconds(120)));
    house.provider.engine.want(only(kNew), house.world.now());
    ASSERT_TRUE(house.run_until([&] { return house.prefers(kNew) && !house.prefers(kOld); }, seconds(1800)));
    EXPECT_LE(house.uplink.reports.size(), 20u);
    ASSERT_TRUE(house.run_until([&] { return house.host_address(kOld) == nullptr; }, seconds(7200)));
    EXPECT_TRUE(house.prefers(kNew));
    EXPECT_EQ(house.world.trouble(), "");
  }
}

TEST(NdiscStory, ALineThatFallsSilentEndsWithItsLifetimesAndComesBackAsked) {
  House house(3, kFair);
  begin(house);
  ASSERT_TRUE(house.run_until([&] { return house.prefers(kOld); }, seconds(2)));
  house.provider.engine.stop(FinalAdvertisement::None, house.world.now());
  ASSERT_TRUE(house.run_until([&] { return !house.prefers(kOld); }, seconds(2715)));
  ASSERT_TRUE(house.run_until([&] { return house.host_address(kOld) == nullptr; }, seconds(2715)));
  EXPECT_EQ(house.uplink.engine.state(), DiscoveryState::Soliciting);
  house.provider.engine.start(only(kNew), {}, house.world.now());
  ASSERT_TRUE(house.run_until([&] { return house.prefers(kNew); }, seconds(1)));
}

/// A host that has one address and defends it.
class LanHost : public kit::Node {
 public:
  LanHost(World& world, Wire& wire, Ipv6 address) : address_(address), wire_(wire) {
    world.add(*this);
    wire.attach(*this);
  }
  void on_frame(Bytes frame, Instant) override {
    const auto h = kit::nd::heard(frame);
    const auto message = wire::icmp6::parse_message(h.icmp6);
    const auto* asks = message ? std::get_if<NeighborSolicitation>(&*message) : nullptr;
    if (!here || asks == nullptr || asks->target != address_) return;
    const NeighborAdvertisement says{false, true, true, address_, {wire::icmp6::TargetLinkLayer{Mac{{2, 9}}}}};
    pending_.push_back(kit::nd::frame_of(make_message(says, address_, h.source)));
  }
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant) override {
    for (ByteVec& frame : std::exchange(pending_, {})) wire_.send(this, std::move(frame));
    return false;
  }
  bool here = true;

 private:
  Ipv6 address_;
  Wire& wire_;
  std::vector<ByteVec> pending_;
};

/// The provider's router: wants to reach some addresses and asks every second until it is answered.
class Asker : public kit::Node {
 public:
  Asker(World& world, Wire& wire, std::vector<Ipv6> targets) : wanted(std::move(targets)), world_(world), wire_(wire) {
    world.add(*this);
    wire.attach(*this);
  }
  void on_frame(Bytes frame, Instant) override {
    const auto message = wire::icmp6::parse_message(kit::nd::heard(frame).icmp6);
    if (const auto* says = message ? std::get_if<NeighborAdvertisement>(&*message) : nullptr)
      answered.insert(says->target);
  }
  void on_deadline(Instant now) override {
    at_ = now + seconds(1);
    ask_ = true;
  }
  std::optional<Instant> next_deadline() const override { return at_; }
  bool drain(Instant) override {
    if (!std::exchange(ask_, false)) return false;
    for (const Ipv6& target : wanted)
      if (!answered.contains(target))
        wire_.send(this, kit::nd::frame_of(make_message(NeighborSolicitation{target, {}}, Ipv6::link_local(0xa),
                                                        wire::icmp6::solicited_node(target))));
    return true;
  }
  std::vector<Ipv6> wanted;
  std::set<Ipv6> answered;

 private:
  World& world_;
  Wire& wire_;
  Instant at_ = world_.now();
  bool ask_ = false;
};

/// One side of the proxy as a node of its wire; the WAN's drains for all.
class ProxyPort : public kit::Node {
 public:
  ProxyPort(World& world, Wire& its_wire, Proxy& proxy, std::optional<std::size_t> lan)
      : wire(its_wire), proxy_(proxy), lan_(lan) {
    world.add(*this);
    wire.attach(*this);
  }
  void on_frame(Bytes frame, Instant now) override {
    const auto h = kit::nd::heard(frame);
    if (lan_)
      proxy_.on_lan(*lan_, h.icmp6, h.source, h.destination, h.hop_limit, now);
    else
      proxy_.on_wan(h.icmp6, h.source, h.destination, h.hop_limit, now);
  }
  void on_deadline(Instant now) override { proxy_.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return proxy_.next_deadline(); }
  bool drain(Instant) override {
    bool any = false;
    while (!lan_) {
      const auto output = proxy_.poll();
      if (!output) break;
      any = true;
      if (const auto* sent = std::get_if<ProxyMessage>(&*output)) {
        const ProxyPort& port = sent->lan ? *lans[*sent->lan] : *this;
        port.wire.send(&port, kit::nd::frame_of(sent->message));
      } else if (const auto* route = std::get_if<HostRoute>(&*output)) {
        routes[route->address] = route->lan;
      } else {
        routes.erase(std::get<HostGone>(*output).address);
      }
    }
    return any;
  }
  std::vector<ProxyPort*> lans;
  std::map<Ipv6, std::size_t> routes;
  Wire& wire;

 private:
  Proxy& proxy_;
  std::optional<std::size_t> lan_;
};

TEST(NdiscStory, AProxyFindsTheHostsOfBothLansOnRoughWiresAndInventsNone) {
  const Ipv6 first = ip("2001:db8:1::11"), second = ip("2001:db8:1::22"), nobody = ip("2001:db8:1::33");
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    Wire line(world, kRough), one(world, kRough), two(world, kRough);
    ProxySettings settings;
    settings.prefix = kOld;
    settings.wan = {Ipv6::link_local(1), Mac{{2, 0, 0, 0, 0, 1}}};
    settings.lans = {{Ipv6::link_local(2), Mac{{2, 0, 0, 0, 0, 2}}}, {Ipv6::link_local(3), Mac{{2, 0, 0, 0, 0, 3}}}};
    Proxy proxy(settings, Random::seeded(seed));
    proxy.start({}, world.now());
    ProxyPort wan(world, line, proxy, std::nullopt), lan_one(world, one, proxy, 0), lan_two(world, two, proxy, 1);
    wan.lans = {&lan_one, &lan_two};
    LanHost a(world, one, first), b(world, two, second);
    Asker asker(world, line, {first, second, nobody});
    ASSERT_TRUE(world.run_until([&] { return asker.answered.size() >= 2; }, seconds(60)));
    EXPECT_EQ(wan.routes, (std::map<Ipv6, std::size_t>{{first, 0}, {second, 1}}));
    world.run(minutes(3));
    EXPECT_FALSE(asker.answered.contains(nobody));
    a.here = false;
    asker.wanted.clear();
    ASSERT_TRUE(world.run_until([&] { return !wan.routes.contains(first); }, minutes(7)));
    EXPECT_EQ(world.trouble(), "");
  }
}

}  // namespace
}  // namespace michi::sim
