// The DHCPv6 client against servers that say anything. Laws: few outputs per step; what is sent can be
// read and stays within twenty messages in twenty seconds; only leases that were wanted, can be used and
// have time left are announced; whoever waits has a deadline, who is idle has none; time goes on.

#include <algorithm>
#include <cstdlib>

#include "base/invariant.hpp"
#include "engine/dhcp6/client.hpp"
#include "kit/script.hpp"

using namespace michi;
using namespace michi::engine::dhcp6;
namespace dhcp6 = michi::wire::dhcp6;

namespace {

const wire::Duid kUs = wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, 1}});
const wire::Duid kServer = wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, 2}});
const Ipv6 kFrom = Ipv6::link_local(2);

Settings settings(kit::Script& script) {
  Settings out;
  out.duid = kUs;
  const std::uint8_t bits = script.u8();
  if ((bits & 1) != 0) out.link = LinkType::MultiAccess;
  if ((bits & 2) == 0) out.wanted.push_back({dhcp6::IaType::Pd, 0, {}});
  if ((bits & 4) != 0) out.wanted.push_back({dhcp6::IaType::Na, 1, {}});
  if ((bits & 8) != 0) out.wanted.push_back({dhcp6::IaType::Pd, 2, parse_prefix("2001:db8::/60")});
  out.rapid_commit = (bits & 16) != 0;
  out.hint_held = (bits & 32) != 0;
  out.patience = bits >> 6;
  return out;
}

struct Rig {
  explicit Rig(kit::Script& script) : wanted(settings(script)), client(wanted, Random::seeded(1)) {}

  void check(const Held& held) const {
    MICHI_INVARIANT(!held.leases.empty(), "something is held");
    MICHI_INVARIANT(held.leases.size() <= kMostWanted * kMostLeases, "bounded");
    MICHI_INVARIANT(!held.server.empty() && held.t1 <= held.t2, "a server, and times in order");
    for (const Lease& lease : held.leases) {
      const auto same = [&](const Wanted& one) { return one.type == lease.type && one.iaid == lease.iaid; };
      MICHI_INVARIANT(std::ranges::any_of(wanted.wanted, same), "only what was wanted");
      MICHI_INVARIANT(lease.valid > Duration::zero() && lease.preferred <= lease.valid, "time is left");
      MICHI_INVARIANT(!lease.prefix.address.v6()->is_link_local() && lease.prefix.length > 0, "it can be used");
    }
  }

  void drain() {
    unsigned outputs = 0;
    while (auto output = client.poll()) {
      MICHI_INVARIANT(++outputs < 10, "few outputs per step");
      if (const auto* send = std::get_if<SendDatagram>(&*output)) {
        const auto message = dhcp6::parse_message(send->payload);
        MICHI_INVARIANT(message && send->destination == dhcp6::kAllServers, "what is sent can be read");
        question = *message;
        sent.push_back(now);
        std::erase_if(sent, [&](Instant at) { return at + seconds(20) <= now; });
        MICHI_INVARIANT(sent.size() <= 20, "twenty messages in twenty seconds");
        MICHI_INVARIANT(client.state() != State::Offline, "nothing is sent into a link that is away");
      } else if (const auto* leased = std::get_if<Leased>(&*output)) {
        check(leased->held);
      } else if (const auto* renewed = std::get_if<Renewed>(&*output)) {
        check(renewed->held);
      } else if (const auto* failed = std::get_if<Failed>(&*output)) {
        MICHI_INVARIANT(!failed->detail.empty() && failed->detail.size() < 400, "a sentence");
      }
    }
    const State state = client.state();
    if (exchange_of(state)) MICHI_INVARIANT(client.next_deadline(), "whoever waits has a deadline");
    if (state == State::Idle) MICHI_INVARIANT(!client.next_deadline(), "nobody waits for nothing");
    if (state == State::Bound) MICHI_INVARIANT(client.held(now), "bound to something");
  }

  void pass(Duration time) {
    now += time;
    for (unsigned i = 0; client.next_deadline() && *client.next_deadline() <= now; ++i) {
      MICHI_INVARIANT(i < 8, "time goes on");
      client.on_deadline(now);
      drain();
    }
  }

  Settings wanted;
  Client client;
  Instant now = Instant{} + seconds(10);
  dhcp6::Message question;
  std::vector<Instant> sent;
};

