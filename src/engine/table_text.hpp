#pragma once
// A table of states and events as text, one row an event and one word a state, turned into cells by the compiler: a
// missing or surplus word, or one that is no name, does not compile.
//
// What a word means is the table's own business.

#include <array>
#include <cstddef>
#include <string_view>

namespace michi::engine::table_text {

/// Reached only while the compiler parses a row: calling it there is the diagnostic.
void row_is_malformed();

/// The place of a name in a list of names.
template <std::size_t N>
consteval std::size_t index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  std::size_t index = 0;
  while (index < N && names[index] != name) ++index;
  if (index == N) row_is_malformed();
  return index;
}

/// `parse` makes a cell of one word.
template <class Cell, std::size_t kStates, class Parse>
consteval std::array<Cell, kStates> row(std::string_view text, Parse parse) {
  std::array<Cell, kStates> cells{};
  std::size_t filled = 0;
  while (true) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    text = text.substr(begin);
    const auto end = text.find(' ');
    if (filled == kStates) row_is_malformed();
    cells[filled++] = parse(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text = text.substr(end);
  }
  if (filled != kStates) row_is_malformed();
  return cells;
}

}  // namespace michi::engine::table_text
