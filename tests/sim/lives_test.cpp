// Thousands of seeded lives: loss, duplication, reordering, restarts, pulled cables, impatient
// operators. Every one of them ends up or with a reason, never stuck, never growing.
//
// MICHI_LIVES: how many (2000). MICHI_SEED: the first seed (1); a failure prints its own.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "kit/configs.hpp"
#include "kit/scene.hpp"

namespace michi::kit {
namespace {

using engine::ppp::AuthMethod;
using engine::pppoe::EndBy;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Fate {
  bool may_fail = false;  // a wrong password, a silent peer: up cannot be expected
  std::string story;
};

UplinkSetup random_setup(Random& random, Fate& fate) {
  UplinkSetup setup = plain_setup();
  if (random.below(10) == 0) {
    setup.secret = Secret("wrong");
    fate.may_fail = true;
  }
  if (random.below(4) == 0) kit::ppp(setup.config).auth.push_back(model::AuthKind::Pap);
  if (random.below(4) == 0) setup.config.mtu = random.below(2) == 0 ? 1454 : 1500;
  if (random.below(2) == 0) setup.interface.mtu = 1508;
  if (random.below(8) == 0) setup.config.ipv6 = false;
  if (random.below(8) == 0) kit::pppoe(setup.config).prefer_acs = {"bas2"};
  if (random.below(8) == 0) kit::ppp(setup.config).retry_max = seconds(5);
  return setup;
}

engine::pppoe::AcSettings random_isp(Random& random, Fate& fate) {
  auto ac = plain_isp();
  switch (random.below(6)) {
    case 0:
      ac.auth = AuthMethod::MsChapV2;
      break;
    case 1:
      ac.auth = AuthMethod::Pap;
      fate.may_fail = true;  // unless the configuration allows it
      break;
    case 2:
      ac.auth = AuthMethod::None;
      break;
    default:
      break;
  }
  ac.discovery.cookies = random.below(4) != 0;
  ac.discovery.repeat_confirms = random.below(4) != 0;
  ac.discovery.one_padi_per_second = random.below(4) == 0;
  ac.padt_for_unknown = random.below(3) != 0;
  if (random.below(4) == 0) ac.discovery.max_payload = ac.mru = 1500;
  if (random.below(10) == 0) ac.faults.ignore_echo = true;
  if (random.below(10) == 0) ac.ipv6 = false;
  if (random.below(5) == 0) ac.faults.drop_configure_requests = 1 + static_cast<unsigned>(random.below(3));
  if (random.below(5) == 0) ac.faults.drop_confirmations = 1 + static_cast<unsigned>(random.below(2));
  if (random.below(5) == 0) ac.faults.padt_with_auth_failure = true;
  return ac;
}

Weather random_weather(Random& random) {
  Weather weather;
  weather.delay = random.between(microseconds(100), milliseconds(30));
  weather.jitter = random.between({}, milliseconds(10));
  weather.loss = static_cast<unsigned>(random.below(150));
  weather.duplicate = static_cast<unsigned>(random.below(100));
  weather.reorder = static_cast<unsigned>(random.below(100));
  return weather;
}

void something_happens(Scene& s, Random& random) {
  const Instant now = s.world.now();
  switch (random.below(14)) {
    case 0:
      return s.isp->restart(now);
    case 1:
      return s.isp->end_session(s.session(), EndBy::Padt, now);
    case 2:
      return s.isp->end_session(s.session(), EndBy::TerminateRequest, now);
    case 3:
      return s.isp->end_session(s.session(), EndBy::Vanish, now);
    case 4:
      return s.isp->renegotiate(s.session(), now);
    case 5:
      return s.isp->rechallenge(s.session(), now);
    case 6:
      s.up.carrier(false);
      return s.world.after(random.between(milliseconds(1), seconds(5)), [&s] { s.up.carrier(true); });
    case 7:
      s.up.unplug();
      return s.world.after(random.between(milliseconds(1), seconds(20)), [&s] { s.up.plug(); });
    case 8:
      return s.up.crash();
    case 9:
      return s.up->redial(now);
    case 10:
      s.up->stop(now);
      return s.world.after(random.between(milliseconds(1), seconds(5)), [&s] { s.up->start(s.world.now()); });
    case 11:
      s.isp->faults().silent = true;
      return s.world.after(random.between(seconds(1), seconds(120)), [&s] { s.isp->faults().silent = false; });
    case 12:
      s.isp->faults().mute_sessions = true;
      return s.world.after(random.between(seconds(1), seconds(60)), [&s] { s.isp->faults().mute_sessions = false; });
    case 13:
      s.up->on_duplicate_address(true, now);
      return s.world.after(random.between(milliseconds(1), seconds(20)),
                           [&s] { s.up->on_duplicate_address(false, s.world.now()); });
    default:
      return;
  }
}

/// Empty, or what is wrong with this life.
std::string live(std::uint64_t seed) {
  Random random = Random::seeded(seed ^ 0x6d69636869);
  Fate fate;
  const UplinkSetup setup = random_setup(random, fate);
  Scene s(seed, setup, random_isp(random, fate));
  s.wire.weather() = random_weather(random);
  s.up.boot();
  const auto events = random.below(6);
  for (std::uint64_t i = 0; i < events; ++i) {
    s.world.run(random.between(milliseconds(1), seconds(40)));
    something_happens(s, random);
  }
  // The world calms down. Every fault above has ended within two minutes.
  s.world.run(seconds(125));
  s.up.plug();
  s.up.carrier(true);
  s.up->on_duplicate_address(false, s.world.now());
  s.wire.weather().loss = s.wire.weather().loss / 4;
  const bool up = s.world.run_until([&] { return s.up.up(); }, fate.may_fail ? minutes(2) : minutes(15));

  if (!s.world.trouble().empty()) return s.world.trouble();
  if (!s.up.broken_laws().empty()) return s.up.broken_laws().front();
  if (!up && !fate.may_fail) return fmt::format("not up: {} {}", s.up->phase(), s.up->facts().detail);
  if (!up && s.up->facts().reason == model::Reason::None && s.up->facts().state != model::UplinkState::Connecting)
    return fmt::format("{} without a reason", s.up->phase());
  if (s.wire.sent() > 20000) return fmt::format("{} frames in one life", s.wire.sent());

  // And it can be ended.
  s.up->stop(s.world.now());
  s.world.run(seconds(3));
  if (!s.up->settled_down()) return fmt::format("stop() ends in {}", s.up->phase());
  if (s.up->next_deadline()) return "a deadline after stop()";
  const auto sent = s.up.padis();
  s.world.run(minutes(5));
  if (s.up.padis() != sent) return "PADI after stop()";
  if (!s.up.broken_laws().empty()) return s.up.broken_laws().front();
  return {};
}

TEST(Lives, EndUpOrWithAReason) {
  const std::uint64_t lives = number_from("MICHI_LIVES", 2000);
  const std::uint64_t first = number_from("MICHI_SEED", 1);
  const auto begin = std::chrono::steady_clock::now();
  unsigned failures = 0;
  for (std::uint64_t seed = first; seed < first + lives && failures < 5; ++seed) {
    const std::string wrong = live(seed);
    if (wrong.empty()) continue;
    ++failures;
    ADD_FAILURE() << "MICHI_SEED=" << seed << " MICHI_LIVES=1: " << wrong;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{} lives, {:.0f} a second\n", lives, static_cast<double>(lives) / took.count());
}

TEST(Lives, AreTheSameForTheSameSeed) {
  const auto transcript = [](std::uint64_t seed) {
    Scene s(seed);
    s.wire.recording = true;
    s.wire.weather() = {milliseconds(2), milliseconds(5), 100, 50, 50, milliseconds(20)};
    s.up.boot();
    s.world.run(minutes(5));
    return s.wire.transcript();
  };
  EXPECT_EQ(transcript(7), transcript(7));
  EXPECT_NE(transcript(7), transcript(8));
}

}  // namespace
}  // namespace michi::kit
