#pragma once
// Text of the file → single values: durations, ports, names. Pure; what is wrong is said by the caller.

#include <optional>
#include <string>
#include <string_view>

#include "base/net/address.hpp"
#include "base/time.hpp"
#include "model/config.hpp"

namespace michi::config {

/// "300ms", "10s", "5m", "12h", "1d", also "1m30s". No blanks, no fractions, no bare number.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back: "1m30s".
std::string to_text(Duration duration);

/// "443" or "8000-8100"; 1..65535, not backwards.
std::optional<model::PortRange> parse_ports(std::string_view text);
std::string to_text(const model::PortRange& ports);

/// Decimal digits only, no sign, at most `most`.
std::optional<unsigned> parse_number(std::string_view text, unsigned most);

/// `[a-z][a-z0-9-]{0,14}`: names of uplinks and LANs.
bool is_name(std::string_view text);
/// What is_name() asks for, made of this text; empty when nothing is left of it.
std::string nearest_name(std::string_view text);
/// What Linux takes for a device: 1..15 bytes, no slash, colon, blank or control character, not "." or "..".
bool is_device_name(std::string_view text);
/// Letters, digits, hyphens, underscores in labels of 1..63, 253 in all.
bool is_domain(std::string_view text);

/// Host bits beyond the length.
bool has_host_bits(const Prefix& prefix);

}  // namespace michi::config
