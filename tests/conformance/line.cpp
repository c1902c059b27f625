#include "conformance/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "kit/configs.hpp"
#include "sim/core_rig.hpp"

namespace michi::conformance {
namespace {

const Octets kPeerAddress = hex("02 00 00 00 00 a1");
constexpr std::string_view kName = "isp";

}  // namespace

Wired::Wired(std::uint64_t seed) : world(seed), wire(world, {}), peer(world, wire, kPeerAddress) {
  wire.recording = true;
}

Wired::~Wired() {
  for (const std::string& complaint : peer.complaints) ADD_FAILURE() << "on the wire: " << complaint;
  if (!world.trouble().empty()) ADD_FAILURE() << world.trouble();
  if (!::testing::Test::HasFailure()) return;
  const auto& lines = wire.transcript();
  for (std::size_t i = lines.size() > 60 ? lines.size() - 60 : 0; i < lines.size(); ++i)
    std::printf("  %s\n", lines[i].c_str());
}

Packet Wired::hear(unsigned protocol, unsigned code, Duration limit) {
  std::optional<Packet> packet;
  world.run_until([&] { return (packet = peer.take(protocol, code)).has_value(); }, limit);
  if (!packet) ADD_FAILURE() << fmt::format("nothing heard of protocol {:#06x} code {}", protocol, code);
  return packet.value_or(Packet{});
}

Discovery Wired::hear_discovery(unsigned code, Duration limit) {
  std::optional<Discovery> frame;
  world.run_until([&] { return (frame = peer.take_discovery(code)).has_value(); }, limit);
  if (!frame) ADD_FAILURE() << fmt::format("no discovery frame of code {:#04x}", code);
  return frame.value_or(Discovery{});
}

bool Wired::silent(unsigned protocol, Duration how_long) {
  return !world.run_until([&] { return !peer.waiting(protocol).empty(); }, how_long);
}

bool Wired::silent(unsigned protocol, unsigned code, Duration how_long) {
  return !world.run_until([&] { return peer.take(protocol, code).has_value(); }, how_long);
}

bool Wired::answers_echo(const Octets& data) {
  const unsigned id = next_id();
  peer.say(kLcp, kEchoRequest, id, u32(kPeerMagic) + data);
  return world.run_until(
      [&] {
        const auto reply = peer.take(kLcp, kEchoReply);
        return reply && reply->id == id;
      },
      milliseconds(100));
}

std::vector<Packet> Wired::heard_before_an_echo() {
  world.run({});
  const unsigned id = next_id();
  peer.say(kLcp, kEchoRequest, id, u32(kPeerMagic) + text("behind"));
  const auto is_answer = [&](const Packet& p) { return p.protocol == kLcp && p.code == kEchoReply && p.id == id; };
  const bool answered = world.run_until([&] { return std::ranges::any_of(peer.packets(), is_answer); }, seconds(1));
  if (!answered) ADD_FAILURE() << "the echo behind it is not answered";
  std::vector<Packet> before = peer.packets();
  std::erase_if(before, is_answer);
  peer.forget();
  return before;
}

Packet Wired::ack(unsigned protocol) {
  const Packet asked = hear(protocol, kConfigureRequest);
  peer.say(protocol, kConfigureAck, asked.id, asked.data);
  return asked;
}

void Wired::request(unsigned protocol, unsigned id, const Octets& options) {
  peer.say(protocol, kConfigureRequest, id, options);
}

void Wired::open_lcp(const Octets& options) {
  ack(kLcp);
  const unsigned id = next_id();
  request(kLcp, id, options);
  EXPECT_EQ(hear(kLcp, kConfigureAck).id, id);
}

void Wired::open_ipcp() {
  const Packet asked = hear(kIpcp, kConfigureRequest);
  Octets better;
  for (const Option& one : asked.options())
    better = better + option(one.type, one.type == 3     ? hex("c0 00 02 4d")
                                       : one.type == 129 ? hex("c0 00 02 35")
                                                         : hex("c0 00 02 36"));
  peer.say(kIpcp, kConfigureNak, asked.id, better);
  ack(kIpcp);
  const unsigned id = next_id();
  request(kIpcp, id, option(3, hex("c0 00 02 01")));
  EXPECT_EQ(hear(kIpcp, kConfigureAck).id, id);
}

void Wired::open_ipv6cp() {
  ack(kIpv6cp);
  const unsigned id = next_id();
  request(kIpv6cp, id, option(1, hex("00 00 00 00 00 00 00 a1")));
  EXPECT_EQ(hear(kIpv6cp, kConfigureAck).id, id);
}

void Wired::open_networks() {
  open_ipcp();
  open_ipv6cp();
  world.run(milliseconds(5));
}

struct Line::Daemon {
  explicit Daemon(Line& line) : node(line.world, {{"wan0", &line.wire}}, machine) {}
  sim::Machine machine;
  sim::CoreNode node;
};

Line::Line(std::uint64_t seed) : Wired(seed) {
  config.id.name = kName;
  config.over = model::OnLine{"wan0"};
  kit::ppp(config).user = "user@isp";
}

Line::~Line() = default;

void Line::dial() {
  daemon_ = std::make_unique<Daemon>(*this);
  daemon_->machine.kernel.add_ethernet("wan0", 1, interface_mtu);
  model::Config whole;
  whole.uplinks = {config};
  whole.global.padi_burst = 0;
  daemon_->node->begin(std::make_shared<const model::Config>(whole), {{std::string(kName), Secret(password)}});
}

void Line::hang_up() { EXPECT_EQ(daemon_->node->down(std::string(kName)), runtime::Core::Answer::Done); }
void Line::dial_again() { EXPECT_EQ(daemon_->node->up(std::string(kName)), runtime::Core::Answer::Done); }
void Line::carrier(bool on) { daemon_->machine.kernel.set_link("wan0", on); }

const model::UplinkFacts& Line::facts() const { return *sim::facts_now(*daemon_->node, std::string(kName)); }
bool Line::usable(Family family) const { return facts().usable(family); }
std::string Line::state() const { return std::string(model::to_text(facts().state)); }
bool Line::saw(std::string_view event) const { return daemon_->node.saw(event); }

std::string Line::words(std::string_view event) const {
  std::string found;
  for (const model::Event& one : daemon_->node.events())
    if (one.code == event) found = one.text;
  return found;
}

void Line::discover(const Octets& offer, const Octets& confirmation) {
  const Discovery padi = hear_discovery(kPadi);
  const Octets uniq = padi.tag(kHostUniq).value_or(Octets{});
  peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + tag(kHostUniq, uniq) + offer);
  const Discovery padr = hear_discovery(kPadr);
  EXPECT_EQ(padr.tag(kHostUniq), uniq);
  peer.session = 0x1234;
  peer.discovery(kPads, peer.session, tag(kServiceName) + tag(kHostUniq, uniq) + confirmation);
}

