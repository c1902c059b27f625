#pragma once
// What DHCPv6 of one uplink is worth keeping on disk: who we are to the server, what it gave, and which
// prefixes hosts behind us may still use.
//
// Lifetimes are what is left at one moment; whoever stores the record says when that was. RFC 8415 §11
// (a DUID does not change), RFC 9096 §3.1 and §3.5.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/time.hpp"
#include "engine/dhcp6/lease.hpp"

namespace michi::uplink {

struct LeaseRecord {
  struct Remembered {
    Prefix prefix;
    Duration preferred{};
    Duration valid{};
    bool on_link = false;
    bool operator==(const Remembered&) const = default;
  };

  ByteVec duid;
  ByteVec server;                            // the server's DUID
  std::vector<engine::dhcp6::Lease> leases;  // to be confirmed by the next conversation
  std::vector<Remembered> prefixes;          // what facts said, leases among them
  bool operator==(const LeaseRecord&) const = default;
};

/// The same, so much later: without what has ended meanwhile.
LeaseRecord aged(LeaseRecord record, Duration age);

/// Keep this record on disk; nullopt: there is nothing to keep any more.
struct PersistLease {
  std::optional<LeaseRecord> record;
};

/// What an uplink cannot know by itself.
struct Ipv6Memory {
  std::optional<LeaseRecord> record;                   // of an earlier life, as of now
  std::optional<std::array<std::byte, 16>> machine{};  // identifies the machine, for DUID-UUID
  std::int64_t wall_seconds = 0;                       // for a DUID-LLT that is made now
};

/// The same, so much later.
Ipv6Memory aged(Ipv6Memory memory, Duration age);

/// An end from what is left, and back; a lifetime without end has none.
constexpr Instant end_after(Instant now, Duration left) {
  return left == engine::dhcp6::kForever ? Instant::max() : now + left;
}
constexpr Duration left_until(Instant end, Instant now) {
  if (end == Instant::max()) return engine::dhcp6::kForever;
  return end > now ? end - now : Duration::zero();
}

}  // namespace michi::uplink
