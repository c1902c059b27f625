#include "config/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace michi::config {

namespace {

constexpr std::size_t kMostDiagnostics = 200;
constexpr std::size_t kLongestWord = 64;

std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Insertions, deletions, replacements and swaps of neighbours, each counted once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Note:
      return "note";
  }
  return "";
}

std::string to_text(const Diagnostic& d) {
  std::string out = d.file;
  if (d.line > 0) out += fmt::format(":{}:{}", d.line, d.column);
  out += fmt::format(": {}: {}", to_text(d.severity), d.text);
  if (!d.suggestion.empty()) out += "; " + d.suggestion;
  return out;
}

void sort_by_place(std::vector<Diagnostic>& diagnostics, std::string_view main_file) {
  // Findings of one place keep their order: a multimap inserts behind its equals.
  std::multimap<std::tuple<bool, std::string, int, int>, Diagnostic> sorted;
  for (Diagnostic& diagnostic : diagnostics) {
    std::tuple key(diagnostic.file != main_file, diagnostic.file, diagnostic.line, diagnostic.column);
    sorted.emplace(std::move(key), std::move(diagnostic));
  }
  diagnostics.clear();
  for (auto& [key, diagnostic] : sorted) diagnostics.push_back(std::move(diagnostic));
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const std::string wanted = folded(word);
  const std::size_t limit = std::max<std::size_t>(1, wanted.size() / 3);
  std::string best;
  std::size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t distance = edit_distance(wanted, folded(candidate));
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

std::string did_you_mean(std::string_view candidate) {
  return candidate.empty() ? std::string{} : fmt::format("did you mean \"{}\"?", candidate);
}

void Report::error(Position at, std::string code, std::string text, std::string suggestion) {
  add({file_, at.line, at.column, Severity::Error, std::move(code), std::move(text), std::move(suggestion)});
}

void Report::warning(Position at, std::string code, std::string text, std::string suggestion) {
  add({file_, at.line, at.column, Severity::Warning, std::move(code), std::move(text), std::move(suggestion)});
}

void Report::note(Position at, std::string code, std::string text, std::string suggestion) {
  add({file_, at.line, at.column, Severity::Note, std::move(code), std::move(text), std::move(suggestion)});
}

bool Report::full() const { return diagnostics_.size() >= kMostDiagnostics; }

void Report::add(Diagnostic diagnostic) {
  failed_ = failed_ || diagnostic.severity == Severity::Error;
  if (!full()) {
    diagnostics_.push_back(std::move(diagnostic));
  } else {
    ++left_out_;
  }
}

std::vector<Diagnostic> Report::take() && {
  sort_by_place(diagnostics_, file_);
  if (left_out_ > 0) {
    diagnostics_.push_back({file_, 0, 0, failed_ ? Severity::Error : Severity::Warning, "too-many",
                            fmt::format("{} more findings are not shown", left_out_), "repair these first"});
  }
  return std::move(diagnostics_);
}

}  // namespace michi::config
