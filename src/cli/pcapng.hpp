#pragma once
// Ethernet frames and IP packets as a pcapng capture (draft-ietf-opsawg-pcapng): section, an interface for
// each of the two with nanosecond time stamps, and a packet block per frame with its direction.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace michi::cli {

enum class CaptureLink : std::uint8_t { Ethernet, Raw };  // as the numbers of their interfaces

/// What a file begins with.
std::string pcapng_header(std::string_view interface_name);
std::string pcapng_packet(std::int64_t time_ns, bool outgoing, CaptureLink link, Bytes frame);

}  // namespace michi::cli
