#include "config/routes_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <set>

#include "config/section.hpp"
#include "config/values.hpp"

namespace michi::config {

namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!(line = trimmed(line)).empty() && out.size() < 8) {
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return out;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = parse_number(text.substr(0, 4), 9999);
  const auto month = parse_number(text.substr(5, 2), 12);
  const auto day = parse_number(text.substr(8, 2), 31);
  return year && month && day && *month >= 1 && *day >= 1;
}

std::optional<std::uint8_t> length_of_mask(std::string_view text) {
  const std::optional<Ipv4> mask = parse_ipv4(text);
  if (!mask || (~mask->value & (~mask->value + 1)) != 0) return std::nullopt;
  return static_cast<std::uint8_t>(std::popcount(mask->value));
}

class Reader {
 public:
  explicit Reader(const std::string& file) : report_(file) {}

  RoutesFile read(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (seen_.size() > kMostRoutes) {
        report_.error({line_, 1}, "too-many-routes", fmt::format("more than {} prefixes", kMostRoutes));
        break;
      }
    }
    out_.prefixes.assign(seen_.begin(), seen_.end());
    out_.diagnostics = std::move(report_).take();
    return std::move(out_);
  }

 private:
  void read_line(std::string_view raw) {
    // The mark that Windows editors leave in front of a file.
    if (line_ == 1 && raw.starts_with("\xef\xbb\xbf")) raw.remove_prefix(3);
    std::string_view line = trimmed(raw);
    const Position at{line_, static_cast<int>(line.empty() ? 1 : line.data() - raw.data() + 1)};
    std::string_view words = line;
    while (words.starts_with('#')) words = trimmed(words.substr(1));
    if (words.starts_with("date:")) return read_date(trimmed(words.substr(5)), at);
    line = trimmed(line.substr(0, line.find('#')));
    if (!line.empty()) read_prefix(line, at);
  }

  void read_date(std::string_view text, Position at) {
    if (is_date(text)) {
      out_.date = text;
    } else {
      report_.warning(at, "bad-date", fmt::format("{} is not a date", in_quotes(text)), "write date: YYYY-MM-DD");
    }
  }

  void read_prefix(std::string_view line, Position at) {
    const std::vector<std::string_view> fields = fields_of(line);
    std::optional<Prefix> prefix;
    if (fields.size() == 1) {
      prefix = parse_prefix(fields[0]);
    } else if (fields.size() == 5 && fields[1] == "net" && fields[3] == "netmask") {
      const std::optional<Ipv4> network = parse_ipv4(fields[2]);
      const std::optional<std::uint8_t> length = length_of_mask(fields[4]);
      if (network && length) prefix = Prefix{*network, *length};
    } else if (fields.size() == 3 && fields[1] == "host") {
      if (const std::optional<Ipv4> host = parse_ipv4(fields[2])) prefix = Prefix::host(*host);
    }
    if (!prefix) {
      report_.error(at, "bad-prefix", fmt::format("{} is not a prefix", in_quotes(line)),
                    "one line each, as in 192.0.2.0/24 or: pppx net 192.0.2.0 netmask 255.255.255.0");
    } else if (has_host_bits(*prefix)) {
      report_.error(at, "bad-prefix", fmt::format("{} has bits set beyond its length", in_quotes(line)),
                    fmt::format("write {}", to_text(prefix->canonical())));
    } else if (prefix->length == 0) {
      report_.error(at, "closed-everything", fmt::format("{} would close the whole internet", in_quotes(line)));
    } else if (!seen_.insert(*prefix).second) {
      report_.warning(at, "twice", fmt::format("{} stands here twice", to_text(*prefix)));
    }
  }

  Report report_;
  RoutesFile out_;
  std::set<Prefix> seen_;
  int line_ = 0;
};

}  // namespace

RoutesFile read_routes_file(std::string_view text, const std::string& file_name) {
  if (text.size() > kLargestRoutesFile) {
    RoutesFile out;
    out.diagnostics.push_back(
        {file_name,
         0,
         0,
         Severity::Error,
         "too-large",
         fmt::format("the file has {} bytes; at most {} are read", text.size(), kLargestRoutesFile),
         {}});
    return out;
  }
  return Reader(file_name).read(text);
}

}  // namespace michi::config
