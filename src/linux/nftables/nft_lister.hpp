#pragma once
// Asks nf_tables what is there: the digest of michi's tables, what they count, and foreign base chains that may drop.
//
// Synchronous: the kernel answers inside the call. Bounded: two tables of ours, at most 64 chains of
// others.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "linux/netlink/netlink_socket.hpp"
#include "linux/nftables/nft_codec.hpp"
#include "port/firewall.hpp"

namespace michi::linux {

class NftLister {
 public:
  NftLister();

  /// A whole table; of which generation is not said when somebody committed during each attempt.
  struct Listed {
    NftDigest digest;
    std::optional<std::uint32_t> generation;
  };
  Listed list(model::NftFamily table);
  /// How often a whole table was listed.
  std::uint64_t listings() const { return listings_; }
  std::vector<port::ForeignChain> foreign_chains();
  /// The table's named counters, by name; at most 64.
  std::vector<model::FirewallCounter> counters();
  /// At most 1024 elements.
  std::vector<model::PassedTraffic> passed_traffic();

  /// Sends one request and waits for nothing but its acknowledgement.
  std::optional<port::OsError> request(Bytes message, const std::string& operation);
  std::uint32_t next_sequence() { return socket_.next_sequence(); }

 private:
  enum class Outcome : std::uint8_t { Whole, Interrupted, Refused };
  Outcome ask(Bytes message, const std::function<void(const nlmsghdr&)>& each);
  std::optional<std::uint32_t> generation();

  NetlinkSocket socket_;
  std::uint64_t listings_ = 0;
};

}  // namespace michi::linux
