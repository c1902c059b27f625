#pragma once
// The header that a TUN device and a packet socket put before every packet when asked to: what is
// still to be done about checksums and segmentation (virtio 1.2 §5.1.6, in host byte order).

#include <cstdint>

namespace michi::dataplane::tun {

inline constexpr std::uint8_t kNeedsChecksum = 0x01;  // VIRTIO_NET_HDR_F_NEEDS_CSUM

inline constexpr std::uint8_t kGsoNone = 0;
inline constexpr std::uint8_t kGsoTcp4 = 1;
inline constexpr std::uint8_t kGsoTcp6 = 4;
inline constexpr std::uint8_t kGsoUdp = 5;  // VIRTIO_NET_HDR_GSO_UDP_L4
inline constexpr std::uint8_t kGsoEcn = 0x80;

struct Vnet {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = kGsoNone;
  std::uint16_t header_length = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;
  bool operator==(const Vnet&) const = default;
};
static_assert(sizeof(Vnet) == 10);

}  // namespace michi::dataplane::tun
