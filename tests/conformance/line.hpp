#pragma once
// The side under test at one end of a wire, the scripted peer at the other, and the steps every test
// begins with. Two kinds of it: the whole daemon core with one uplink (`Line`), and one PPP session
// with settings no operator has (`Bare`): timers, counters, the role of the authenticator.
//
// Steps return what was heard. A step that hears nothing fails the test and returns an empty packet.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "conformance/peer.hpp"
#include "engine/ppp/session.hpp"
#include "kit/world.hpp"
#include "model/config.hpp"
#include "model/uplink.hpp"

namespace michi::conformance {

/// What both kinds share.
class Wired {
 public:
  explicit Wired(std::uint64_t seed = 1);
  virtual ~Wired();
  Wired(const Wired&) = delete;
  Wired& operator=(const Wired&) = delete;

  kit::World world;
  kit::Wire wire;
  Peer peer;

  /// The next packet of that kind, waited for.
  Packet hear(unsigned protocol, unsigned code, Duration limit = seconds(4));
  Discovery hear_discovery(unsigned code, Duration limit = seconds(6));
  /// Whether anything of the protocol is heard within that time.
  bool silent(unsigned protocol, Duration how_long);
  bool silent(unsigned protocol, unsigned code, Duration how_long);
  /// An Echo-Request of the peer is answered: LCP is open.
  bool answers_echo(const Octets& data = {});
  /// What is heard, other than the answer, of an echo sent behind everything said so far: the frame
  /// behind it shows that what was discarded has been seen.
  std::vector<Packet> heard_before_an_echo();

  // LCP, as an access concentrator opens it.
  Packet ack(unsigned protocol);
  void request(unsigned protocol, unsigned id, const Octets& options);
  void open_lcp(const Octets& options = mru(1492) + magic());
  void open_ipcp();
  void open_ipv6cp();
  void open_networks();

  unsigned next_id() { return id_ = id_ % 200 + 1; }

 private:
  unsigned id_ = 0;
};

class Line : public Wired {
 public:
  explicit Line(std::uint64_t seed = 1);
  ~Line() override;

  // Before dial().
  model::UplinkConfig config;
  std::string password = "secret";
  std::uint32_t interface_mtu = 1500;

  /// The daemon begins and wants its uplink.
  void dial();
  void hang_up();     // the operator's `michi down`
  void dial_again();  // `michi up`
  void carrier(bool on);
  bool usable(Family family) const;
  /// "Up", "BackOff": the state that is shown.
  std::string state() const;
  const model::UplinkFacts& facts() const;
  bool saw(std::string_view event) const;
  std::string words(std::string_view event) const;  // of the latest such event

  /// PADI to PADS; session 0x1234.
  void discover(const Octets& offer = {}, const Octets& confirmation = {});
  /// Everything up to addresses, without authentication.
  void come_up();
  /// Discovery and LCP with this demand; the first thing of authentication is next.
  void open_with(const Octets& demand);
  bool waits_for(std::function<bool()> condition, Duration limit = seconds(60));

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
};

class Bare : public Wired {
 public:
  explicit Bare(std::uint64_t seed = 1);
  ~Bare() override;

  engine::ppp::Settings settings;
  std::vector<engine::ppp::Account> accounts;

  void start();
  void stop();
  void rechallenge();
  std::optional<engine::ppp::Ended> ended() const;
  std::vector<engine::ppp::Output> reports() const;

 private:
  struct End;
  std::unique_ptr<End> end_;
};

struct DaemonTest : ::testing::Test, Line {};
struct SessionTest : ::testing::Test, Bare {};

}  // namespace michi::conformance
