// A conversation: the input is a script of frames, time jumps and commands for one session, and after
// each step the session's laws are checked.
#include <cstdint>
#include <cstdlib>

#include "engine/ppp/session.hpp"
#include "kit/ppp_pair.hpp"

namespace {

using namespace michi;
using namespace michi::engine::ppp;

void require(bool law) {
  if (!law) std::abort();
}

struct Watch {
  bool authenticated = false;
  bool v4 = false;
  bool v6 = false;
  bool ended = false;
  bool aborted = false;
  bool owes = false;  // the link that is up demands our credentials
  std::size_t outputs = 0;

  void on(const Output& output) {
    ++outputs;
    if (const auto* link = std::get_if<LinkUp>(&output)) {
      owes = link->auth != AuthMethod::None;
      authenticated = false;
    } else if (std::holds_alternative<Authenticated>(output)) {
      authenticated = true;
    } else if (std::holds_alternative<Ipv4Up>(output)) {
      require(!owes || authenticated);  // no network phase before authentication
      v4 = true;
    } else if (std::holds_alternative<Ipv6Up>(output)) {
      require(!owes || authenticated);
      v6 = true;
    } else if (std::holds_alternative<Ipv4Down>(output)) {
      require(std::exchange(v4, false));  // only what was up goes down
    } else if (std::holds_alternative<Ipv6Down>(output)) {
      require(std::exchange(v6, false));
    } else if (std::holds_alternative<Ended>(output)) {
      require(!ended && !v4 && !v6);  // once, and after everything else is down
      ended = true;
    } else if (const auto* send = std::get_if<SendFrame>(&output)) {
      require(!aborted && send->frame.size() >= 6 && send->frame.size() <= 1502);
      // Nothing but a Terminate-Ack after the end.
      if (ended) require(send->frame[0] == std::byte{0xc0} && send->frame[2] == std::byte{6});
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader script(std::as_bytes(std::span(data, size)));
  const std::uint8_t shape = script.u8().value_or(0);
  Settings settings =
      (shape & 1) != 0 ? kit::server_settings(static_cast<AuthMethod>(shape >> 4 & 3)) : kit::client_settings();
  if ((shape & 2) != 0) settings.mru = settings.mru_limit = 1500;
  if ((shape & 4) != 0) settings.ipv6 = false;
  if ((shape & 8) != 0) settings.user = "user", settings.password = Secret("secret");
  Session session(settings, Random::seeded(1), kit::accounts());
  Watch watch;
  Instant now{};
  const auto check = [&] {
    watch.outputs = 0;
    while (auto output = session.poll()) watch.on(*output);
    require(watch.outputs < 64);
    require(session.ended() == (watch.ended || watch.aborted));
    if (session.ended())
      require(!session.next_deadline());
    else
      require(!session.next_deadline() || *session.next_deadline() > now - hours(1));
  };
  session.start(now);
  check();
  for (int steps = 0; steps < 400 && !script.empty(); ++steps) {
    const std::uint8_t verb = *script.u8();
    if (verb < 0xc0) {
      // A frame: the verb's low bits choose a protocol, then a length and that many octets.
      static constexpr std::uint16_t kProtocols[] = {0xc021, 0x8021, 0x8057, 0xc023, 0xc223, 0x80fd, 0x0021, 0xc025};
      const std::size_t length = script.u8().value_or(0);
      const auto body = script.take(std::min(length, script.remaining()));
      Writer frame;
      frame.u16(kProtocols[verb & 7]).put(*body);
      session.on_frame(frame.view(), now);
    } else if (verb < 0xe0) {
      now += milliseconds(1 << (verb & 15));
      session.on_deadline(now);
    } else if (verb < 0xf0) {
      // To the next deadline, and it must not be due again at once.
      if (const auto next = session.next_deadline()) {
        now = std::max(now, *next);
        for (int i = 0; i < 8 && session.next_deadline() && *session.next_deadline() <= now; ++i)
          session.on_deadline(now);
        require(!session.next_deadline() || *session.next_deadline() > now);
      }
    } else if (verb == 0xf0) {
      session.stop(now);
    } else if (verb == 0xf1) {
      if (!session.ended()) watch.aborted = true;
      session.abort(now);
    } else if (verb == 0xf2) {
      session.rechallenge(now);
    } else if (verb == 0xf3) {
      session.renegotiate(now);
    } else if (verb == 0xf4) {
      session.probe(now);
    } else if (verb < 0xfa) {
      session.on_traffic(static_cast<std::uint64_t>(steps), now);
    }
    check();
  }
  // Left alone, it ends or is up; stopped, it ends within its bound.
  session.stop(now);
  check();
  const Instant bound = now + seconds(20);
  while (!session.ended()) {
    const auto next = session.next_deadline();
    require(next && *next <= bound);
    now = std::max(now, *next);
    session.on_deadline(now);
    check();
  }
  return 0;
}
