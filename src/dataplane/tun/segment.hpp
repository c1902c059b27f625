#pragma once
// From what the kernel hands over (checksums unfinished, up to 64 KiB at once) to packets that fit
// the wire: finishes checksums and cuts TCP and UDP super-packets.
//
// Never allocates, never copies payload: a piece is a header, newly written, and a slice of the
// original. TCP: sequence numbers, PSH and FIN on the last piece only, CWR on the first only
// (RFC 3168 §6.1.2); IPv4: identification counts up.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "dataplane/frame.hpp"
#include "dataplane/tun/vnet.hpp"

namespace michi::dataplane::tun {

/// IPv4 and TCP with all options; IPv6 with up to 100 octets of extension headers.
inline constexpr std::size_t kMaxHeaders = 200;

struct Piece {
  std::size_t header = 0;  // octets written to the caller's buffer; 0 when payload is the whole packet
  Bytes payload;
  std::size_t size() const { return header + payload.size(); }
};

class Cutter {
 public:
  /// Empty when the packet is not what its vnet header says, or a piece would be larger than `mtu`.
  /// The packet may be changed (its checksum is finished in place) and is borrowed.
  static std::optional<Cutter> make(std::span<std::byte> packet, const Vnet& vnet, std::size_t mtu);

  Family family() const { return family_; }
  /// The next piece, its headers written to `headers` (kMaxHeaders octets), until empty.
  std::optional<Piece> next(std::span<std::byte> headers);

 private:
  Cutter() = default;
  void patch(std::span<std::byte> header, Bytes payload, bool last);

  std::span<std::byte> packet_;
  Family family_ = Family::V4;
  std::size_t offset_ = 0;   // payload taken so far
  std::size_t headers_ = 0;  // octets of all headers; 0: not a super-packet
  std::size_t l4_ = 0;
  std::size_t gso_size_ = 0;
  bool tcp_ = false;
  bool done_ = false;
  std::uint16_t index_ = 0;
  std::uint64_t pseudo_ = 0;  // partial checksum without the length
};

/// Finishes a checksum that the kernel left to the device. False when it does not fit the packet.
bool finish_checksum(std::span<std::byte> packet, const Vnet& vnet);

}  // namespace michi::dataplane::tun
