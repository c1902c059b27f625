#pragma once
// A DHCPv6 server and a client in a world. The server keeps bindings by client and IAID, gives each a
// /56 of its own and can be made slow, forgetful, silent or poor; it is no model of a good server. What
// lies on the wire is source, destination, UDP payload.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/dhcp6/client.hpp"
#include "kit/world.hpp"

namespace michi::kit {

class Dhcp6Server : public Node {
 public:
  struct Behaviour {
    Prefix pool{Ipv6{{0x24, 0x00, 0x40, 0x50}}, 32};
    std::uint32_t preferred = 14400;  // seconds, like the next three
    std::uint32_t valid = 14400;
    std::uint32_t t1 = 0;
    std::uint32_t t2 = 0;
    std::uint8_t preference = 0;
    Duration delay{};               // of every answer
    bool silent = false;            // hears nothing
    bool empty = false;             // NoPrefixAvail
    bool ignores_unknown = false;   // no NoBinding in answer to a Rebind
    std::uint32_t refresh = 86400;  // Information Refresh Time
  };

  Dhcp6Server(World& world, Wire& wire, std::uint8_t number = 1);

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant) override { return false; }

  /// A restart that lost its bindings; the next ones are others.
  void forget() { bindings_.clear(); }
  std::size_t bindings() const { return bindings_.size(); }
  unsigned heard(wire::dhcp6::MessageType type) const;

  Behaviour behaviour;

 private:
  wire::dhcp6::Message answer_to(const wire::dhcp6::Message& question);
  wire::dhcp6::Ia answer_for(const wire::dhcp6::Ia& asked, const std::string& client, wire::dhcp6::MessageType type);
  Prefix next_prefix();

  World& world_;
  Wire& wire_;
  ByteVec duid_;
  Ipv6 address_;
  std::uint32_t given_ = 0;
  std::map<std::pair<std::string, std::uint32_t>, Prefix> bindings_;
  std::map<wire::dhcp6::MessageType, unsigned> heard_;
};

/// The client with the laws of its reports: leases are withdrawn before they run out unnoticed, nothing
/// is withdrawn that was not held, and no more than twenty messages go out in twenty seconds.
class Dhcp6Node : public Node {
 public:
  Dhcp6Node(World& world, Wire& wire, engine::dhcp6::Settings settings, std::uint64_t seed);

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant now) override { client.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return client.next_deadline(); }
  bool drain(Instant now) override;

  bool usable() const { return !until_.empty(); }
  std::vector<Prefix> prefixes() const;
  bool bound() const { return client.state() == engine::dhcp6::State::Bound; }

  engine::dhcp6::Client client;
  unsigned leased = 0, renewed = 0, withdrawn = 0, failed = 0, informed = 0;
  std::vector<std::string> broken_laws;

 private:
  void take(const engine::dhcp6::Held& held, Instant now);
  void give_back(const engine::dhcp6::Withdrawn& gone);

  Wire& wire_;
  Ipv6 address_;
  std::map<Prefix, Instant> until_;  // what was announced
  std::vector<Instant> sent_;
};

}  // namespace michi::kit
