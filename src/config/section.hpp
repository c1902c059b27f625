#pragma once
// Reads one table of the document, key by key, into fields that already hold their defaults.
//
// A key that is absent or wrong leaves its field alone; what is wrong goes to the report. The keys
// asked for are the keys there are: finish() reports every other one. So the readers are the only
// list of keys, and the manual is checked against them.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/tree.hpp"
#include "config/values.hpp"

namespace michi::config {

/// What the readers of one document share.
struct Reading {
  Report& report;
  std::map<std::string, Position> places;  // "uplink.isp.mtu" → where its value stands
  std::set<std::string> asked;             // "uplink.mtu", "uplink.echo.interval"

  /// The place of a path, or of the nearest table around it.
  Position place(std::string_view path) const;
};

struct Word {
  std::string text;
  Position at;
};

class Section {
 public:
  /// `kind` names the language ("uplink"), `path` this table ("uplink.isp").
  Section(Reading& reading, const Node& table, std::string kind, std::string path, std::string title);

  bool has(std::string_view key);
  /// The value and its place; marks the key as known.
  const Node* take(std::string_view key);
  const Node* take(std::string_view key, Kind kind, std::string_view example);

  void text(std::string_view key, std::string& into, std::size_t longest = 255);
  void flag(std::string_view key, bool& into);
  template <class Number>
  void number(std::string_view key, Number& into, std::int64_t least,
              std::int64_t most = std::numeric_limits<Number>::max()) {
    if (auto value = integer(key, least, most)) into = static_cast<Number>(*value);
  }
  void duration(std::string_view key, Duration& into, Duration least, Duration most);
  /// One of the words, in the order of the enum.
  template <class Enum>
  void choice(std::string_view key, Enum& into, const std::vector<std::string>& words) {
    if (auto index = choice(key, words)) into = static_cast<Enum>(*index);
  }
  void device(std::string_view key, std::string& into);
  void ipv4(std::string_view key, Ipv4& into);
  void ipv4(std::string_view key, std::optional<Ipv4>& into);

  /// A string or a list of strings.
  std::vector<Word> words(std::string_view key, std::string_view example);
  std::vector<Prefix> networks(std::string_view key, std::string_view example);
  std::vector<Address> addresses(std::string_view key, std::string_view example);

  /// A table inside: { interval = "10s" }.
  std::optional<Section> inner(std::string_view key, std::string_view example);

  void finish();

  /// What was asked for so far, and the keys of the table that were not.
  const std::vector<std::string>& known() const { return known_; }
  std::vector<std::string> unknown() const;

  Position at() const { return table_.at; }
  Position place_of(std::string_view key) const;
  const std::string& path() const { return path_; }
  const std::string& title() const { return title_; }
  Reading& reading() { return reading_; }
  void bad(Position at, std::string_view key, std::string_view what, std::string suggestion);
  void missing(std::string_view key, std::string example);

 private:
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string>& words);
  void wrong_kind(const Node& node, std::string_view key, std::string_view wanted, std::string_view example);

  Reading& reading_;
  const Node& table_;
  std::string kind_;
  std::string path_;
  std::string title_;
  std::vector<std::string> known_;
};

/// A prefix without host bits, or nothing and a finding that shows both things that may be meant.
std::optional<Prefix> read_network(Section& section, std::string_view key, const Word& word);

/// A key's value as it stands in the file, quoted, for a sentence; long ones are cut.
std::string in_quotes(std::string_view text);

}  // namespace michi::config
