#pragma once
// Ethernet frames as a pcapng capture (draft-ietf-opsawg-pcapng): section, one interface with
// nanosecond time stamps, and a packet block per frame with its direction.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace michi::cli {

/// What a file begins with.
std::string pcapng_header(std::string_view interface_name);
std::string pcapng_packet(std::int64_t time_ns, bool outgoing, Bytes frame);

}  // namespace michi::cli
