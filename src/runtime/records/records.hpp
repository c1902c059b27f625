#pragma once
// What michi remembers across its own death, as lines of text: session records, uplink numbers, what
// the firewall looked like. Unknown or damaged lines are dropped, never trusted.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "model/uplink.hpp"

namespace michi::runtime {

/// "key=value" lines; values are hex where they are bytes or free text.
std::string write_session(const model::SessionRecord& record);
std::optional<model::SessionRecord> parse_session(std::string_view text);

std::string write_numbers(const std::map<std::string, model::UplinkNumber>& numbers);
std::map<std::string, model::UplinkNumber> parse_numbers(std::string_view text);

/// A /48 of the house's own (RFC 4193 §3.2), drawn once and then kept.
Prefix draw_ula(Random& random);
std::optional<Prefix> parse_ula(std::string_view text);

/// The plain form of the records above.
std::string write_pairs(const std::map<std::string, std::string>& pairs);
std::map<std::string, std::string> parse_pairs(std::string_view text);

}  // namespace michi::runtime
