#include "config/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

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

/// Columns count characters, as the parser's do.
Position place_of_byte(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  const std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  const auto characters =
      std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(characters) + 1};
}

struct Trouble {
  std::size_t at;
  const char* text;
};

/// What must not reach toml++ 3.3. It frees trees by recursion, so a key of a million dots would
/// exhaust the stack; and outside strings and comments it takes some characters beyond ASCII for
/// impossible. Multi-line strings share that fault, and no key of ours needs one.
class Prescan {
 public:
  explicit Prescan(std::string_view text) : text_(text) {}

  std::optional<Trouble> run() {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const auto code = static_cast<unsigned char>(c);
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '"' || c == '\'') {
        if (text_.substr(at_, 3) == std::string(3, c)) return Trouble{at_, "multi-line strings are not read here"};
        const std::size_t quote = at_;
        skip_string(c);
        // Right behind a number or a word a quote opens nothing: toml++ 3.3 reads on there as if it were bare.
        const std::size_t strange = may_open(quote) ? at_ : first_not_ascii(quote, at_);
        if (strange < at_) return Trouble{strange, "a character that may stand only in a string or a comment"};
      } else if (code >= 0x80 || (code < ' ' && c != '\t' && c != '\n' && c != '\r')) {
        return Trouble{at_, "a character that may stand only in a string or a comment"};
      } else if (c == '.' && ++dots_ >= kDeepestKey) {
        return Trouble{at_, "a key with too many dots"};
      } else {
        if (std::string_view("=[]{},\n").find(c) != std::string_view::npos) dots_ = 0;
        ++at_;
      }
    }
    return std::nullopt;
  }

 private:
  /// Ends behind the closing quote, or at the end of a line that has none.
  void skip_string(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return;
      }
      const bool escape = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
      if (escape) ++at_;
    }
  }

  bool may_open(std::size_t quote) const {
    return quote == 0 || std::string_view(" \t\r\n=[{,").find(text_[quote - 1]) != std::string_view::npos;
  }

  std::size_t first_not_ascii(std::size_t from, std::size_t end) const {
    while (from < end && static_cast<unsigned char>(text_[from]) < 0x80) ++from;
    return from;
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
  if (const auto trouble = Prescan(text).run()) {
    return Fault(syntax(file_name, place_of_byte(text, trouble->at), trouble->text));
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
