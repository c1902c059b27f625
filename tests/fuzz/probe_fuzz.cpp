// The probe against destinations that say anything, and the reader of ICMP echo. Laws: an output says what can be
// read, a bounded number per step; nobody is asked twice in an interval; nothing goes out after a stop; it waits as
// long as it runs; "good" needs an answer that was really to a question, and what was made up is never one.

#include <cstdlib>
#include <map>

#include "base/invariant.hpp"
#include "engine/probe/prober.hpp"
#include "kit/probe_peer.hpp"
#include "kit/script.hpp"

using namespace michi;
using namespace michi::engine::probe;

namespace {

const std::array<Address, 3> kHops4 = {*parse_address("192.0.2.1"), *parse_address("192.0.2.2"),
                                       *parse_address("198.51.100.1")};
const std::array<Address, 3> kHops6 = {*parse_address("fe80::1"), *parse_address("fe80::2"),
                                       *parse_address("2001:db8::1")};

struct Rig {
  explicit Rig(kit::Script& script) : settings(read_settings(script)), prober(settings, Random::seeded(1)) {}

  static Settings read_settings(kit::Script& script) {
    const std::uint8_t bits = script.u8();
    Settings out;
    out.family = (bits & 1) != 0 ? Family::V6 : Family::V4;
    for (std::size_t i = 0; i < (bits >> 1 & 3U); ++i) out.targets.push_back(((bits & 1) != 0 ? kHops6 : kHops4)[i]);
    out.interval = milliseconds(100 * (1 + (bits >> 3 & 7)));
    out.failures = 1 + (bits >> 6);
    out.recovery = 1 + script.u8() % 4;
    return out;
  }
  const Address& hop(std::uint8_t which) const {
    return (settings.family == Family::V6 ? kHops6 : kHops4)[which % kHops4.size()];
  }

  void drain() {
    unsigned outputs = 0;
    while (auto output = prober.poll()) {
      MICHI_INVARIANT(++outputs < 64, "few outputs per step");
      if (const auto* judged = std::get_if<Judgement>(&*output)) {
        MICHI_INVARIANT((judged->verdict == Verdict::Dead) == (judged->stage != Stage::None),
                        "only the dead end somewhere");
        continue;
      }
      const auto& ask = std::get<Ask>(*output);
      const auto echo = kit::echo_in(settings.family, ask.message);
      MICHI_INVARIANT(echo.kind == wire::icmp6::Echo::Kind::Request && prober.running(), "questions, while it runs");
      MICHI_INVARIANT(ask.to.family() == settings.family, "in its family");
      last[ask.to] = ask.message;
    }
    MICHI_INVARIANT(prober.running() == prober.next_deadline().has_value(), "it waits while it runs");
    MICHI_INVARIANT(prober.running() || prober.judgement() == Judgement{}, "no opinion afterwards");
    if (prober.judgement().verdict == Verdict::Good)
      MICHI_INVARIANT(prober.counters().answered > 0, "good by an answer");
  }

  void pass(Duration time) {
    const Instant end = now + time;
    for (unsigned steps = 0; prober.next_deadline() && *prober.next_deadline() <= end; ++steps) {
      MICHI_INVARIANT(steps < 1000, "time goes on");
      const Instant due = *prober.next_deadline();
      now = due;
      prober.on_deadline(now);
      drain();
      MICHI_INVARIANT(*prober.next_deadline() > due, "the next round is later");
    }
    now = end;
  }

  Settings settings;
  Prober prober;
  Instant now = Instant{} + seconds(10);
  std::map<Address, ByteVec> last;
};

void step(Rig& rig, kit::Script& script) {
  const std::uint8_t what = script.u8();
  const Address& hop = rig.hop(script.u8());
  const auto counted = rig.prober.counters().answered;
  switch (what % 8) {
    case 0:
      rig.prober.start(what >= 128 ? std::optional(hop) : std::nullopt, rig.now);
      break;
    case 1:
      rig.prober.stop();
      break;
    case 2:
      rig.prober.on_next_hop(what >= 128 ? std::optional(hop) : std::nullopt, rig.now);
      break;
    case 3:
      rig.pass(std::min<Duration>(script.duration(), seconds(60)));
      break;
    case 4:
      rig.prober.on_deadline(rig.now);
      break;
    case 5:
    case 6:
      if (rig.last.contains(hop)) rig.prober.on_message(kit::answer_to(hop.family(), rig.last[hop]), hop, rig.now);
      MICHI_INVARIANT(rig.prober.counters().answered <= counted + 1, "one question, one answer");
      break;
    case 7: {
      auto message = script.bytes();
      if ((what & 16) != 0 && rig.last.contains(hop)) {
        auto echo = kit::echo_in(hop.family(), kit::answer_to(hop.family(), rig.last[hop]));
        const std::size_t at = script.u8() % echo.data.size();
        echo.data[at] ^= static_cast<std::byte>(script.u8() | 1);
        message = kit::written(hop.family(), echo);
      }
      rig.prober.on_message(message, hop, rig.now);
      MICHI_INVARIANT(rig.prober.counters().answered == counted, "what was made up is no answer");
      if (const auto echo = wire::icmp4::parse_echo(message)) {
        const auto again = wire::icmp4::parse_echo(wire::icmp4::write_echo(*echo));
        MICHI_INVARIANT(again && *again == *echo, "what was read is written back the same");
      }
      break;
    }
    default:
      break;
  }
  rig.drain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kit::Script script(data, size);
  Rig rig(script);
  for (unsigned steps = 0; !script.done() && steps < 2000; ++steps) step(rig, script);
  return 0;
}
