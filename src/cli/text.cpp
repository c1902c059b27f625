#include "cli/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

namespace michi::cli {

namespace json = boost::json;

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds < 0) milliseconds = 0;
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  const auto seconds = milliseconds / 1000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  const auto pair = [](std::int64_t big, const char* name, std::int64_t small, const char* rest) {
    return small == 0 ? fmt::format("{} {}", big, name) : fmt::format("{} {} {} {}", big, name, small, rest);
  };
  if (seconds < 3600) return pair(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return pair(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string time_text(std::int64_t milliseconds) {
  const std::time_t whole = static_cast<std::time_t>(milliseconds / 1000);
  std::tm local{};
  localtime_r(&whole, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}", local, milliseconds % 1000);
}

std::string size_text(std::uint64_t octets) {
  if (octets < 1024) return fmt::format("{} B", octets);
  double value = static_cast<double>(octets);
  std::string_view unit = "B";
  for (const std::string_view next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

const json::value* value_at(const json::value& object, std::string_view key) {
  const auto* members = object.if_object();
  return members == nullptr ? nullptr : members->if_contains(json::string_view(key.data(), key.size()));
}

std::string text_at(const json::value& object, std::string_view key) {
  const auto* value = value_at(object, key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<std::int64_t> number_at(const json::value& object, std::string_view key) {
  const auto* value = value_at(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error) return std::nullopt;
  return number;
}

bool true_at(const json::value& object, std::string_view key) {
  const auto* value = value_at(object, key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::vector<std::string> texts_at(const json::value& object, std::string_view key) {
  std::vector<std::string> texts;
  const auto* value = value_at(object, key);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& each : value->as_array()) {
    if (each.is_string()) texts.emplace_back(each.as_string());
  }
  return texts;
}

json::array list_at(const json::value& object, std::string_view key) {
  const auto* value = value_at(object, key);
  return value != nullptr && value->is_array() ? value->as_array() : json::array{};
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  return fmt::format("{}", fmt::join(texts, between));
}

}  // namespace michi::cli
