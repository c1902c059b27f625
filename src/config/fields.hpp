#pragma once
// Fields of the configuration as text, each under the name of its key and in the spelling of the file: what a
// reload compares and tells.

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace michi::config {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string yes_no(bool value) { return value ? "true" : "false"; }

template <class Value>
std::string text_or_empty(const std::optional<Value>& value) {
  return value ? to_text(*value) : "";
}

template <class List, class Text>
std::string joined(const List& list, Text text) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += ",";
    out += text(item);
  }
  return out;
}

}  // namespace michi::config
