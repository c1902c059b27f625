// Hosts of a LAN dial through the box, on wires that lose, repeat and reorder; the box dials for itself beside them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/pppoe/pass_through.hpp"
#include "kit/fake_isp.hpp"
#include "kit/uplink_node.hpp"
#include "wire/pppoe.hpp"

namespace michi::sim {
namespace {

using engine::pppoe::PassEnd;
using wire::pppoe::Code;

constexpr Duration kKernelTakes = milliseconds(5);  // from a session's name to its frames being carried
constexpr Mac kBox{{2, 0, 0, 0, 0, 0xb0}}, kConsole{{2, 0, 0, 0, 0, 0xc0}}, kNas{{2, 0, 0, 0, 0, 0xd0}};

bool begins_lcp(const wire::pppoe::Framed& framed) {
  Reader in(framed.packet.payload);
  return in.u16() == 0xc021 && in.u8() == 1;
}

/// The box between a LAN and a line: the engine for discovery, and a kernel that carries what the engine named.
class Box {
 public:
  Box(kit::World& world, kit::Wire& lan, kit::Wire& line)
      : world_(world), lan_(*this, world, lan), line_(*this, world, line) {}

  void places(std::optional<unsigned> count) { pass.configure({.lans = {"home"}, .places = count, .own = {kBox}}); }
  bool knows(const model::SessionRecord& session) const {
    return std::ranges::any_of(pass.sessions(), [&](const auto& one) {
      return one.client == session.local && one.concentrator == session.peer && one.id == session.session_id;
    });
  }

  engine::pppoe::PassThrough pass;
  std::vector<PassEnd> ends;
  std::size_t refused = 0;

 private:
  struct Side final : kit::Node {
    Side(Box& owner, kit::World& world, kit::Wire& on) : box(owner), wire(on) {
      wire.attach(*this);
      world.add(*this);
    }
    void on_frame(Bytes frame, Instant now) override { box.hear(*this, frame, now); }
    void on_deadline(Instant now) override {
      if (this == &box.line_) box.pass.on_deadline(now);
    }
    std::optional<Instant> next_deadline() const override {
      return this == &box.line_ ? box.pass.next_deadline() : std::nullopt;
    }
    bool drain(Instant) override { return box.drain(); }
    Box& box;
    kit::Wire& wire;
  };

  void hear(Side& side, Bytes frame, Instant now) {
    const auto framed = wire::pppoe::parse_frame(frame);
    if (!framed) return;
    const bool from_lan = &side == &lan_;
    if (framed->packet.code != Code::Session) {
      from_lan ? pass.on_lan_frame("home", frame, now) : pass.on_link_frame(frame, now);
      return;
    }
    const Mac& client = from_lan ? framed->header.source : framed->header.destination;
    const Mac& concentrator = from_lan ? framed->header.destination : framed->header.source;
    if (carried(client, concentrator, framed->packet.session_id)) {
      pass.on_traffic(client, concentrator, framed->packet.session_id, ++passed_, now);
      Side& other = from_lan ? line_ : lan_;
      other.wire.send(&other, copy_of(frame));
    } else if (!from_lan && begins_lcp(*framed)) {
      pass.on_link_frame(frame, now);
    }
  }

  bool carried(const Mac& client, const Mac& concentrator, std::uint16_t id) const {
    return std::ranges::any_of(carried_, [&](const auto& one) {
      return one.client == client && one.concentrator == concentrator && one.id == id;
    });
  }

  bool drain() {
    bool any = false;
    while (auto output = pass.poll()) {
      any = true;
      if (auto* sent = std::get_if<engine::pppoe::PassFrame>(&*output)) {
        Side& to = sent->lan ? lan_ : line_;
        to.wire.send(&to, sent->frame);
      } else if (std::holds_alternative<engine::pppoe::PassOpened>(*output)) {
        world_.after(kKernelTakes, [this] {
          carried_ = pass.sessions();
          pass.on_carried(world_.now());
        });
      } else if (auto* closed = std::get_if<engine::pppoe::PassClosed>(&*output)) {
        ends.push_back(closed->why);
        carried_ = pass.sessions();
      } else {
        ++refused;
      }
    }
    return any;
  }

  kit::World& world_;
  Side lan_, line_;
  std::vector<engine::pppoe::PassedSession> carried_;
  std::uint64_t passed_ = 0;
};

kit::UplinkSetup dialler(const Mac& mac) {
  auto setup = kit::plain_setup();
  setup.interface.mac = mac;
  return setup;
}

struct Home {
  explicit Home(std::uint64_t seed) : world(seed) { box.places({}); }

