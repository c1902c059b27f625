// A whole uplink against an access concentrator and against anything else: the input is a script of
// faults, frames, datagrams, pulled cables, commands and jumps in time. The laws are those of kit/uplink_node.hpp;
// and when it is told to stop, it stops.

#include <cstdio>

#include "base/invariant.hpp"
#include "kit/scene.hpp"
#include "kit/script_ipv6.hpp"

using namespace michi;
using namespace michi::kit;

namespace {

/// A frame of the script's own, put on the session that exists, if there is one.
ByteVec on_session(Scene& s, Script& script) {
  const auto session = s.up->facts().session;
  const ByteVec payload = script.bytes();
  if (!session) return payload;
  return wire::pppoe::write_frame(session->local, session->peer, wire::pppoe::Code::Session, session->session_id,
                                  payload);
}

void step_ipv6(Scene& s, Script& script, std::uint8_t what) {
  const std::uint8_t bits = what % 8 < 3 ? std::uint8_t{0} : script.u8();
  switch (what % 8) {
    case 0:
      return s.up.hear(uplink::Service::Dhcp6, scripted_answer(s.up.asked(), script));
    case 1: {
      const auto& v6 = s.up->facts().v6;
      return s.up.hear(uplink::Service::NeighbourDiscovery, scripted_advertisement(v6 ? v6->peer : Ipv6{}, script));
    }
    case 2:
      return s.up.hear(uplink::Service::Dhcp6, script.bytes());
    case 3:
      return s.up.hear(uplink::Service::NeighbourDiscovery, script.bytes());
    case 4: {
      auto config = s.up->config();
      config.delegation.prefix = (bits & 1) != 0;
      config.delegation.address = (bits & 2) != 0;
      config.delegation.release = (bits & 4) != 0;
      config.delegation.duid = static_cast<model::DuidKind>((bits >> 3) & 3);
      std::ignore = s.up->configure(config, Secret("secret"), s.world.now());
      return;
    }
    case 5:
      return s.up.device((bits & 1) != 0);
    default:
      return s.up.device(true);
  }
}

void step(Scene& s, Script& script) {
  constexpr std::uint8_t kFirstOfIpv6 = 240;  // what is below has been in the corpus for longer
  const Instant now = s.world.now();
  const std::uint8_t what = script.u8();
  if (what >= kFirstOfIpv6) return step_ipv6(s, script, what);
  switch (what % 20) {
    case 0:
      return s.world.run(script.duration());
    case 1:
      return s.world.run(milliseconds(script.u8()));
    case 2:
      return s.up.on_frame(on_session(s, script), now);
    case 3:
      return s.up.on_frame(script.bytes(), now);
    case 4:
      return s.isp->restart(now);
    case 5:
      return s.isp->end_session(s.session(), static_cast<engine::pppoe::EndBy>(script.u8() % 3), now, "script");
    case 6:
      return s.isp->renegotiate(s.session(), now);
    case 7:
      return s.up.carrier((script.u8() & 1) != 0);
    case 8:
      return s.up.unplug();
    case 9:
      return s.up.plug();
    case 10:
      return s.up.crash();
    case 11:
      return s.up->start(now);
    case 12:
      return s.up->stop(now);
    case 13:
      return s.up->redial(now);
    case 14:
      return s.up->on_duplicate_address((script.u8() & 1) != 0, now);
    case 15:
      return s.up->on_plane_fault("script", now);
    case 16:
      return s.up->on_traffic(script.u16(), now);
    case 17: {
      const std::uint8_t bits = script.u8();
      auto& faults = s.isp->faults();
      faults.silent = (bits & 1) != 0;
      faults.mute_sessions = (bits & 2) != 0;
      faults.ignore_echo = (bits & 4) != 0;
      faults.padt_with_auth_failure = (bits & 8) != 0;
      faults.drop_configure_requests = bits >> 6;
      s.isp->discovery().refuse = static_cast<engine::pppoe::Refusal>((bits >> 4) & 3);
      return;
    }
    case 18: {
      auto config = s.up->config();
      const std::uint8_t bits = script.u8();
      config.mtu = (bits & 1) != 0 ? 1500 : 1454;
      config.ipv6 = (bits & 2) != 0;
      config.weight = bits;
      std::ignore = s.up->configure(config, (bits & 4) != 0 ? Secret("secret") : Secret("wrong"), now);
      return;
    }
    case 19:
      s.wire.weather().loss = script.u8() * 2U;
      s.wire.weather().duplicate = script.u8();
      s.wire.weather().reorder = script.u8();
      return;
    default:
      return;
  }
}

void check(const Scene& s) {
  for (const std::string& law : s.up.broken_laws()) std::fprintf(stderr, "%s\n", law.c_str());
  MICHI_INVARIANT(s.up.broken_laws().empty(), "the laws of an uplink's life");
  MICHI_INVARIANT(s.world.trouble().empty(), "the clock moves");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script(data, size);
  Scene s(script.u8());
  s.up.boot();
  for (unsigned i = 0; i < 100 && !script.done(); ++i) {
    step(s, script);
    s.world.run({});
    check(s);
  }
  s.up->stop(s.world.now());
  s.world.run(seconds(4));
  check(s);
  MICHI_INVARIANT(s.up.at_rest(), "stop() ends");
  return 0;
}