void Line::come_up() {
  dial();
  discover();
  open_lcp();
  open_networks();
  EXPECT_TRUE(waits_for([&] { return usable(Family::V4) && usable(Family::V6); }, seconds(1)));
  peer.forget();
}

void Line::open_with(const Octets& demand) {
  dial();
  discover();
  open_lcp(mru(1492) + option(kAuthentication, demand) + magic());
}

bool Line::waits_for(std::function<bool()> condition, Duration limit) { return world.run_until(condition, limit); }

/// A session in a world: the PPPoE header put on and taken off, nothing else.
struct Bare::End final : kit::Node {
  End(Bare& owner, engine::ppp::Session made) : bare(owner), session(std::move(made)) {
    owner.wire.attach(*this);
    owner.world.add(*this);
  }

  void on_frame(Bytes frame, Instant now) override { session.on_frame(frame.subspan(20), now); }
  void on_deadline(Instant now) override { session.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return session.next_deadline(); }
  bool drain(Instant) override {
    bool any = false;
    while (auto output = session.poll()) {
      any = true;
      const auto* send = std::get_if<engine::ppp::SendFrame>(&*output);
      if (send == nullptr) {
        reports.push_back(std::move(*output));
        continue;
      }
      const Octets header = bare.peer.address + bare.peer.other + u16(kSession) + u8(0x11) + u8(0) +
                            u16(bare.peer.session) + u16(static_cast<unsigned>(send->frame.size()));
      ByteVec whole;
      for (const std::uint8_t octet : header) whole.push_back(static_cast<std::byte>(octet));
      whole.insert(whole.end(), send->frame.begin(), send->frame.end());
      bare.wire.send(this, std::move(whole));
    }
    return any;
  }

  Bare& bare;
  engine::ppp::Session session;
  std::vector<engine::ppp::Output> reports;
};

Bare::Bare(std::uint64_t seed) : Wired(seed) {
  settings.user = "user@isp";
  settings.password = Secret("secret");
  settings.server_name = "bas1";
  accounts = {{"user@isp", Secret("secret")}};
  peer.other = hex("02 00 00 00 00 01");
  peer.session = 0x1234;
}

Bare::~Bare() = default;

void Bare::start() {
  end_ = std::make_unique<End>(*this, engine::ppp::Session(std::move(settings), Random::seeded(7), accounts));
  end_->session.start(world.now());
}

void Bare::stop() { end_->session.stop(world.now()); }
void Bare::rechallenge() { end_->session.rechallenge(world.now()); }

std::optional<engine::ppp::Ended> Bare::ended() const {
  for (const auto& report : end_->reports)
    if (const auto* end = std::get_if<engine::ppp::Ended>(&report)) return *end;
  return std::nullopt;
}

std::vector<engine::ppp::Output> Bare::reports() const { return end_->reports; }

}  // namespace michi::conformance
