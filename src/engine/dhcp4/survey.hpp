#pragma once
// Which DHCPv4 servers are there? A DISCOVER to everybody, repeated once, and the offers that come back.
//
// It takes no lease: nothing follows an offer. Its client identifier is nobody else's, so a server that
// counts clients mistakes it for no host, and the answers are asked to be broadcast, because the interface
// it is asked on may belong to a router that would forward anything else. What it keeps is bounded.
//
// RFC 2131 §3.1.1 and §3.1.2; RFC 2132 §9.14 (an identifier that is no hardware address).

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace michi::engine::dhcp4 {

struct SurveyedServer {
  Ipv4 identifier;
  Mac mac;  // who sent the frame: perhaps a relay's
  Ipv4 offered;
  std::optional<Ipv4> router;
  bool operator==(const SurveyedServer&) const = default;
};

class Survey {
 public:
  static constexpr std::size_t kMost = 8;  // servers that are told apart
  /// The second question: the first may have been lost.
  static constexpr Duration kAskAgain = milliseconds(1500);

  /// `local`: the Ethernet address of the interface it is asked on.
  Survey(const Mac& local, Random random);

  void start(Instant now);
  void stop();
  /// A whole IPv4 packet, and who sent its frame.
  void on_ip_frame(Bytes packet, const Mac& source);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const { return again_; }
  /// IPv4 packets for everybody on the link.
  std::optional<ByteVec> poll();

  /// In the order of their first answers.
  const std::vector<SurveyedServer>& servers() const { return servers_; }

 private:
  void ask();

  Mac local_;
  std::uint32_t xid_;
  bool running_ = false;
  std::optional<Instant> again_;
  std::vector<SurveyedServer> servers_;
  std::list<ByteVec> outputs_;
};

}  // namespace michi::engine::dhcp4
