#pragma once
// runtime::Lans over fake doors in virtual time: a kernel view by hand, and what hosts of a LAN heard.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kit/fake_datagrams.hpp"
#include "kit/fake_echoes.hpp"
#include "kit/ndisc.hpp"
#include "runtime/lan/lans.hpp"
#include "sim/core_rig.hpp"

namespace michi::sim {

using kit::nd::ip;
using kit::nd::net;
using wire::icmp6::Lifetime;
using wire::icmp6::PrefixInformation;
using wire::icmp6::RouterAdvertisement;

inline constexpr Instant kGone{};  // a preferred lifetime that has ended
inline const Ipv6 kRouter = ip("fe80::1");

class LanRig : public testing::Test {
 protected:
  struct Clock final : port::Alarm {
    Instant now() const override { return time; }
    std::int64_t wall_seconds() const override { return wall; }
    void set(std::optional<Instant>) override {}
    void on_wake(port::Wake) override {}
    Instant time = Instant(seconds(1000));
    std::int64_t wall = 1'750'000'000;
  };
  struct NoFrames final : port::FrameSockets {
    Result<std::unique_ptr<port::FrameSocket>, port::OsError> open(const std::string&, port::FrameKind) override {
      return Fault(port::OsError{"open", 19});
    }
  };
  struct Said {
    Instant at;
    std::string device;
    Ipv6 to;
    RouterAdvertisement content;
  };

  LanRig() {
    files.sysctls["kernel/random/boot_id"] = "first";
    datagrams.on_sent = [this](const kit::FakeDatagrams::Sent& sent) {
      EXPECT_EQ(sent.source, kRouter);
      const auto message = wire::icmp6::parse_message(sent.bytes);
      ASSERT_TRUE(message);
      said.push_back({clock.time, sent.device, sent.destination, std::get<RouterAdvertisement>(*message)});
    };
    put_link("lan0");
    want.lan = "home";
    want.device = "lan0";
    want.default_router = true;
    wish("2001:db8:1::/64");
    boot();
  }

  void boot() {
    lans.reset();
    keeper = std::make_unique<runtime::RecordKeeper>(store, tickets);
    channels =
        std::make_unique<runtime::Channels>(runtime::Channels::Sockets{frames, datagrams, echoes}, [this] { ++wakes; });
    lans = std::make_unique<runtime::Lans>(*channels, *keeper, clock, files, Random::seeded(7));
    lans->recall(store.state, clock.time);
  }
  /// Dies without a word; what it left is all that the next one has.
  void crash() { boot(); }
  void reboot(std::int64_t wall) {
    files.sysctls["kernel/random/boot_id"] = "second";
    clock.wall = wall;
    boot();
  }

  void put_link(const std::string& device) {
    links[device] = {.name = device,
                     .index = static_cast<std::uint32_t>(links.size() + 2),
                     .up = true,
                     .carrier = true,
                     .mtu = 1500,
                     .mac = Mac{{2, 0, 0, 0, 0, 1}},
                     .kind = {},
                     .alias = {}};
    addresses.insert({.device = device, .address = net("fe80::1/64")});
  }
  void drop_link(const std::string& device) {
    links.erase(device);
    std::erase_if(addresses, [&](const auto& entry) { return entry.device == device; });
    see();
  }
  model::AdvertisedPrefix& wish(std::string_view prefix) {
    for (auto& p : want.prefixes)
      if (p.prefix == net(prefix)) return p;
    want.prefixes.push_back({.prefix = net(prefix)});
    return want.prefixes.back();
  }
  /// The router's address in a prefix stands: its first one.
  void put_address(std::string_view prefix, const std::string& device = "lan0") {
    auto own = *net(prefix).address.v6();
    own.octets[15] = 1;
    addresses.insert({.device = device, .address = {own, 64}});
    see();
  }
  /// As Core does in a turn.
  void decide() { decide({want}); }
  void decide(const std::vector<model::AdvertisementWant>& wants) {
    model::Desired desired;
    desired.advertisements = wants;
    lans->on_desired(desired, clock.time);
    see();
  }
  void see() {
    observed.links = links;
    observed.addresses = addresses;
    channels->on_kernel(links, clock.time);
    lans->on_kernel(observed, clock.time);
    listen();
  }
  void turn() {
    channels->on_deadline(clock.time);
    lans->turn(clock.time, runtime::Pass::First);
    listen();
  }
  void listen() {
    while (auto event = channels->poll_event()) events.push_back(*event);
    while (auto event = lans->poll_event()) events.push_back(*event);
  }
  Instant next_deadline() const {
    return std::min(lans->next_deadline().value_or(Instant::max()), channels->next_deadline().value_or(Instant::max()));
  }
  void begin() {
    decide();
    put_address("2001:db8:1::/64");
  }
  void run(Duration how_long) {
    const Instant end = clock.time + how_long;
    turn();
    unsigned turns = 0;
    while (next_deadline() <= end) {
      ASSERT_LT(++turns, 10000u) << "the clock stands still";
      clock.time = std::max(clock.time, next_deadline());
      turn();
    }
    clock.time = end;
  }
  void hear(const wire::icmp6::Message& message, const Ipv6& from, const Ipv6& to) {
    datagrams.arrive("lan0", port::Speaker::NdRouter,
                     {wire::icmp6::write_message(message, from, to), from, to, std::uint8_t{255}});
    turn();
  }

  const RouterAdvertisement& last() const { return said.back().content; }
  std::optional<PrefixInformation> told(const RouterAdvertisement& content, std::string_view prefix) const {
    for (const auto& option : kit::nd::all<PrefixInformation>(content.options))
      if (option.prefix == net(prefix)) return option;
    return std::nullopt;
  }
  std::optional<PrefixInformation> told(std::string_view prefix) const {
    return said.empty() ? std::nullopt : told(last(), prefix);
  }
  bool is_preferred(std::string_view prefix) const {
    return told(prefix) && told(prefix)->preferred > Lifetime::zero();
  }
  bool is_deprecated(std::string_view prefix) const {
    return told(prefix) && told(prefix)->preferred == Lifetime::zero();
  }
  bool ever_deprecated(std::string_view prefix) const {
    for (const auto& each : said)
      if (const auto option = told(each.content, prefix); option && option->preferred == Lifetime::zero()) return true;
    return false;
  }
  std::size_t count(std::string_view code) const {
    std::size_t n = 0;
    for (const auto& event : events) n += event.code == code;
    return n;
  }

  Clock clock;
  NoFrames frames;
  kit::FakeDatagrams datagrams;
  kit::FakeEchoes echoes;
  FakeStore store;
  FakeFiles files;
  runtime::Tickets tickets;
  model::Observed observed;
  std::map<std::string, model::Link> links;
  std::set<model::AddressEntry> addresses;
  model::AdvertisementWant want;
  std::unique_ptr<runtime::RecordKeeper> keeper;
  std::unique_ptr<runtime::Channels> channels;
  std::unique_ptr<runtime::Lans> lans;
  std::vector<Said> said;
  std::vector<model::Event> events;
  unsigned wakes = 0;
};

}  // namespace michi::sim
