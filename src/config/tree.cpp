#include "config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace michi::config {
namespace {

/// toml++ 3.3 asserts on some documents that are merely wrong, such as "[ =". Here an assertion is
/// one more way to refuse the document; it never ends the process, and is never assumed away.
struct ParserGaveUp {};
[[noreturn]] void give_up() { throw ParserGaveUp{}; }

}  // namespace
}  // namespace michi::config

#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : ::michi::config::give_up())
#define TOML_EXCEPTIONS 1
#define TOML_MAX_NESTED_VALUES 32
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace michi::config {

namespace {

constexpr int kDeepestKey = 8;  // [uplink.isp] is 2, uplink.isp.dns.servers 4

Position place(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

Position place_of_byte(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(before.size() - start) + 1};
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

  std::size_t where() const { return at_; }

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

/// Where the text stops being UTF-8 as TOML wants it (RFC 3629: shortest form, no surrogates), or its
/// end. toml++ 3.3 asserts on some of what this refuses.
std::size_t first_not_utf8(std::string_view text) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned lead = byte(at);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0) return at;
    std::uint32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(at + i) & 0xc0U) != 0x80U) return at;
      code = code << 6U | (byte(at + i) & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return at;
    at += length;
  }
  return text.size();
}

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

constexpr const char* kSecretForm = "one line per uplink: name = \"password\"";

bool makes_parser_give_up(std::string_view text) {
  try {
    std::ignore = toml::parse(text);
    return false;
  } catch (const toml::parse_error&) {
    return false;
  } catch (const ParserGaveUp&) {
    return true;
  }
}

/// The parser has no place for this; it is the last line of the shortest beginning that does it.
int line_of_giving_up(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos;) ends.push_back(++at);
  if (ends.empty() || ends.back() != text.size()) ends.push_back(text.size());
  auto first =
      std::ranges::partition_point(ends, [&](std::size_t end) { return !makes_parser_give_up(text.substr(0, end)); });
  return static_cast<int>(first - ends.begin()) + 1;
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
  if (const std::size_t at = first_not_utf8(text); at < text.size()) {
    return Fault(syntax(file_name, place_of_byte(text, at), "not UTF-8", "save the file in that encoding"));
  }
  DottedKeyScan scan(text);
  if (scan.too_deep()) {
    return Fault(syntax(file_name, place_of_byte(text, scan.where()), "a key with too many dots"));
  }
  try {
    toml::table parsed = toml::parse(text, file_name);
    return convert_table(parsed, content);
  } catch (const toml::parse_error& error) {
    // The parser's own sentence may quote what it met.
    const Position at = place(error.source());
    if (content == Content::Secret) return Fault(syntax(file_name, at, "not valid TOML here", kSecretForm));
    constexpr std::string_view kOpening = "Error while parsing ";
    std::string_view words = error.description();
    if (words.starts_with(kOpening)) words.remove_prefix(kOpening.size());
    return Fault(syntax(file_name, at, fmt::format("syntax error in {}", words)));
  } catch (const ParserGaveUp&) {
    return Fault(syntax(file_name, {line_of_giving_up(text), 1}, "syntax error in this line"));
  }
}

void wipe(Node& node) {
  std::ranges::fill(node.text, '\0');
  for (Node& item : node.items) wipe(item);
  for (Entry& entry : node.entries) wipe(entry.value);
}

}  // namespace michi::config
