// Pass-through between clients and access concentrators that say anything. Laws: frames are handed on whole
// and unchanged; nothing of ours or of a multicast address crosses; to a LAN only what is for a client of it;
// never more sessions and requests than places, a client's own replacement apart; opened and closed in turn;
// bounded tables and outputs; who offers on the line asks from no LAN; a deadline while anything is remembered.

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/invariant.hpp"
#include "engine/pppoe/pass_through.hpp"
#include "kit/script.hpp"

using namespace michi;
using namespace michi::engine::pppoe;
namespace pppoe = michi::wire::pppoe;

namespace {

constexpr Mac kOurs{{2, 0, 0, 0, 0, 9}};
constexpr std::size_t kPlaces = 3;
constexpr pppoe::Code kCodes[] = {pppoe::Code::Padi, pppoe::Code::Pado, pppoe::Code::Padr,
                                  pppoe::Code::Pads, pppoe::Code::Padt, pppoe::Code::Session};

Mac address(std::uint8_t word) {
  if (word == 255) return kOurs;
  if (word == 254) return Mac::broadcast();
  if (word == 253) return Mac{{3, 0, 0, 0, 0, 1}};
  return Mac{{2, word < 128 ? std::uint8_t{0} : std::uint8_t{0xac}, 0, 0, 0, word}};
}

struct Rig {
  Rig() { pass.configure({.lans = {"a", "b"}, .places = kPlaces, .own = {kOurs}}); }

  void drain() {
    std::size_t outputs = 0;
    while (auto output = pass.poll()) {
      MICHI_INVARIANT(++outputs <= PassThrough::kMostSessions * 4, "few outputs per step");
      if (const auto* sent = std::get_if<PassFrame>(&*output)) {
        const auto framed = pppoe::parse_frame(sent->frame);
        MICHI_INVARIANT(framed.has_value(), "what is handed on can be read");
        MICHI_INVARIANT(given.contains(sent->frame), "and came like this");
        const Mac &to = framed->header.destination, &from = framed->header.source;
        MICHI_INVARIANT(from != kOurs && to != kOurs && !from.is_multicast(), "nothing of ours");
        if (sent->lan) {
          MICHI_INVARIANT(!to.is_multicast(), "to one client alone");
        } else {
          MICHI_INVARIANT(framed->header.type == wire::ether::kTypePppoeDiscovery, "discovery only");
          MICHI_INVARIANT(framed->packet.code != pppoe::Code::Padi || from != offered,
                          "no question of who offers there");
        }
      } else if (const auto* opened = std::get_if<PassOpened>(&*output)) {
        auto session = opened->session;
        session.since = {};
        MICHI_INVARIANT(open.insert(session).second, "opened once");
        MICHI_INVARIANT(session.id != 0 && session.id != 0xffff, "a real session");
      } else if (const auto* closed = std::get_if<PassClosed>(&*output)) {
        auto session = closed->session;
        session.since = {};
        MICHI_INVARIANT(open.erase(session) == 1, "closed once");
      }
    }
    MICHI_INVARIANT(open.size() <= kPlaces && pass.sessions().size() == open.size(), "within the contract");
    MICHI_INVARIANT(pass.clients() <= PassThrough::kMostClients, "bounded");
    MICHI_INVARIANT(pass.heard_on_lan("a").size() <= PassThrough::kMostClients * PassThrough::kMostConcentrators,
                    "bounded");
    MICHI_INVARIANT((pass.clients() == 0) == !pass.next_deadline(), "what is remembered ends");
  }

  void on_link(const ByteVec& frame) {
    const auto framed = pppoe::parse_frame(frame);
    if (framed && framed->packet.code == pppoe::Code::Pado) {
      const Mac& from = framed->header.source;
      const bool client = std::ranges::any_of(open, [&](const auto& session) { return session.client == from; });
      if (!client && from != kOurs && !from.is_multicast()) offered = from;
    }
    pass.on_link_frame(frame, now);
  }

  PassThrough pass;
  Instant now{};
  std::optional<Mac> offered;  // who offered last on the line
  std::set<ByteVec> given;
  std::set<PassedSession> open;
};

ByteVec crafted(kit::Script& script) {
  const Mac to = address(script.u8()), from = address(script.u8());
  const auto code = kCodes[script.u8() % std::size(kCodes)];
  const std::uint8_t session = script.u8();
  return pppoe::write_frame(to, from, code, session, script.bytes());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kit::Script script(data, size);
  Rig rig;
  for (unsigned step = 0; step < 400 && !script.done(); ++step) {
    const std::uint8_t what = script.u8() % 8;
    switch (what) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const ByteVec frame = what == 3 ? script.bytes() : crafted(script);
        rig.given.insert(frame);
        if (what == 0) {
          rig.on_link(frame);
        } else {
          rig.pass.on_lan_frame(script.u8() % 4 == 0 ? "b" : "a", frame, rig.now);
        }
        break;
      }
      case 4:
        rig.pass.on_carried(rig.now);
        break;
      case 5:
        rig.now += script.duration();
        rig.pass.on_deadline(rig.now);
        break;
      case 6:
        if (const auto at = rig.pass.next_deadline()) rig.now = std::max(rig.now, *at);
        rig.pass.on_deadline(rig.now);
        break;
      case 7:
        rig.pass.on_traffic(address(script.u8()), address(script.u8()), script.u8(), script.u8(), rig.now);
        break;
    }
    rig.drain();
  }
  return 0;
}