  bool dial(kit::UplinkNode& who, Duration limit = seconds(10)) {
    who.boot();
    return comes_up(who, limit);
  }
  bool comes_up(kit::UplinkNode& who, Duration limit) {
    return world.run_until([&] { return who.facts().usable(Family::V4) && who.facts().usable(Family::V6); }, limit);
  }
  void both(const kit::Weather& weather) { lan.weather() = line.weather() = weather; }
  std::string broken() const {
    std::string all = world.trouble();
    for (const auto* node : {&console, &nas, &own})
      for (const auto& law : node->broken_laws()) all += law + "\n";
    return all;
  }

  kit::World world;
  kit::Wire lan{world, {}}, line{world, {}};
  kit::FakeIsp isp{world, line};
  Box box{world, lan, line};
  kit::GateNode gate{world, 8}, consoles_gate{world}, nas_gate{world};  // each dials by itself
  kit::UplinkNode own{world, line, gate, dialler(kBox)};
  kit::UplinkNode console{world, lan, consoles_gate, dialler(kConsole)};
  kit::UplinkNode nas{world, lan, nas_gate, dialler(kNas)};
};

TEST(PassThroughStory, AHostDialsBesideTheBoxAndHangsUp) {
  Home home(1);
  ASSERT_TRUE(home.dial(home.own));
  ASSERT_TRUE(home.dial(home.console));
  EXPECT_EQ(home.isp.up_count(), 2u);
  ASSERT_EQ(home.box.pass.sessions().size(), 1u);
  EXPECT_EQ(home.box.pass.sessions()[0].client, kConsole);
  home.world.run(minutes(15));
  EXPECT_EQ(home.box.pass.sessions().size(), 1u) << "its echoes are a sign of life";
  home.console->stop(home.world.now());
  home.world.run(seconds(10));
  EXPECT_TRUE(home.box.pass.sessions().empty());
  EXPECT_EQ(home.box.ends, std::vector{PassEnd::Client});
  EXPECT_TRUE(home.own.up());
  EXPECT_EQ(home.isp.up_count(), 1u);
  EXPECT_EQ(home.broken(), "");
}

TEST(PassThroughStory, TheFirstSetUpLosesNoTimeToTheKernel) {
  Home home(2);
  ASSERT_TRUE(home.dial(home.console, seconds(1)))
      << "what the access concentrator says before its frames are carried would cost its restart timer of 3 s";
}

TEST(PassThroughStory, TheLastPlaceIsOneHostSAndThenTheOtherS) {
  Home home(3);
  home.box.places(1);
  ASSERT_TRUE(home.dial(home.console));
  EXPECT_FALSE(home.dial(home.nas, minutes(2)));
  EXPECT_GE(home.box.refused, 1u);
  EXPECT_EQ(home.isp.up_count(), 1u);
  home.console->stop(home.world.now());
  ASSERT_TRUE(home.comes_up(home.nas, minutes(10)));
  ASSERT_EQ(home.box.pass.sessions().size(), 1u);
  EXPECT_EQ(home.box.pass.sessions()[0].client, kNas);
}

TEST(PassThroughStory, AHostThatLosesPowerDialsAgainIntoItsOwnPlace) {
  Home home(4);
  home.box.places(1);
  ASSERT_TRUE(home.dial(home.console));
  home.console.unplug();
  home.world.run(seconds(5));
  home.console.plug();
  ASSERT_TRUE(home.comes_up(home.console, minutes(5)));
  EXPECT_EQ(home.box.pass.sessions().size(), 1u);
}

TEST(PassThroughStory, HostsComeUpAndLeaveNothingBehindInAnyWeather) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Home home(seed);
    home.both(
        {.jitter = milliseconds(5), .loss = static_cast<unsigned>(seed % 3) * 100, .duplicate = 50, .reorder = 50});
    ASSERT_TRUE(home.dial(home.console, minutes(20)));
    ASSERT_TRUE(home.dial(home.nas, minutes(20)));
    // Others may be there: a confirmation that was lost leaves a session that its client does not know.
    for (const auto* host : {&home.console, &home.nas}) {
      const auto& session = host->facts().session;
      EXPECT_TRUE(!session || home.box.knows(*session));
    }
    EXPECT_LE(home.box.pass.sessions().size(), 12u);
    home.console->stop(home.world.now());
    home.nas->stop(home.world.now());
    home.world.run(minutes(20));
    EXPECT_TRUE(home.box.pass.sessions().empty());
    EXPECT_EQ(home.box.pass.clients(), 0u);
    EXPECT_EQ(home.broken(), "");
  }
}

}  // namespace
}  // namespace michi::sim
