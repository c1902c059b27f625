#pragma once
// What is wrong with a file, where, and what would be right: one value per finding.
//
// Reading never stops at the first semantic finding, so a report holds all of them, in the order of
// the file. It never holds the text of a secret.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace michi::config {

/// Error: the file is refused. Warning: accepted, probably not what was meant. Note: worth knowing.
enum class Severity : std::uint8_t { Error, Warning, Note };

std::string_view to_text(Severity severity);

/// Line and column count from 1; 0 means that the finding concerns the file as a whole.
struct Position {
  int line = 0;
  int column = 0;
  auto operator<=>(const Position&) const = default;
};

struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  Severity severity = Severity::Error;
  std::string code;        // stable: "unknown-key"
  std::string text;        // a sentence without its full stop
  std::string suggestion;  // what to write or do instead; empty when there is nothing to say
  bool operator==(const Diagnostic&) const = default;
};

/// "michi.toml:12:3: error: unknown key "mtuu" in [uplink.isp]; did you mean "mtu"?"
std::string to_text(const Diagnostic& diagnostic);

/// By place in the file; findings of side files after those of the main file they were reported with.
void sort_by_place(std::vector<Diagnostic>& diagnostics, std::string_view main_file);

bool has_errors(const std::vector<Diagnostic>& diagnostics);

/// The candidate nearest in spelling, or "" when none is near. `_` and `-`, and case, count as equal.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// did you mean "x"? — empty for an empty candidate.
std::string did_you_mean(std::string_view candidate);

/// Collects findings of one file. Bounded: beyond the limit only the count grows.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void error(Position at, std::string code, std::string text, std::string suggestion = {});
  void warning(Position at, std::string code, std::string text, std::string suggestion = {});
  void note(Position at, std::string code, std::string text, std::string suggestion = {});
  void add(Diagnostic diagnostic);

  const std::string& file() const { return file_; }
  bool failed() const { return failed_; }
  /// More findings are only counted; nobody needs to think of suggestions for them.
  bool full() const;
  /// Sorted, with a last line that counts what was left out.
  std::vector<Diagnostic> take() &&;

 private:
  std::string file_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t left_out_ = 0;
  bool failed_ = false;
};

}  // namespace michi::config
