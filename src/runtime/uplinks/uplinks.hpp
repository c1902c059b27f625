#pragma once
// The uplinks at work, as one part of the runtime: owns each one, hands frames to their owner by session identifier,
// gives permits for first PADIs, tells a parent's facts to the uplinks that stand on it.
//
// It knows nothing of routes or rules. What policy must know comes out as changed facts.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "model/config.hpp"
#include "port/data_plane.hpp"
#include "runtime/channels.hpp"
#include "runtime/part.hpp"
#include "runtime/records/uplink_records.hpp"
#include "runtime/uplinks/dial_gate.hpp"
#include "runtime/uplinks/orphans.hpp"
#include "runtime/uplinks/trace.hpp"
#include "runtime/uplinks/unit.hpp"
#include "uplink/uplink.hpp"

namespace michi::runtime {

class Uplinks final : public Part {
 public:
  Uplinks(Channels& channels, UplinkRecords& records, port::DataPlane& plane, Random random, port::Wake wake,
          uplink::Kinds kinds);

  DialGate& gate() { return gate_; }
  void open_gate() {
    if (gate_.open()) wake_();
  }
  void set_trace(Tracer::Sink sink) { tracer_.set(std::move(sink)); }

  void add(const model::UplinkConfig& config, std::optional<Secret> secret, UplinkRecords::Left left, Instant now);
  /// A session of an earlier run whose uplink the file no longer names: PADT as soon as possible.
  void end_orphan(model::SessionRecord record, Instant now) { orphans_.add(std::move(record), now); }
  /// Stops it and forgets it when it has gone down.
  void remove(const std::string& name, Instant now);
  void configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now);
  uplink::Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after,
                         bool secret_changed) const {
    return uplink::Uplink::effect(before, after, secret_changed, kinds_);
  }

  /// Commands, heard at once: a frame that waited for the turn would wait with its timer running.
  /// False: there is no such uplink.
  enum class Command : std::uint8_t { Start, Stop, Redial };
  bool command(const std::string& name, Command what, Instant now);
  void ask_again(const std::string& name, Instant now);
  void on_duplicate_address(const std::string& name, bool duplicate, Instant now);
  void on_plane_fault(const std::string& name, std::string text, Instant now);

  void on_kernel(const model::Observed& observed, Instant now) override;
  bool turn(Instant now, Pass pass) override;
  std::optional<Instant> next_deadline() const override;
  void end(Ending how, Instant now) override;
  bool idle() const override;
  /// As far as the uplinks themselves know it: in the order of their names.
  void snapshot(model::Snapshot& snapshot, Instant now) const override;

  const std::map<std::string, model::UplinkFacts>& facts() const { return facts_; }
  /// The uplink and its probe, as they are now, down to the words of their protocols.
  const Unit* find(std::string_view name) const;

 private:
  Unit* present(const std::string& name);
  /// Outputs, and what follows from them: channels, facts, children.
  void settle(Unit& unit, Instant now);
  void dispatch_channels(Instant now);
  void note(Unit& unit, Instant now);
  void tell_children(const std::string& parent, Instant now);
  void end_orphans(Instant now);
  void tell_interface(const std::string& name, Instant now);
  void take_frames(Instant now);
  void deliver(const std::string& interface, Bytes frame, Instant now);
  void forget_leavers(Instant now);

  Channels& channels_;
  UplinkRecords& records_;
  port::DataPlane& plane_;
  Random random_;
  port::Wake wake_;
  uplink::Kinds kinds_;
  Tracer tracer_;
  DialGate gate_;
  Orphans orphans_;
  std::map<std::string, Unit, std::less<>> units_;
  std::map<std::string, std::optional<uplink::InterfaceFacts>> interfaces_;
  /// RFC 2516 §4: a session is its identifier and both addresses.
  using SessionKey = std::tuple<std::string, std::uint16_t, Mac, Mac>;  // interface, id, ours, the peer's
  static SessionKey key_of(const model::SessionRecord& session);
  std::map<SessionKey, std::string> by_session_;  // → uplink
  std::map<std::string, model::UplinkFacts> facts_;
  std::deque<model::Event> said_;  // by the units
  bool changed_ = false;
};

}  // namespace michi::runtime
