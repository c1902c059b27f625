// The tun plane's pure parts on any bytes: frames from the wire, super-packets from the kernel, batches
// to put together. Laws: a piece fits the MTU and is as long as it says, no payload is lost, and what
// was put together cuts back into what came.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <vector>

#include "dataplane/frame.hpp"
#include "dataplane/source_guard.hpp"
#include "dataplane/tun/coalesce.hpp"
#include "dataplane/tun/segment.hpp"

namespace {

using namespace michi;
using namespace michi::dataplane;
using namespace michi::dataplane::tun;

void law(bool holds) {
  if (!holds) std::abort();
}

void open(ByteVec bytes) {
  std::ignore = channel_of(bytes);
  const auto opened = open_frame(bytes, 1492);
  if (!opened) return;
  law(opened->packet.size() <= 1492 && kEncapsulation + opened->packet.size() <= bytes.size());
  const auto view = view_ip(opened->packet);
  law(view && view->length == opened->packet.size() && view->family == opened->family);
  std::ignore = SourceGuard(std::span<const Prefix>{}).allows(opened->packet, opened->family);
}

void cut(ByteVec bytes) {
  Vnet vnet;
  if (bytes.size() < sizeof vnet + 2) return;
  std::memcpy(&vnet, bytes.data(), sizeof vnet);
  const std::size_t mtu = get_u16(bytes, sizeof vnet);
  const std::span<std::byte> packet = std::span(bytes).subspan(sizeof vnet + 2);
  auto cutter = Cutter::make(packet, vnet, mtu);
  if (!cutter) return;
  const std::size_t whole = view_ip(packet)->length;
  std::array<std::byte, kMaxHeaders> headers;
  std::size_t payload = 0;
  std::size_t header = 0;
  while (const auto piece = cutter->next(headers)) {
    law(piece->size() <= mtu && piece->header <= kMaxHeaders);
    header = piece->header;
    payload += piece->payload.size();
    ByteVec out = copy_of(std::span(headers).first(piece->header));
    out.insert(out.end(), piece->payload.begin(), piece->payload.end());
    const auto view = view_ip(out);
    law(view && view->length == out.size());
  }
  law(header + payload == whole);
}

/// Without what the kernel or the cutter writes anew: identification and checksums.
ByteVec stripped(ByteVec packet) {
  const auto view = view_ip(packet);
  if (!view) return packet;
  if (view->family == Family::V4) put_u16(packet, 4, 0), put_u16(packet, 10, 0);
  if (view->protocol == kTcp && view->header + 18 <= packet.size()) put_u16(packet, view->header + 16, 0);
  return packet;
}

void join(ByteVec bytes) {
  static Coalescer coalescer;
  coalescer.clear();
  std::vector<ByteVec> before;
  std::vector<ByteVec> packets;
  packets.reserve(kBatch);
  Reader in(bytes);
  while (packets.size() < kBatch) {
    const auto flags = in.u8();
    const auto size = in.u16();
    if (!flags || !size) break;
    const auto octets = in.take(std::min<std::size_t>(*size % 1600, in.remaining()));
    const auto view = view_ip(*octets);
    if (!view) continue;
    packets.push_back(copy_of(octets->first(view->length)));
    before.push_back(stripped(packets.back()));
    Vnet vnet;
    if ((*flags & 1) != 0)
      vnet = {
          .flags = kNeedsChecksum, .checksum_start = static_cast<std::uint16_t>(view->header), .checksum_offset = 16};
    coalescer.add(*flags >> 6, packets.back(), vnet);
  }
  std::size_t count = 0;
  for (const Bundle& bundle : coalescer.finish()) {
    count += bundle.packets;
    if (bundle.packets == 1) continue;
    ByteVec whole;
    for (std::size_t i = 0; i < bundle.parts; ++i)
      whole.insert(whole.end(), bundle.part[i].begin(), bundle.part[i].end());
    auto cutter = Cutter::make(whole, bundle.vnet, 65535);
    law(cutter.has_value());
    std::array<std::byte, kMaxHeaders> headers;
    std::size_t pieces = 0;
    while (const auto piece = cutter->next(headers)) {
      ByteVec out = copy_of(std::span(headers).first(piece->header));
      out.insert(out.end(), piece->payload.begin(), piece->payload.end());
      law(std::find(before.begin(), before.end(), stripped(out)) != before.end());
      ++pieces;
    }
    law(pieces == bundle.packets);
  }
  law(count == packets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 3) {
    case 0:
      open(copy_of(bytes));
      break;
    case 1:
      cut(copy_of(bytes));
      break;
    case 2:
      join(copy_of(bytes));
      break;
  }
  return 0;
}
