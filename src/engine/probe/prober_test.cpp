#include "engine/probe/prober.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "kit/probe_peer.hpp"

namespace michi::engine::probe {
namespace {

using wire::icmp6::Echo;

const Address kHop = *parse_address("192.0.2.1");
const Address kOne = *parse_address("198.51.100.53"), kTwo = *parse_address("203.0.113.53");
const Address kHop6 = *parse_address("fe80::1"), kOne6 = *parse_address("2001:db8::53");

/// A prober, and destinations that answer after a while or not at all.
class ProberTest : public testing::Test {
 protected:
  void start(Settings settings, std::optional<Address> hop = kHop) {
    prober.emplace(std::move(settings), Random::seeded(1));
    prober->start(hop, now);
    drain();
  }
  static Settings with(std::vector<Address> targets = {}, unsigned failures = 3) {
    return {.family = Family::V4, .targets = std::move(targets), .failures = failures};
  }
  void drain() {
    while (auto output = prober->poll()) {
      if (const auto* judged = std::get_if<Judgement>(&*output)) {
        told.emplace_back(now, *judged);
        continue;
      }
      auto& ask = std::get<Ask>(*output);
      asked[ask.to].push_back(ask.message);
      const auto delay = answering.find(ask.to);
      if (delay != answering.end())
        arrivals.emplace(now + delay->second, std::pair{ask.to, kit::answer_to(ask.to.family(), ask.message)});
    }
  }
  void hear(const Address& from, Bytes message) {
    prober->on_message(message, from, now);
    drain();
  }
  void run(Duration time) {
    const Instant end = now + time;
    while (true) {
      const auto due = prober->next_deadline();
      const bool arrives = !arrivals.empty() && arrivals.begin()->first <= end;
      if (arrives && (!due || arrivals.begin()->first <= *due)) {
        const auto [at, what] = *arrivals.begin();
        arrivals.erase(arrivals.begin());
        now = at;
        hear(what.first, what.second);
      } else if (due && *due <= end) {
        now = *due;
        prober->on_deadline(now);
        drain();
      } else {
        break;
      }
    }
    now = end;
  }
  Verdict verdict() const { return prober->judgement().verdict; }
  Stage stage() const { return prober->judgement().stage; }

  Instant now = Instant{} + seconds(100);
  std::optional<Prober> prober;
  std::map<Address, Duration> answering;
  std::multimap<Instant, std::pair<Address, ByteVec>> arrivals;
  std::map<Address, std::vector<ByteVec>> asked;
  std::vector<std::pair<Instant, Judgement>> told;
};

TEST_F(ProberTest, TheFirstAnswerMakesItGoodAndItsTimeIsKnown) {
  answering[kHop] = milliseconds(7);
  start(with());
  EXPECT_EQ(verdict(), Verdict::Unknown);
  run(milliseconds(7));
  EXPECT_EQ(verdict(), Verdict::Good);
  ASSERT_EQ(prober->destinations().size(), 1U);
  EXPECT_EQ(prober->destinations()[0].round_trip, milliseconds(7));
  EXPECT_TRUE(prober->destinations()[0].is_next_hop);
}

TEST_F(ProberTest, ItAsksOnceAnIntervalAndNeverTheSameTwice) {
  start(with({kOne}));
  run(seconds(60));
  EXPECT_EQ(asked[kHop].size(), 61U);
  EXPECT_EQ(asked[kOne].size(), 61U);
  std::set<ByteVec> tokens;
  std::set<std::uint16_t> sequences, identifiers;
  for (const auto& [to, messages] : asked)
    for (const auto& message : messages) {
      const auto echo = kit::echo_in(Family::V4, message);
      tokens.insert(echo.data);
      sequences.insert(echo.sequence);
      identifiers.insert(echo.identifier);
    }
  EXPECT_EQ(tokens.size(), 122U);
  EXPECT_EQ(sequences.size(), 122U);
  EXPECT_EQ(identifiers.size(), 1U);
}

TEST_F(ProberTest, ThreeIntervalsWithoutAnAnswerKillItAndNotAMillisecondEarlier) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(milliseconds(5));
  ASSERT_EQ(verdict(), Verdict::Good);
  answering.clear();  // the questions of 1, 2 and 3 s are lost
  run(milliseconds(3994));
  EXPECT_EQ(verdict(), Verdict::Good);
  run(milliseconds(1));
  EXPECT_EQ(verdict(), Verdict::Dead);
  EXPECT_EQ(stage(), Stage::NextHop);
}

TEST_F(ProberTest, AnAnswerAMillisecondBeforeTheEndSavesIt) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(milliseconds(5));
  answering.clear();
  run(milliseconds(3994));
  hear(kHop, kit::answer_to(Family::V4, asked[kHop].back()));
  run(milliseconds(1));
  EXPECT_EQ(verdict(), Verdict::Good);
}

