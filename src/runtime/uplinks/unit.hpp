#pragma once
// One uplink at work: its life and its probe, with the channels they want and the device they stand on.
//
// It carries outputs to where they go; what the uplinks share (facts, sessions, permits) is the owner's.

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/kernel.hpp"
#include "runtime/channels.hpp"
#include "runtime/records/uplink_records.hpp"
#include "runtime/uplinks/dial_gate.hpp"
#include "runtime/uplinks/trace.hpp"
#include "uplink/probe/probe.hpp"
#include "uplink/uplink.hpp"

namespace michi::runtime {

class Unit {
 public:
  struct Shared {
    Channels& channels;
    UplinkRecords& records;
    DialGate& gate;
    Tracer& tracer;
    std::deque<model::Event>& events;
  };

  Unit(std::string name, uplink::Uplink life, uplink::Probe probe, Shared shared);

  uplink::Uplink& life() { return life_; }
  const uplink::Uplink& life() const { return life_; }
  const uplink::Probe& probe() const { return probe_; }
  bool leaving = false;  // removed, and not down yet

  void configure(const model::UplinkConfig& config, std::optional<Secret> secret, Instant now);
  /// After configure(), when the channels it wants are wanted: the life may be another one (kind.hpp).
  void tell_channels(Instant now);
  /// The device its packets leave by, and its addresses.
  void on_kernel(const model::Observed& observed, Instant now);
  void on_channel(const Channels::Change& change, Instant now);
  /// What its own channels have; PPPoE is shared by all uplinks of a line and comes from the owner.
  void take(Instant now);
  /// A deadline that is due. `packets_in`: what the data plane has counted, asked only then.
  template <class Count>
  void run(const Count& packets_in, Instant now) {
    run_probe(now);
    if (!deadline_ || now < *deadline_) return;
    if (life_.facts().attached) life_.on_traffic(packets_in(), now);
    life_.on_deadline(now);
    drain(now);
  }
  /// Outputs to where they go.
  void drain(Instant now);
  /// Told of something from outside since then.
  void stir() { stirred_ = true; }
  void drain_if_stirred(Instant now) {
    if (stirred_) drain(now);
  }
  std::optional<Instant> next_deadline() const;

  /// Its facts as policy is to know them, with its probe's verdict, when they are others than told last.
  std::optional<model::UplinkFacts> take_facts();
  bool wants_pppoe_on(const std::string& interface) const;
  /// Nothing of it is open any more.
  void close(Instant now);

 private:
  ChannelOwner owner() const { return {ChannelOwner::Part::Uplinks, name_}; }
  void want_channels(Instant now);
  void tend_probe(Instant now);
  void drain_probe();
  void run_probe(Instant now);
  void take_echoes(Channels::Look look, Instant now);
  void take_datagrams(uplink::Service service, Instant now);
  ChannelId echo_channel(Family family) const;
  void send(const uplink::Frame& frame);
  void send(const uplink::Datagram& datagram);

  std::string name_;
  uplink::Uplink life_;
  uplink::Probe probe_;
  Shared shared_;
  std::vector<uplink::ChannelWant> wanted_;  // by the life
  std::optional<uplink::DeviceFacts> device_;
  bool stirred_ = true;
  bool told_ = false;                // facts or verdict are others than the owner has
  std::optional<Instant> deadline_;  // of the life, as it was when it was drained
};

}  // namespace michi::runtime
