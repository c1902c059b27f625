#include "config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#define TOML_EXCEPTIONS 0
#define TOML_MAX_NESTED_VALUES 32
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace michi::config {

namespace {

constexpr int kDeepestKey = 8;  // [uplink.isp] is 2, uplink.isp.dns.servers 4

Position place(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

/// The tree of a dotted key is as deep as the key has dots, and toml++ frees trees by recursion: a
/// key of a million dots would exhaust the stack. So such a key is found before the parser runs.
class DottedKeyScan {
 public:
  explicit DottedKeyScan(std::string_view text) : text_(text) {}

  bool too_deep() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        skip_to("\n");
      } else if (c == '.') {
        if (++dots_ >= kDeepestKey) return true;
        ++at_;
      } else {
        if (std::string_view("=[]{},\n").find(c) != std::string_view::npos) dots_ = 0;
        ++at_;
      }
    }
    return false;
  }

  Position where() const {
    const std::string_view before = text_.substr(0, at_);
    const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(before.size() - start) + 1};
  }

 private:
  void skip_to(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    at_ = found == std::string_view::npos ? text_.size() : found + (end == "\n" ? 0 : end.size());
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool long_form = text_.substr(at_, 3) == three;
    at_ += long_form ? 3 : 1;
    while (at_ < text_.size()) {
      if (quote == '"' && text_[at_] == '\\') {
        at_ += 2;
      } else if (long_form ? text_.substr(at_, 3) == three : text_[at_] == quote) {
        at_ += long_form ? 3 : 1;
        return;
      } else if (!long_form && text_[at_] == '\n') {
        return;
      } else {
        ++at_;
      }
    }
    at_ = std::min(at_, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int dots_ = 0;
};

Node convert(toml::node& from, Content content);

Node convert_table(toml::table& from, Content content) {
  Node out;
  for (auto&& [key, value] : from) {
    out.entries.push_back({std::string(key.str()), place(key.source()), convert(value, content)});
  }
  return out;
}

Node convert(toml::node& from, Content content) {
  Node out;
  if (auto* table = from.as_table()) {
    out = convert_table(*table, content);
  } else if (auto* list = from.as_array()) {
    out.kind = Kind::List;
    for (toml::node& item : *list) out.items.push_back(convert(item, content));
  } else if (auto* text = from.as_string()) {
    out.kind = Kind::Text;
    out.text = text->get();
    if (content == Content::Secret) std::ranges::fill(text->get(), '\0');
  } else if (auto* number = from.as_integer()) {
    out.kind = Kind::Integer;
    out.integer = number->get();
  } else if (auto* flag = from.as_boolean()) {
    out.kind = Kind::Flag;
    out.flag = flag->get();
  } else {
    out.kind = from.is_floating_point() ? Kind::Fraction : Kind::Moment;
  }
  out.at = place(from.source());
  return out;
}

Diagnostic syntax(const std::string& file, Position at, std::string text, std::string suggestion = {}) {
  return {file, at.line, at.column, Severity::Error, "syntax", std::move(text), std::move(suggestion)};
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::Text:
      return "a string";
    case Kind::Integer:
      return "a whole number";
    case Kind::Fraction:
      return "a fraction";
    case Kind::Flag:
      return "true or false";
    case Kind::Moment:
      return "a date or time";
    case Kind::List:
      return "a list";
    case Kind::Table:
      return "a table";
  }
  return "";
}

const Entry* Node::find(std::string_view key) const {
  auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Result<Node, Diagnostic> parse_document(std::string_view text, const std::string& file_name, Content content) {
  if (text.size() > kLargestDocument) {
    return Fault(syntax(file_name, {},
                        fmt::format("the file has {} bytes; at most {} are read", text.size(), kLargestDocument),
                        "long lists of prefixes belong into a routes-file"));
  }
  DottedKeyScan scan(text);
  if (scan.too_deep()) return Fault(syntax(file_name, scan.where(), "a key with too many dots"));
  toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    const Position at = place(parsed.error().source());
    // The parser's own sentence may quote what it met.
    if (content == Content::Secret) {
      return Fault(syntax(file_name, at, "not valid TOML here", "one line per uplink: name = \"password\""));
    }
    constexpr std::string_view kOpening = "Error while parsing ";
    std::string_view words = parsed.error().description();
    if (words.starts_with(kOpening)) words.remove_prefix(kOpening.size());
    return Fault(syntax(file_name, at, fmt::format("syntax error in {}", words)));
  }
  return convert_table(parsed.table(), content);
}

void wipe(Node& node) {
  std::ranges::fill(node.text, '\0');
  for (Node& item : node.items) wipe(item);
  for (Entry& entry : node.entries) wipe(entry.value);
}

}  // namespace michi::config