TEST_F(ProberTest, AFullLineAnswersLateAndIsNotDead) {
  answering[kHop] = milliseconds(2700);
  answering[kOne] = milliseconds(2700);
  start(with({kOne}));
  run(minutes(10));
  EXPECT_EQ(verdict(), Verdict::Good);
  EXPECT_EQ(told.size(), 1U);
  EXPECT_GT(prober->counters().late, 1000U);
}

TEST_F(ProberTest, ItRecoversAfterAsManyAnswersInARowAsItIsTold) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(seconds(1));
  answering.clear();
  run(seconds(6));
  ASSERT_EQ(verdict(), Verdict::Dead);
  const auto answer = [&](bool yes) {
    answering.clear();
    if (yes) answering[kHop] = milliseconds(5);
    run(seconds(1));
  };
  for (const bool yes : {true, true, false, true, true}) answer(yes);
  EXPECT_EQ(verdict(), Verdict::Dead);
  answering[kHop] = milliseconds(5);
  run(milliseconds(1010));
  EXPECT_EQ(verdict(), Verdict::Good);
}

TEST_F(ProberTest, ANextHopThatNeverAnswersCondemnsNothing) {
  start(with());
  run(hours(1));
  EXPECT_EQ(verdict(), Verdict::Unknown);
  EXPECT_TRUE(told.empty());
}

TEST_F(ProberTest, ATargetThatNeverAnswersCondemnsTheLine) {
  answering[kHop] = milliseconds(2);
  start(with({kOne}));
  run(milliseconds(2999));
  EXPECT_EQ(verdict(), Verdict::Unknown);
  run(milliseconds(1));
  EXPECT_EQ(verdict(), Verdict::Dead);
  EXPECT_EQ(stage(), Stage::Beyond);
}

TEST_F(ProberTest, OneTargetOfSeveralIsEnough) {
  answering = {{kHop, milliseconds(2)}, {kOne, milliseconds(9)}, {kTwo, milliseconds(9)}};
  start(with({kOne, kTwo}));
  run(seconds(5));
  answering.erase(kOne);
  run(minutes(5));
  EXPECT_EQ(verdict(), Verdict::Good);
  answering.erase(kTwo);
  run(seconds(5));
  EXPECT_EQ(verdict(), Verdict::Dead);
  answering[kOne] = milliseconds(9);
  run(seconds(4));
  EXPECT_EQ(verdict(), Verdict::Good);
}

TEST_F(ProberTest, ANextHopThatIsSilentCondemnsNoLineWhoseTargetsAnswer) {
  answering = {{kHop, milliseconds(2)}, {kOne, milliseconds(9)}};
  start(with({kOne}));
  run(seconds(5));
  answering.erase(kHop);
  run(minutes(5));
  EXPECT_EQ(verdict(), Verdict::Good);
}

TEST_F(ProberTest, ItSaysWhereADeadLineEnds) {
  answering = {{kHop, milliseconds(2)}, {kOne, milliseconds(9)}};
  start(with({kOne}));
  run(seconds(5));
  answering.erase(kOne);
  run(seconds(5));
  EXPECT_EQ(stage(), Stage::Beyond);
  answering.clear();
  run(seconds(5));
  EXPECT_EQ(stage(), Stage::NextHop);
  start(with({kOne}), std::nullopt);
  run(seconds(5));
  EXPECT_EQ(stage(), Stage::Anywhere);
}

TEST_F(ProberTest, OnlyAnAnswerToAQuestionOfItsOwnCounts) {
  start(with({kOne}, 100));
  const auto question = kit::echo_in(Family::V4, asked[kOne].front());
  const auto forged = [&](auto change) {
    auto echo = question;
    echo.kind = Echo::Kind::Reply;
    change(echo);
    hear(kOne, wire::icmp4::write_echo(echo));
  };
  forged([](Echo& echo) { ++echo.identifier; });
  forged([](Echo& echo) { echo.sequence = static_cast<std::uint16_t>(echo.sequence + 7); });
  forged([](Echo& echo) { echo.data.back() ^= std::byte{1}; });
  forged([](Echo& echo) { echo.data.pop_back(); });
  forged([](Echo& echo) { echo.data.push_back({}); });
  forged([](Echo& echo) { echo.kind = Echo::Kind::Request; });
  hear(kTwo, kit::answer_to(Family::V4, asked[kOne].front()));
  hear(kHop, kit::answer_to(Family::V4, asked[kOne].front()));
  auto damaged = kit::answer_to(Family::V4, asked[kOne].front());
  damaged[2] ^= std::byte{1};
  hear(kOne, damaged);
  hear(kOne, {});
  EXPECT_EQ(verdict(), Verdict::Unknown);
  EXPECT_EQ(prober->counters().refused, 10U);
  EXPECT_EQ(prober->counters().answered, 0U);
  hear(kOne, kit::answer_to(Family::V4, asked[kOne].front()));
  EXPECT_EQ(verdict(), Verdict::Good);
}

