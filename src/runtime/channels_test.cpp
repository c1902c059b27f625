// Channels over fake sockets: what is wanted is open while its device is there, however often the kernel refuses.
#include "runtime/channels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "kit/fake_datagrams.hpp"
#include "kit/fake_echoes.hpp"
#include "kit/fake_frames.hpp"

namespace michi::runtime {
namespace {

using port::FrameKind;
using Part = ChannelOwner::Part;

constexpr Mac kOwn{{2, 0, 0, 0, 0, 7}}, kOther{{2, 0, 0, 0, 0, 8}};
const ChannelOwner kIsp{Part::Uplinks, "isp"}, kBiz{Part::Uplinks, "biz"}, kLan{Part::Lans, "lan0"};
const ChannelId kPppoe{ChannelType::Pppoe, "wan0"};

class ChannelsTest : public ::testing::Test {
 protected:
  void see(std::uint32_t index) {
    links.clear();
    if (index != 0) links["wan0"] = {.name = "wan0", .index = index, .mac = {}, .kind = {}, .alias = {}};
    channels.on_kernel(links, now);
  }
  void run(Duration time) {
    const Instant end = now + time;
    while (channels.next_deadline() && *channels.next_deadline() <= end) {
      now = std::max(now, *channels.next_deadline());
      channels.on_deadline(now);
    }
    now = end;
  }
  std::vector<Channels::State> changes(Part part) {
    std::vector<Channels::State> out;
    while (auto change = channels.poll(part)) out.push_back(change->state);
    return out;
  }
  std::vector<model::Event> events() {
    std::vector<model::Event> out;
    while (auto event = channels.poll_event()) out.push_back(*event);
    return out;
  }

