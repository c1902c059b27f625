#pragma once
// A DHCPv4 server in a world, honest by default and anything else on command. It also is its own
// network: it answers ARP for addresses that somebody else uses.
//
// It judges what clients send by RFC 2131 table 5; what it finds wrong stands in complaints().

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "kit/world.hpp"
#include "wire/dhcp4_options.hpp"

namespace michi::kit {

struct Dhcp4Settings {
  Mac device{{0x02, 0xd4, 0, 0, 0, 1}};
  Ipv4 identifier{0xc0000201};  // 192.0.2.1
  Ipv4 first{0xc0000264};       // 192.0.2.100
  unsigned count = 50;
  std::uint32_t lease = 3600;  // seconds
  /// Ahead of the leases' own: mask, router, resolvers and so on; replaces those of the same code.
  wire::dhcp4::Options options;
};

class Dhcp4Server : public Node {
 public:
  explicit Dhcp4Server(Dhcp4Settings settings = {}) : settings_(std::move(settings)) {}
  Dhcp4Server(World& world, Wire& wire, Dhcp4Settings settings = {});

  /// What it answers to an IPv4 packet of a client; nothing if silent.
  std::optional<ByteVec> answer(Bytes packet, Instant now);

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant now) override;

  /// The next life: leases are forgotten.
  void forget() { leases_.clear(); }
  Dhcp4Settings& settings() { return settings_; }
  const std::map<Mac, Ipv4>& leases() const { return leases_; }
  const std::vector<std::string>& complaints() const { return complaints_; }
  std::size_t heard(wire::dhcp4::MessageType type) const;

  bool alive = true;
  bool offers = true;
  bool acknowledges = true;
  bool refuses = false;                                     // NAK to every REQUEST for it
  std::function<void(wire::dhcp4::Message& answer)> twist;  // the last word on an answer
  std::set<Ipv4> used_by_others;

 private:
  wire::dhcp4::Message reply(const wire::dhcp4::Message& to, wire::dhcp4::MessageType type, Ipv4 address) const;
  std::optional<wire::dhcp4::Message> answer(const wire::dhcp4::Message& message, Ipv4 source);
  Ipv4 address_for(const Mac& client);
  void judge(const wire::dhcp4::Message& message, Ipv4 source);
  void complain(std::string text);

  Dhcp4Settings settings_;
  Wire* wire_ = nullptr;
  std::map<Mac, Ipv4> leases_;
  std::set<Ipv4> declined_;
  std::map<wire::dhcp4::MessageType, std::size_t> heard_;
  std::vector<std::string> complaints_;
  std::vector<ByteVec> out_;
};

}  // namespace michi::kit