TEST_F(ProberTest, ASecondCopyOfAnAnswerIsNone) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(seconds(1));
  answering.clear();
  const auto copy = kit::answer_to(Family::V4, asked[kHop].front());
  for (int i = 0; i < 40; ++i) {
    run(milliseconds(100));
    hear(kHop, copy);
  }
  EXPECT_EQ(verdict(), Verdict::Dead);
}

TEST_F(ProberTest, AnAnswerToAQuestionOfLongAgoIsNone) {
  start(with({kOne}));
  run(seconds(3));  // the first of four open questions is that of now
  hear(kOne, kit::answer_to(Family::V4, asked[kOne].front()));
  EXPECT_EQ(prober->counters().answered, 1U);
  run(seconds(2));
  hear(kOne, kit::answer_to(Family::V4, asked[kOne][1]));
  EXPECT_EQ(prober->counters().answered, 1U);
}

TEST_F(ProberTest, AnotherNextHopBeginsWithoutAPast) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(seconds(1));
  answering.clear();
  run(seconds(5));
  ASSERT_EQ(verdict(), Verdict::Dead);
  prober->on_next_hop(kTwo, now);
  drain();
  EXPECT_EQ(verdict(), Verdict::Unknown);
  EXPECT_EQ(asked[kTwo].size(), 1U);
  prober->on_next_hop(kTwo, now);
  drain();
  EXPECT_EQ(asked[kTwo].size(), 1U);
  run(minutes(1));
  EXPECT_EQ(verdict(), Verdict::Unknown);
}

TEST_F(ProberTest, StoppedItAsksNothingAndHasNoOpinion) {
  answering[kHop] = milliseconds(5);
  start(with());
  run(seconds(1));
  prober->stop();
  ASSERT_TRUE(prober->poll());
  EXPECT_FALSE(prober->poll());
  EXPECT_EQ(verdict(), Verdict::Unknown);
  EXPECT_EQ(prober->next_deadline(), std::nullopt);
  hear(kHop, kit::answer_to(Family::V4, asked[kHop].back()));
  prober->on_deadline(now + hours(1));
  EXPECT_FALSE(prober->poll());
}

TEST_F(ProberTest, ASuspendIsOneInterval) {
  answering[kHop] = milliseconds(5);
  start(with({}, 2));
  run(milliseconds(1500));
  answering.clear();
  now += hours(8);
  prober->on_deadline(now);
  drain();
  EXPECT_EQ(verdict(), Verdict::Good);
  EXPECT_GT(*prober->next_deadline(), now);
}

TEST_F(ProberTest, Ipv6AsksLinkLocalNextHopsAndTargetsOfItsFamilyAlone) {
  answering = {{kHop6, milliseconds(1)}, {kOne6, milliseconds(3)}};
  start({.family = Family::V6, .targets = {kOne, kOne6}}, kHop6);
  run(seconds(2));
  EXPECT_EQ(verdict(), Verdict::Good);
  EXPECT_FALSE(asked.contains(kOne));
  EXPECT_EQ(asked[kOne6].size(), 3U);
}

TEST_F(ProberTest, MoreTargetsThanItTakesAreNotAsked) {
  std::vector<Address> many;
  for (std::uint32_t i = 1; i <= 20; ++i) many.emplace_back(Ipv4{0xc6336400 + i});
  start(with(many));
  EXPECT_EQ(prober->destinations().size(), kMostTargets + 1);
}

/// Of ten thousand questions a third is lost both ways, others come twice or late: three in a row seldom are.
TEST_F(ProberTest, LossDuplicationAndDelayDoNotMakeItFlap) {
  auto chance = Random::seeded(5);
  start(with({kOne, kTwo}, 5));
  std::size_t seen = 0;
  for (int i = 0; i < 10'000; ++i) {
    for (const Address& target : {kOne, kTwo}) {
      if (chance.below(100) < 30) continue;
      const auto answer = kit::answer_to(Family::V4, asked[target].back());
      for (std::uint64_t copies = chance.below(2) + 1; copies > 0; --copies)
        arrivals.emplace(now + chance.between(milliseconds(1), milliseconds(1800)), std::pair{target, answer});
    }
    run(seconds(1));
    seen = std::max(seen, arrivals.size());
  }
  EXPECT_EQ(verdict(), Verdict::Good);
  EXPECT_LE(told.size(), 3U);
  EXPECT_LT(seen, 20U);
}

}  // namespace
}  // namespace michi::engine::probe