  kit::FakeFrames frames;
  kit::FakeDatagrams datagrams;
  kit::FakeEchoes echoes;
  unsigned wakes = 0;
  Channels channels{{frames, datagrams, echoes}, [this] { ++wakes; }};
  std::map<std::string, model::Link> links;
  Instant now{};
};

TEST_F(ChannelsTest, OpensWhatIsWantedWhileItsDeviceIsThere) {
  channels.want(kIsp, {{.id = kPppoe, .addresses = {kOwn}}}, now);
  EXPECT_FALSE(channels.is_open(kPppoe));
  see(2);
  EXPECT_EQ(changes(Part::Uplinks), std::vector{Channels::State::Open});
  EXPECT_EQ(frames.addresses("wan0", FrameKind::Pppoe), std::set{kOwn});
  see(0);
  EXPECT_EQ(changes(Part::Uplinks), std::vector{Channels::State::Closed});
  EXPECT_FALSE(frames.is_open("wan0", FrameKind::Pppoe));
}

TEST_F(ChannelsTest, AnotherDeviceOfTheSameNameIsOpenedAnewAndNobodyNeedsToBeTold) {
  channels.want(kIsp, {{.id = kPppoe}}, now);
  see(2);
  changes(Part::Uplinks);
  see(3);
  EXPECT_TRUE(changes(Part::Uplinks).empty());
  EXPECT_TRUE(channels.is_open(kPppoe));
  EXPECT_EQ((frames.opened[{"wan0", FrameKind::Pppoe}]), 2);
}

TEST_F(ChannelsTest, IsSharedByAllWhoWantItWithTheAddressesOfAll) {
  see(2);
  channels.want(kIsp, {{.id = kPppoe, .addresses = {kOwn}}}, now);
  channels.want(kBiz, {{.id = kPppoe, .addresses = {kOther}}}, now);
  EXPECT_EQ((frames.opened[{"wan0", FrameKind::Pppoe}]), 1);
  EXPECT_EQ(frames.addresses("wan0", FrameKind::Pppoe), (std::set{kOwn, kOther}));
  channels.want(kIsp, {}, now);
  EXPECT_EQ(frames.addresses("wan0", FrameKind::Pppoe), std::set{kOther});
  channels.want(kBiz, {}, now);
  EXPECT_FALSE(frames.is_open("wan0", FrameKind::Pppoe));
  EXPECT_EQ(channels.next_deadline(), std::nullopt);
}

/// One type after the other, with the fakes that can refuse it.
struct Refused {
  const char* name;
  ChannelType type;
};
class EveryChannel : public ChannelsTest, public ::testing::WithParamInterface<Refused> {
 protected:
  void refuse(bool refused) {
    for (const auto kind : {FrameKind::Pppoe, FrameKind::Dhcp4, FrameKind::PassThrough})
      frames.refusals[{"wan0", kind}] = refused ? 1'000'000 : 0;
    datagrams.missing = refused ? std::set<std::string>{"wan0"} : std::set<std::string>{};
    echoes.missing = datagrams.missing;
  }
  const ChannelId id{GetParam().type, "wan0"};
};

TEST_P(EveryChannel, RefusedForAnHourAtAStartIsToldOnceAndOpenWithinFiveSecondsAfterwards) {
  refuse(true);
  channels.want(kIsp, {{.id = id}}, now);
  see(2);
  run(hours(1));
  EXPECT_EQ(changes(Part::Uplinks), std::vector{Channels::State::Refused});
  EXPECT_EQ(events().size(), 1U);
  refuse(false);
  run(seconds(5));
  EXPECT_TRUE(channels.is_open(id));
  EXPECT_EQ(changes(Part::Uplinks), std::vector{Channels::State::Open});
  EXPECT_EQ(channels.next_deadline(), std::nullopt);
}

TEST_P(EveryChannel, RefusedInMidLifeWhenItsDeviceIsAnotherIsTriedAgain) {
  channels.want(kIsp, {{.id = id}}, now);
  see(2);
  changes(Part::Uplinks);
  refuse(true);
  see(3);
  EXPECT_EQ(changes(Part::Uplinks), std::vector{Channels::State::Refused});
  see(0);
  see(4);
  run(seconds(50));
  EXPECT_FALSE(channels.is_open(id));
  refuse(false);
  run(seconds(5));
  EXPECT_TRUE(channels.is_open(id));
}

TEST_P(EveryChannel, AnotherReasonIsToldAnewAfterItHadOpened) {
  refuse(true);
  channels.want(kIsp, {{.id = id}}, now);
  see(2);
  refuse(false);
  run(seconds(5));
  refuse(true);
  see(3);
  EXPECT_EQ(events().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Types, EveryChannel,
                         ::testing::Values(Refused{"Pppoe", ChannelType::Pppoe}, Refused{"Dhcp4", ChannelType::Dhcp4},
                                           Refused{"PassThrough", ChannelType::PassThrough},
                                           Refused{"NdHost", ChannelType::NdHost},
                                           Refused{"NdRouter", ChannelType::NdRouter},
                                           Refused{"NdProxy", ChannelType::NdProxy},
                                           Refused{"Dhcp6Client", ChannelType::Dhcp6Client},
                                           Refused{"Echo4", ChannelType::Echo4}, Refused{"Echo6", ChannelType::Echo6}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(ChannelsTest, RefusedOnceOrTenTimesIsTriedEveryFiveSeconds) {
  for (const int times : {1, 10}) {
    frames.refusals[{"wan0", FrameKind::Pppoe}] = times;
    channels.want(kIsp, {{.id = kPppoe}}, now);
    see(2);
    run(Channels::kRetry * times - milliseconds(1));
    EXPECT_FALSE(channels.is_open(kPppoe)) << times;
    run(milliseconds(1));
    EXPECT_TRUE(channels.is_open(kPppoe)) << times;
    channels.want(kIsp, {}, now);
  }
}

TEST_F(ChannelsTest, AFloodIsReadInBoundedPiecesAndTheRestWakesTheLoop) {
  see(2);
  channels.want(kIsp, {{.id = kPppoe}}, now);
  for (int i = 0; i < 3000; ++i) frames.arrive("wan0", FrameKind::Pppoe, ByteVec(64));
  unsigned heard = 0;
  wakes = 0;
  channels.take_frames(kPppoe, Channels::Look::WhereTold, [&](const ByteVec&) { ++heard; });
  EXPECT_EQ(heard, 1024U);
  EXPECT_EQ(wakes, 1U);
  for (int i = 0; i < 3; ++i) channels.take_frames(kPppoe, Channels::Look::WhereTold, [&](const ByteVec&) { ++heard; });
  EXPECT_EQ(heard, 3000U);
}

TEST_F(ChannelsTest, WhoeverHearsMayCloseTheChannel) {
  see(2);
  channels.want(kIsp, {{.id = kPppoe}}, now);
  for (int i = 0; i < 200; ++i) frames.arrive("wan0", FrameKind::Pppoe, ByteVec(64));
  unsigned heard = 0;
  channels.take_frames(kPppoe, Channels::Look::WhereTold, [&](const ByteVec&) {
    ++heard;
    channels.want(kIsp, {}, now);
  });
  EXPECT_EQ(heard, 64U) << "what was read already";
}

TEST_F(ChannelsTest, PartsHearOnlyOfTheirOwn) {
  see(2);
  channels.want(kIsp, {{.id = kPppoe}}, now);
  channels.want(kLan, {{.id = {ChannelType::NdRouter, "wan0"}}}, now);
  EXPECT_EQ(changes(Part::Lans).size(), 1U);
  EXPECT_EQ(changes(Part::Uplinks).size(), 1U);
}

}  // namespace
}  // namespace michi::runtime
