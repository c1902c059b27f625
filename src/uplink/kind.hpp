#pragma once
// The life of one uplink, whatever its kind: the shape that every kind has, and the table that finds a kind's life.
//
// Laws, for the owner and for every kind:
//  - Time is monotonic: no `now` is earlier than one before it. Inputs may come at any time, in any order, twice.
//  - After every input, and after every on_deadline(), the owner drains poll() until it is empty; the order of
//    outputs is the order in which they are to happen. next_deadline() is asked after that, and lies ahead of `now` or
//    is nothing.
//  - recall() comes once, before start(); then channels, interface, device and underlay as they are known.
//  - ChannelsWanted is said by recall() and whenever the list changes; the whole list is meant. Every channel that is
//    new in it, or on another device, is told of by on_channel() as soon as it is opened or refused, also where it has
//    been open for somebody else. One that is not told of counts as closed.
//  - A channel is told Open before the interface that it stands on is told present, and Closed after it is told absent.
//    A refused one is tried again by the owner; its Open may come at any time.
//  - After configure(), channels, interface, device and underlay are told again, as after recall(): the life may be
//    another one now, or stand elsewhere.
//  - One FactsChanged per change that policy or status must act on; facts() never runs ahead of what was told by more
//    than the outputs that wait in poll().
//  - After stop() and its deadline, settled_down() is true. From then on nothing is sent, and no deadline is left but
//    the ends of what is remembered (prefixes). Channels that a start needs at once stay wanted.
//  - A life never touches a device, a route or a file, and reads no clock.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "model/config.hpp"
#include "uplink/ip/ipv6_diagnosis.hpp"
#include "uplink/signals.hpp"
#include "wire/pppoe.hpp"

namespace michi::uplink {

class Life {
 public:
  virtual ~Life() = default;

  /// Once, before anything else: what DHCPv6 left behind.
  virtual void recall(Ipv6Memory memory, Instant now) = 0;
  /// For the life that takes the place of this one.
  virtual Ipv6Memory memory(Instant now) const = 0;
  virtual void start(Instant now) = 0;
  /// Orderly and bounded; ends in Down.
  virtual void stop(Instant now) = 0;
  virtual void redial(Instant now) = 0;
  /// A new configuration of the same kind.
  virtual Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) = 0;
  /// Makes room for another kind at once: no time for an orderly end.
  virtual void abandon(Instant now) { stop(now); }

  virtual void on_channel(ChannelKind, const ChannelState&, Instant) {}
  virtual void on_interface(std::optional<InterfaceFacts>, Instant) {}
  virtual void on_device(std::optional<DeviceFacts>, Instant) {}
  /// The uplink it stands on, as that one was told; nullptr: there is none of this name.
  virtual void on_underlay(const model::UplinkFacts*, Instant) {}
  /// A PPPoE frame of its channel: discovery, or of its own session. Parsed once for all uplinks of a line.
  virtual void on_pppoe(const wire::pppoe::Framed&, Instant) {}
  /// A DHCPv4 or ARP frame of its channel.
  virtual void on_ethernet(Bytes, Instant) {}
  virtual void on_datagram(const Heard&, Instant) {}
  virtual void on_permit(Instant) {}
  virtual void on_traffic(std::uint64_t, Instant) {}
  /// Another uplink, one that is attached, has the same local address: hold until told false.
  virtual void on_duplicate_address(bool, Instant) {}
  /// The data plane cannot carry it.
  virtual void on_plane_fault(std::string, Instant) {}
  virtual void on_deadline(Instant now) = 0;

  virtual std::optional<Instant> next_deadline() const = 0;
  virtual std::optional<Output> poll() = 0;

  virtual const model::UplinkFacts& facts() const = 0;
  /// The phase's own name, finer than facts().state: "LinkHold".
  virtual std::string_view phase() const = 0;
  virtual const model::UplinkConfig& config() const = 0;
  /// "lcp Opened, auth done, ipcp Opened"; empty without a conversation.
  virtual std::string protocol_state() const { return {}; }
  /// Conditions that are not met yet, in order: "carrier on wan0", …
  virtual std::vector<std::string> waiting_for() const = 0;
  /// When the prefix is asked for again.
  virtual std::optional<Instant> next_renewal(Instant) const { return std::nullopt; }
  virtual Ipv6Diagnosis ipv6_diagnosis() const { return {}; }
  /// A DHCPv6 client that waits asks at once.
  virtual void ask_again(Instant) {}
  /// A session that could not be ended for want of a carrier.
  virtual std::optional<model::SessionRecord> take_orphan() { return std::nullopt; }
  virtual bool settled_down() const = 0;
};

/// What a life begins with.
struct Beginning {
  model::UplinkConfig config;
  std::optional<Secret> secret{};
  Random random;
  std::optional<model::SessionRecord> orphan{};  // left by an earlier run: it gets its PADT before anything else
  std::optional<HeldAddress> held{};             // an address the network gave to an earlier run
};

/// A kind of uplink, as this room knows it.
struct Kind {
  const model::Traits* traits = nullptr;
  std::unique_ptr<Life> (*make)(Beginning) = nullptr;
  /// What configure() would do (reload --dry-run).
  Applied (*effect)(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed) = nullptr;
};
using Kinds = std::span<const Kind>;

/// The kinds of the product (kinds.cpp is their table).
Kinds standard_kinds();

}  // namespace michi::uplink
