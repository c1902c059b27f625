#pragma once
// A TOML document as a plain tree whose every key and value knows its place.
//
// This is the only thing the rest of the room sees of TOML; the parser behind it is toml++, in one
// file. A hostile document neither grows nor nests without bound.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"

namespace michi::config {

enum class Kind : std::uint8_t { Text, Integer, Fraction, Flag, Moment, List, Table };

/// "a string", "a table": for diagnostics.
std::string_view name_of(Kind kind);

struct Entry;

struct Node {
  Kind kind = Kind::Table;
  Position at;
  std::string text;            // Text
  std::int64_t integer = 0;    // Integer
  bool flag = false;           // Flag
  std::vector<Node> items;     // List
  std::vector<Entry> entries;  // Table, ordered by key

  const Entry* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Position at;
  Node value;
};

/// Secret: no finding quotes the text, and what the parser copied is overwritten as far as it can be reached.
enum class Content : std::uint8_t { Plain, Secret };

/// The document, or the first syntax error.
Result<Node, Diagnostic> parse_document(std::string_view text, const std::string& file_name, Content content);

/// Overwrites every string of the tree.
void wipe(Node& node);

inline constexpr std::size_t kLargestDocument = 1U << 20;

}  // namespace michi::config
