#pragma once
// Puts consecutive TCP segments of one batch together, so that the kernel's stack runs once for
// many of them (what GRO does for a network card).
//
// Only what can be cut again without a trace: same addresses, ports, ACK, window, options, TOS, TTL,
// consecutive sequence numbers, all but the last of one size, checksums verified. Everything else passes
// unchanged, and the order inside a flow is kept. Payload is not copied; nothing is held back
// beyond the batch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "dataplane/frame.hpp"
#include "dataplane/tun/vnet.hpp"

namespace michi::dataplane::tun {

inline constexpr std::size_t kBatch = 64;

/// Whether the caller has looked at the checksums already, and found them right.
enum class Checksum : std::uint8_t { Unknown, Verified };

/// One packet on its way to a device, or several as one.
struct Bundle {
  std::uint32_t target = 0;  // the caller's number for where it goes
  Vnet vnet;
  std::size_t packets = 0;
  std::size_t bytes = 0;  // IP octets as they came over the wire
  std::size_t parts = 0;
  std::array<Bytes, kBatch> part;
};

class Coalescer {
 public:
  bool full() const { return count_ == kBatch; }
  /// `packet` is borrowed until clear() and its headers may be rewritten; it is exactly as long as its
  /// IP header says. `vnet` is what came with it, offsets relative to the packet.
  void add(std::uint32_t target, std::span<std::byte> packet, const Vnet& vnet, Checksum checksum = Checksum::Unknown);
  /// Ends the batch: rewrites the headers of what was put together.
  std::span<const Bundle> finish();
  void clear() { count_ = 0; }

 private:
  struct Flow {
    bool open = false;  // more may be appended
    std::uint64_t key = 0;
    std::uint32_t next_sequence = 0;
    std::uint16_t next_id = 0;  // IPv4 identification
    std::uint16_t segment = 0;  // payload of all but the last
    std::size_t header = 0;     // IP and TCP
    std::size_t l4 = 0;
    std::size_t length = 0;
    std::span<std::byte> head;
  };
  bool append(Flow& flow, Bundle& bundle, std::span<std::byte> packet, std::size_t payload);
  void close(std::size_t index);

  std::size_t count_ = 0;
  std::array<Bundle, kBatch> bundles_;
  std::array<Flow, kBatch> flows_;
};

}  // namespace michi::dataplane::tun
