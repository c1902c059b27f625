#pragma once
// Values as people like to read them: durations, times, sizes, columns, and reading JSON without
// caring whether a key is there.

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace michi::cli {

/// "850 ms", "12 s", "3 m 5 s", "3 h 12 m", "2 d 4 h".
std::string duration_text(std::int64_t milliseconds);
/// "2026-11-21 22:56:18.123" in local time.
std::string time_text(std::int64_t milliseconds_since_1970);
/// "1.5 MiB".
std::string size_text(std::uint64_t octets);

/// Columns as wide as their widest cell, two blanks between, nothing after the last.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

/// A key's text, number or list; "", nullopt or nothing when it is not there or of another kind.
std::string text_at(const boost::json::value& object, std::string_view key);
std::optional<std::int64_t> number_at(const boost::json::value& object, std::string_view key);
bool true_at(const boost::json::value& object, std::string_view key);
std::vector<std::string> texts_at(const boost::json::value& object, std::string_view key);
boost::json::array list_at(const boost::json::value& object, std::string_view key);
const boost::json::value* value_at(const boost::json::value& object, std::string_view key);

std::string joined(const std::vector<std::string>& texts, std::string_view between = ", ");

}  // namespace michi::cli
