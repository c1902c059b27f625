// Discovery against a peer that says anything. Laws: a deadline while asking and none otherwise;
// PADI at most once a second; few outputs per step; one verdict per attempt; nothing is agreed that
// was not asked for; what is sent can be read.

#include <cstdlib>

#include "base/invariant.hpp"
#include "engine/pppoe/concentrator.hpp"
#include "engine/pppoe/discovery.hpp"
#include "kit/script.hpp"

using namespace michi;
using namespace michi::engine::pppoe;
namespace pppoe = michi::wire::pppoe;

namespace {

constexpr Mac kUs{{2, 0, 0, 0, 0, 1}};
constexpr Mac kPeers[] = {Mac{{2, 0, 0, 0, 0, 2}}, Mac{{2, 0, 0, 0, 0, 3}}, Mac{{3, 0, 0, 0, 0, 3}}};

struct Rig {
  explicit Rig(kit::Script& script)
      : discovery(settings(script), Random::seeded(1)), ac(ac_settings(), Random::seeded(2)) {}

  static Settings settings(kit::Script& script) {
    Settings out;
    out.local = kUs;
    const std::uint8_t bits = script.u8();
    if ((bits & 1) != 0) out.ac_names = {"two", "three"};
    if ((bits & 2) != 0) out.service_name = "svc";
    out.ac_required = (bits & 4) != 0;
    if ((bits & 8) != 0) out.max_payload = 1500;
    if ((bits & 16) != 0) out.host_uniq = ByteVec(4, std::byte{7});
    out.accept_missing_host_uniq = (bits & 32) != 0;
    return out;
  }
  static ConcentratorSettings ac_settings() {
    ConcentratorSettings out;
    out.local = kPeers[0];
    out.ac_name = "two";
    out.max_payload = 1500;
    return out;
  }

  void drain() {
    unsigned outputs = 0;
    while (auto output = discovery.poll()) {
      MICHI_INVARIANT(++outputs < 8, "few outputs per step");
      if (const auto* send = std::get_if<SendFrame>(&*output)) {
        const auto framed = pppoe::parse_frame(send->frame);
        MICHI_INVARIANT(framed && send->frame.size() <= 1514, "what is sent can be read and fits");
        const auto tags = pppoe::parse_tags(framed->packet.payload);
        MICHI_INVARIANT(tags.has_value(), "tags can be read");
        if (framed->packet.code == pppoe::Code::Padi) {
          MICHI_INVARIANT(!last_padi || now >= *last_padi + seconds(1), "PADI at most once a second");
          last_padi = now;
        }
        if (const auto* uniq = pppoe::find_tag(*tags, pppoe::TagType::HostUniq)) host_uniq = uniq->value;
        ac.on_frame(send->frame, now);
      } else {
        MICHI_INVARIANT(running, "a verdict only while an attempt runs");
        running = false;
        if (const auto* done = std::get_if<Succeeded>(&*output)) {
          MICHI_INVARIANT(done->session.session_id != 0 && done->session.session_id != 0xffff, "a real session id");
          MICHI_INVARIANT(done->session.local == kUs && done->session.host_uniq == host_uniq, "our own session");
          MICHI_INVARIANT(done->session.max_payload >= 1492 && done->session.max_payload <= 1500, "RFC 4638");
        }
      }
    }
    const bool asking = discovery.state() != State::Idle && discovery.state() != State::Done;
    MICHI_INVARIANT(asking == discovery.next_deadline().has_value(), "a deadline while asking, none otherwise");
    MICHI_INVARIANT(discovery.offers().size() <= 32, "bounded");
    while (auto output = ac.poll())
      if (auto* send = std::get_if<SendFrame>(&*output)) answer = std::move(send->frame);
  }

  Discovery discovery;
  Concentrator ac;
  Instant now{};
  std::optional<Instant> last_padi;
  ByteVec host_uniq;
  ByteVec answer;
  bool running = false;
};

ByteVec crafted(Rig& rig, kit::Script& script) {
  const std::uint8_t bits = script.u8();
  pppoe::Tags tags;
  if ((bits & 1) != 0) tags.push_back(pppoe::bytes_tag(pppoe::TagType::HostUniq, rig.host_uniq));
  if ((bits & 2) != 0) tags.push_back(pppoe::text_tag(pppoe::TagType::ServiceName, "svc"));
  if ((bits & 4) != 0) tags.push_back(pppoe::text_tag(pppoe::TagType::AcName, (bits & 8) != 0 ? "two" : "other"));
  for (unsigned i = 0; i < bits >> 6; ++i)
    tags.push_back(pppoe::bytes_tag(static_cast<pppoe::TagType>(script.u16()), script.bytes()));
  const Mac& from = kPeers[script.u8() % std::size(kPeers)];
  const auto code = (bits & 16) != 0 ? pppoe::Code::Pado : pppoe::Code::Pads;
  return pppoe::write_discovery((bits & 32) != 0 ? kPeers[1] : kUs, from, code, script.u16(), tags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kit::Script script(data, size);
  Rig rig(script);
  for (unsigned step = 0; step < 200 && !script.done(); ++step) {
    switch (script.u8() % 8) {
      case 0:
        rig.running = true;
        rig.discovery.start(rig.now);
        break;
      case 1:
        rig.running = false;
        rig.discovery.stop(rig.now);
        break;
      case 2:
        rig.now += script.duration();
        rig.discovery.on_deadline(rig.now);
        break;
      case 3:
        if (const auto at = rig.discovery.next_deadline()) rig.now = std::max(rig.now, *at);
        rig.discovery.on_deadline(rig.now);
        break;
      case 4:
        rig.discovery.on_frame(rig.answer, rig.now);
        break;
      case 5:
        rig.discovery.on_frame(crafted(rig, script), rig.now);
        break;
      case 6:
        rig.discovery.on_frame(script.bytes(), rig.now);
        break;
      case 7:
        rig.ac.on_frame(script.bytes(), rig.now);
        rig.ac.settings().pado_delay = milliseconds(script.u8());
        rig.ac.on_deadline(rig.now);
        break;
      default:
        break;
    }
    rig.drain();
  }
  return 0;
}
