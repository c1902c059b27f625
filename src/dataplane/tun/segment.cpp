#include "dataplane/tun/segment.hpp"

#include <algorithm>

#include "base/net/checksum.hpp"

namespace michi::dataplane::tun {
namespace {

constexpr std::size_t kTcpFixed = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kUdpChecksum = 6;
constexpr std::size_t kTcpFlags = 13;
constexpr std::byte kFinPsh{0x09};
constexpr std::byte kCwr{0x80};

std::uint16_t complement(std::uint16_t sum) { return static_cast<std::uint16_t>(~sum & 0xffff); }

/// RFC 768: a checksum of zero is sent as all ones, zero means none.
std::uint16_t udp_safe(std::uint16_t checksum) { return checksum == 0 ? 0xffff : checksum; }

}  // namespace

bool finish_checksum(std::span<std::byte> packet, const Vnet& vnet) {
  const std::size_t start = vnet.checksum_start;
  const std::size_t field = start + vnet.checksum_offset;
  if (start > packet.size() || field + 2 > packet.size()) return false;
  const std::uint16_t sum = complement(ones_sum(packet.subspan(start)));
  put_u16(packet, field, vnet.checksum_offset == kUdpChecksum ? udp_safe(sum) : sum);
  return true;
}

std::optional<Cutter> Cutter::make(std::span<std::byte> packet, const Vnet& vnet, std::size_t mtu) {
  const auto view = view_ip(packet);
  if (!view) return std::nullopt;
  Cutter cutter;
  cutter.family_ = view->family;
  cutter.packet_ = packet.first(view->length);
  const bool partial = (vnet.flags & kNeedsChecksum) != 0;
  const std::uint8_t type = vnet.gso_type & static_cast<std::uint8_t>(~kGsoEcn);
  if (type == kGsoNone) {
    if (view->length > mtu) return std::nullopt;
    // A checksum inside the IP header is not one a transport has.
    if (partial && (vnet.checksum_start < view->header || !finish_checksum(cutter.packet_, vnet))) return std::nullopt;
    return cutter;
  }

  const bool tcp = type == kGsoTcp4 || type == kGsoTcp6;
  if (!tcp && type != kGsoUdp) return std::nullopt;
  if ((type == kGsoTcp4 && view->family != Family::V4) || (type == kGsoTcp6 && view->family != Family::V6))
    return std::nullopt;
  if (!partial || view->fragment || vnet.gso_size == 0) return std::nullopt;
  // The kernel knows where the transport header is, extension headers or not.
  const std::size_t l4 = vnet.checksum_start;
  const std::size_t length = view->length;
  if (l4 < view->header || (view->family == Family::V4 && l4 != view->header)) return std::nullopt;
  if (l4 + (tcp ? kTcpFixed : kUdpHeader) > length) return std::nullopt;
  if (vnet.checksum_offset != (tcp ? kTcpChecksum : kUdpChecksum)) return std::nullopt;
  std::size_t l4_header = kUdpHeader;
  if (tcp) l4_header = static_cast<std::size_t>(std::to_integer<unsigned>(packet[l4 + 12]) >> 4) * 4;
  if (tcp && l4_header < kTcpFixed) return std::nullopt;
  const std::size_t headers = l4 + l4_header;
  if (headers >= length || headers > kMaxHeaders || headers + vnet.gso_size > mtu) return std::nullopt;

  cutter.headers_ = headers;
  cutter.l4_ = l4;
  cutter.gso_size_ = vnet.gso_size;
  cutter.tcp_ = tcp;
  // The field holds the pseudo-header's sum with the length of the whole; take the length out.
  const std::uint16_t whole = fold(length - l4);
  cutter.pseudo_ = std::uint64_t{get_u16(packet, l4 + vnet.checksum_offset)} + complement(whole);
  return cutter;
}

std::optional<Piece> Cutter::next(std::span<std::byte> headers) {
  if (done_) return std::nullopt;
  if (headers_ == 0) {
    done_ = true;
    return Piece{0, packet_};
  }
  const Bytes rest = Bytes(packet_).subspan(headers_ + offset_);
  const Bytes payload = rest.first(std::min(rest.size(), gso_size_));
  done_ = payload.size() == rest.size();
  const std::span<std::byte> header = headers.first(headers_);
  std::ranges::copy(packet_.first(headers_), header.begin());
  patch(header, payload, done_);
  offset_ += payload.size();
  ++index_;
  return Piece{headers_, payload};
}

void Cutter::patch(std::span<std::byte> header, Bytes payload, bool last) {
  const std::size_t length = headers_ + payload.size();
  if (family_ == Family::V4) {
    put_u16(header, 2, static_cast<std::uint16_t>(length));
    put_u16(header, 4, static_cast<std::uint16_t>(get_u16(header, 4) + index_));
    put_u16(header, 10, 0);
    put_u16(header, 10, complement(ones_sum(header.first(l4_))));
  } else {
    put_u16(header, 4, static_cast<std::uint16_t>(length - 40));
  }
  const std::span<std::byte> l4 = header.subspan(l4_);
  const std::size_t field = tcp_ ? kTcpChecksum : kUdpChecksum;
  if (tcp_) {
    put_u32(l4, 4, get_u32(l4, 4) + static_cast<std::uint32_t>(offset_));
    if (!last) l4[kTcpFlags] &= ~kFinPsh;
    if (index_ != 0) l4[kTcpFlags] &= ~kCwr;
  } else {
    put_u16(l4, 4, static_cast<std::uint16_t>(kUdpHeader + payload.size()));
  }
  put_u16(l4, field, 0);
  const std::uint64_t start = pseudo_ + l4.size() + payload.size();
  // All headers have an even length, so the payload's sum may follow.
  const std::uint16_t sum = complement(ones_sum(payload, ones_sum(l4, start)));
  put_u16(l4, field, tcp_ ? sum : udp_safe(sum));
}

}  // namespace michi::dataplane::tun
