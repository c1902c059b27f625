#pragma once
// The probe of an uplink, for any kind of it: which next hop and which targets are asked in which family, and what
// the answers say of the uplink. A value beside the uplink's life with the shape of an engine: it is told the
// uplink's facts, and has a verdict of its own (model::HealthFacts) that the life never sees.
//
// It runs in a family while the uplink is usable there and the socket on its device stands. It ends no session and
// takes no address back: what a verdict means for traffic is the policy's business.
//
// The conversation is engine/probe's. docs/decisions/0013.

#include <array>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "engine/probe/prober.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/snapshot.hpp"
#include "model/uplink.hpp"

namespace michi::uplink {

/// An ICMP message to be sent on the uplink's device.
struct EchoAsk {
  Address to;
  ByteVec message;
};
/// health() is another now.
struct HealthChanged {};
using ProbeOutput = std::variant<EchoAsk, HealthChanged, model::Event>;

class Probe {
 public:
  Probe(std::string name, model::ProbeConfig config, Random random);

  void configure(const model::ProbeConfig& config, Instant now);
  void on_facts(const model::UplinkFacts& facts, Instant now);
  /// Echoes can be sent and heard on its device, or no longer.
  void on_socket(Family family, bool stands, Instant now);
  void on_message(Family family, Bytes icmp, const Address& source, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<ProbeOutput> poll();

  bool on() const { return config_.on; }
  /// A socket is wanted in this family.
  bool wants(Family family) const;
  const model::HealthFacts& health(Family family) const { return side(family).health; }
  /// What it has learned, in the families in which it runs.
  std::vector<model::ProbeSnapshot> snapshots(Instant now) const;

 private:
  struct Side {
    Family family;
    engine::probe::Prober prober;
    bool usable = false;
    bool socket = false;
    std::optional<Address> next_hop{};
    model::HealthFacts health{};
  };

  static constexpr std::size_t at(Family family) { return family == Family::V4 ? 0 : 1; }
  Side& side(Family family) { return sides_[at(family)]; }
  const Side& side(Family family) const { return sides_[at(family)]; }
  Side made(Family family);
  void tend(Side& side, Instant now);
  void drain(Side& side);
  void take(Side& side, const engine::probe::Judgement& judgement);
  std::string where(const Side& side, engine::probe::Stage stage) const;

  std::string name_;
  model::ProbeConfig config_;
  Random random_;
  std::array<Side, 2> sides_;
  std::list<ProbeOutput> outputs_;
};

}  // namespace michi::uplink