dhcp6::Message headed(const Rig& rig, kit::Script& script) {
  const std::uint8_t bits = script.u8();
  dhcp6::Message out{
      (bits & 1) != 0 ? dhcp6::MessageType::Advertise : dhcp6::MessageType::Reply, rig.question.transaction_id, {}};
  out.options.push_back(dhcp6::bytes_option(dhcp6::OptionCode::ClientId, kUs.bytes()));
  out.options.push_back(dhcp6::bytes_option(dhcp6::OptionCode::ServerId, kServer.bytes()));
  if ((bits & 2) != 0) out.options.push_back({dhcp6::OptionCode::RapidCommit, {}});
  if ((bits & 4) != 0) out.options.push_back(dhcp6::u32_option(dhcp6::OptionCode::SolMaxRt, script.u16()));
  if ((bits & 8) != 0)
    out.options.push_back(dhcp6::status_option({static_cast<dhcp6::StatusCode>(script.u8() % 8), "words"}));
  if ((bits & 16) != 0) out.options.push_back({dhcp6::OptionCode::Preference, {static_cast<std::byte>(script.u8())}});
  return out;
}

/// A short number most of the time, and infinity.
std::uint32_t lifetime(kit::Script& script) {
  const std::uint8_t value = script.u8();
  return value == 255 ? dhcp6::kInfinity : value * (value % 2 == 0 ? 1U : 100U);
}

dhcp6::Message crafted(const Rig& rig, kit::Script& script) {
  dhcp6::Message out = headed(rig, script);
  const unsigned count = script.u8() % 4;
  for (unsigned i = 0; i < count; ++i) {
    const std::uint8_t bits = script.u8();
    dhcp6::Ia ia;
    ia.type = (bits & 1) != 0 ? dhcp6::IaType::Na : dhcp6::IaType::Pd;
    ia.iaid = bits >> 1 & 3;
    if ((bits & 8) != 0) ia.status.code = static_cast<dhcp6::StatusCode>(script.u8() % 8);
    if ((bits & 16) != 0) {
      ia.t1 = lifetime(script);
      ia.t2 = lifetime(script);
    }
    for (unsigned k = 0; k < bits >> 6; ++k) {
      Ipv6 address = *parse_ipv6("2001:db8::");
      address.octets[(bits & 32) != 0 ? 0 : 5] = script.u8();
      const std::uint8_t length = ia.type == dhcp6::IaType::Na ? 128 : 56;
      ia.leases.push_back({Prefix{address, length}, lifetime(script), lifetime(script), {}});
    }
    out.options.push_back(dhcp6::ia_option(ia));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kit::Script script(data, size);
  Rig rig(script);
  for (unsigned step = 0; step < 300 && !script.done(); ++step) {
    switch (script.u8() % 10) {
      case 0:
        rig.client.start(rig.now);
        break;
      case 1: {
        Held held;
        held.server = copy_of(kServer.bytes());
        held.leases.push_back(
            {dhcp6::IaType::Pd, 0, *parse_prefix("2001:db8:7::/56"), script.duration(), script.duration()});
        rig.client.start(rig.now, &held);
        break;
      }
      case 2:
        rig.client.stop((script.u8() & 1) != 0 ? OnStop::Release : OnStop::Keep, rig.now);
        break;
      case 3:
        rig.client.on_link_up(rig.now);
        break;
      case 4:
        rig.client.on_link_down(rig.now);
        break;
      case 5:
        rig.pass(script.duration());
        break;
      case 6:
        if (const auto at = rig.client.next_deadline(); at && *at - rig.now < hours(1000))
          rig.pass(std::max(*at - rig.now, Duration::zero()));
        break;
      case 7:
        rig.client.on_datagram(dhcp6::write_message(crafted(rig, script)), kFrom, rig.now);
        break;
      case 8: {
        ByteVec payload = dhcp6::write_message(headed(rig, script));
        const ByteVec more = script.bytes();
        payload.insert(payload.end(), more.begin(), more.end());
        rig.client.on_datagram(payload, kFrom, rig.now);
        break;
      }
      case 9:
        rig.client.on_datagram(script.bytes(), kFrom, rig.now);
        break;
      default:
        break;
    }
    rig.drain();
  }
  return 0;
}
