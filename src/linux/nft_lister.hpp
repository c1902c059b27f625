#pragma once
// Asks nf_tables what is there: the digest of `inet michi`, and foreign base chains that may drop.
//
// Synchronous: the kernel answers inside the call. Bounded: one table of ours, at most 64 chains of
// others.

#include <functional>
#include <string>
#include <vector>

#include "linux/netlink_socket.hpp"
#include "port/firewall.hpp"

namespace michi::linux {

class NftLister {
 public:
  NftLister();

  /// Empty when the table is not there.
  std::string digest();
  std::vector<port::ForeignChain> foreign_chains();
  /// The table's named counters, by name; at most 64.
  std::vector<model::FirewallCounter> counters();

  /// Sends one request and waits for nothing but its acknowledgement.
  std::optional<port::OsError> request(Bytes message, const std::string& operation);
  std::uint32_t next_sequence() { return socket_.next_sequence(); }

 private:
  enum class Outcome : std::uint8_t { Whole, Interrupted, Refused };
  Outcome ask(Bytes message, const std::function<void(const nlmsghdr&)>& each);

  NetlinkSocket socket_;
};

}  // namespace michi::linux
