#include "config/section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace michi::config {

namespace {

struct ForeignWord {
  std::string_view word;
  std::string_view meaning;
};

/// What people bring along from pppd, rp-pppoe and other files, and what it is called here.
constexpr std::array<ForeignWord, 26> kForeignWords = {{
    {"password", "passwords stand in secrets.toml: name = \"password\""},
    {"secret", "passwords stand in secrets.toml: name = \"password\""},
    {"pass", "passwords stand in secrets.toml: name = \"password\""},
    {"onboot", "write start = true or false"},
    {"auto", "write start = true or false"},
    {"eth", "write interface = \"…\""},
    {"device", "write interface = \"…\""},
    {"ifname", "write interface = \"…\"; the session device is named after the uplink"},
    {"username", "write user = \"…\""},
    {"clampmss", "write mss = …, or nothing: it follows from mtu"},
    {"mru", "write mtu = …; the MRU is the same"},
    {"lcp-interval", "write echo = { interval = \"10s\" }"},
    {"lcp-failure", "write echo = { failures = 3 }"},
    {"lcp-echo-interval", "write echo = { interval = \"10s\" }"},
    {"lcp-echo-failure", "write echo = { failures = 3 }"},
    {"holdoff", "write retry = { min = \"1s\", max = \"60s\" }"},
    {"usepeerdns", "write dns = { servers = \"peer\" } or \"none\""},
    {"peerdns", "write dns = { servers = \"peer\" } or \"none\""},
    {"dnstype", "write dns = { servers = \"peer\" } or \"none\""},
    {"persist", "michi always dials again; leave it out"},
    {"demand", "michi keeps its sessions up; leave it out"},
    {"metric", "write weight = …, or name the order in a [[policy]]"},
    {"gateway", "routes go to the session; write routes = [\"…\"] or routes-file = \"…\""},
    {"masquerade", "write nat = true or false"},
    {"unit", "the name of the table is the identity; there are no unit numbers"},
    {"mode", "write plane = \"auto\" or \"tun\""},
}};

std::string in_title(const std::string& title) { return title.empty() ? "at the top of the file" : "in " + title; }

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string out = "\"";
  for (char c : text.substr(0, kShown)) out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '.' : c;
  // A cut inside a character would make the sentence invalid UTF-8.
  if (text.size() > kShown) {
    while (out.size() > 1 && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    if (out.size() > 1 && static_cast<unsigned char>(out.back()) >= 0xc0) out.pop_back();
    out += "…";
  }
  return out + "\"";
}

Position Reading::place(std::string_view path) const {
  while (!path.empty()) {
    if (auto at = places.find(std::string(path)); at != places.end()) return at->second;
    const std::size_t dot = path.rfind('.');
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
  }
  return {};
}

Section::Section(Reading& reading, const Node& table, std::string kind, std::string path, std::string title)
    : reading_(reading), table_(table), kind_(std::move(kind)), path_(std::move(path)), title_(std::move(title)) {
  if (!path_.empty()) reading_.places[path_] = table_.at;
}

bool Section::has(std::string_view key) { return take(key) != nullptr; }

const Node* Section::take(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  reading_.asked.insert(kind_.empty() ? std::string(key) : fmt::format("{}.{}", kind_, key));
  const Entry* entry = table_.find(key);
  if (entry == nullptr) return nullptr;
  reading_.places[fmt::format("{}.{}", path_, key)] = entry->value.at;
  return &entry->value;
}

const Node* Section::take(std::string_view key, Kind kind, std::string_view example) {
  const Node* node = take(key);
  if (node == nullptr || node->kind == kind) return node;
  wrong_kind(*node, key, name_of(kind), example);
  return nullptr;
}

void Section::wrong_kind(const Node& node, std::string_view key, std::string_view wanted, std::string_view example) {
  reading_.report.error(node.at, "wrong-type", fmt::format("{} must be {}, not {}", key, wanted, name_of(node.kind)),
                        example.empty() ? std::string("without quotes") : fmt::format("write {} = {}", key, example));
}

void Section::bad(Position at, std::string_view key, std::string_view what, std::string suggestion) {
  reading_.report.error(at, "bad-value", fmt::format("{}: {}", key, what), std::move(suggestion));
}

void Section::missing(std::string_view key, std::string example) {
  reading_.report.error(table_.at, "missing-key", fmt::format("{} has no {}", title_, key),
                        fmt::format("write {} = {}", key, example));
}

Position Section::place_of(std::string_view key) const { return reading_.place(fmt::format("{}.{}", path_, key)); }

void Section::text(std::string_view key, std::string& into, std::size_t longest) {
  const Node* node = take(key, Kind::Text, "\"…\"");
  if (node == nullptr) return;
  if (node->text.size() > longest) {
    bad(node->at, key, fmt::format("{} bytes are too long", node->text.size()), fmt::format("at most {}", longest));
  } else if (std::ranges::any_of(node->text,
                                 [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
    bad(node->at, key, "control characters are not allowed", {});
  } else {
    into = node->text;
  }
}

void Section::flag(std::string_view key, bool& into) {
  const Node* node = take(key);
  if (node == nullptr) return;
  if (node->kind == Kind::Flag) {
    into = node->flag;
  } else {
    reading_.report.error(node->at, "wrong-type",
                          fmt::format("{} must be true or false, not {}", key, name_of(node->kind)), "without quotes");
  }
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const Node* node = take(key);
  if (node != nullptr && node->kind != Kind::Integer) {
    const bool quoted_number = node->kind == Kind::Text && !node->text.empty() &&
                               std::ranges::all_of(node->text, [](char c) { return c >= '0' && c <= '9'; });
    wrong_kind(*node, key, name_of(Kind::Integer), quoted_number ? "" : fmt::format("{}", least));
    return std::nullopt;
  }
  if (node == nullptr) return std::nullopt;
  if (node->integer >= least && node->integer <= most) return node->integer;
  bad(node->at, key, fmt::format("{} is out of range", node->integer), fmt::format("{} to {}", least, most));
  return std::nullopt;
}

void Section::duration(std::string_view key, Duration& into, Duration least, Duration most) {
  const std::string range = fmt::format("{} to {}", to_text(least), to_text(most));
  const Node* node = take(key);
  if (node == nullptr) return;
  if (node->kind == Kind::Integer) {
    reading_.report.error(node->at, "wrong-type", fmt::format("{} needs a unit", key),
                          fmt::format("write {} = \"{}s\" for seconds", key, node->integer));
    return;
  }
  if (node->kind != Kind::Text) return wrong_kind(*node, key, "a duration", "\"10s\"");
  const std::optional<Duration> value = parse_duration(node->text);
  if (!value) {
    bad(node->at, key, fmt::format("{} is not a duration", in_quotes(node->text)),
        "write \"300ms\", \"10s\", \"5m\", \"12h\" or \"1d\"");
  } else if (*value < least || *value > most) {
    bad(node->at, key, fmt::format("{} is out of range", in_quotes(node->text)), range);
  } else {
    into = *value;
  }
}

std::optional<std::size_t> Section::choice(std::string_view key, const std::vector<std::string>& words) {
  const Node* node = take(key, Kind::Text, fmt::format("\"{}\"", words.front()));
  if (node == nullptr) return std::nullopt;
  auto found = std::ranges::find(words, node->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string list;
  for (const std::string& word : words) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", word);
  bad(node->at, key, fmt::format("{} is not known", in_quotes(node->text)), "one of " + list);
  return std::nullopt;
}

void Section::device(std::string_view key, std::string& into) {
  const Node* node = take(key);
  if (node == nullptr) return;
  std::string value;
  text(key, value);
  if (node->kind != Kind::Text) return;
  if (!is_device_name(value)) {
    bad(place_of(key), key, fmt::format("{} cannot be an interface", in_quotes(value)),
        "1 to 15 characters, as ip link shows it");
  } else {
    into = value;
  }
}

void Section::ipv4(std::string_view key, Ipv4& into) {
  std::optional<Ipv4> value;
  ipv4(key, value);
  if (value) into = *value;
}

void Section::ipv4(std::string_view key, std::optional<Ipv4>& into) {
  const Node* node = take(key, Kind::Text, "\"192.0.2.1\"");
  if (node == nullptr) return;
  const std::optional<Ipv4> value = parse_ipv4(node->text);
  if (!value || value->is_unspecified() || value->value >= 0xe0000000U) {
    bad(node->at, key, fmt::format("{} is not an IPv4 host address", in_quotes(node->text)), {});
  } else {
    into = value;
  }
}

std::vector<Word> Section::words(std::string_view key, std::string_view example) {
  std::vector<Word> out;
  const Node* node = take(key);
  if (node == nullptr) return out;
  if (node->kind == Kind::Text) return {{node->text, node->at}};
  if (node->kind != Kind::List) return wrong_kind(*node, key, "a string or a list of strings", example), out;
  for (const Node& item : node->items) {
    if (item.kind == Kind::Text) {
      out.push_back({item.text, item.at});
    } else {
      wrong_kind(item, key, "a list of strings",
                 example.starts_with('[') ? std::string(example) : fmt::format("[{}]", example));
    }
  }
  return out;
}

std::optional<Prefix> read_network(Section& section, std::string_view key, const Word& word) {
  const std::optional<Prefix> prefix = parse_prefix(word.text);
  if (!prefix) {
    section.bad(word.at, key, fmt::format("{} is neither an address nor a prefix", in_quotes(word.text)),
                "as in \"192.0.2.0/24\"");
    return std::nullopt;
  }
  if (has_host_bits(*prefix)) {
    section.bad(word.at, key, fmt::format("{} has bits set beyond its length", in_quotes(word.text)),
                fmt::format("write \"{}\" for the network or \"{}\" for the host", to_text(prefix->canonical()),
                            to_text(prefix->address)));
    return std::nullopt;
  }
  return prefix;
}

std::vector<Prefix> Section::networks(std::string_view key, std::string_view example) {
  std::vector<Prefix> out;
  for (const Word& word : words(key, example)) {
    if (auto prefix = read_network(*this, key, word)) out.push_back(*prefix);
  }
  return out;
}

std::vector<Address> Section::addresses(std::string_view key, std::string_view example) {
  std::vector<Address> out;
  for (const Word& word : words(key, example)) {
    if (auto address = parse_address(word.text)) {
      out.push_back(*address);
    } else {
      bad(word.at, key, fmt::format("{} is not an address", in_quotes(word.text)), "as in \"192.0.2.53\"");
    }
  }
  return out;
}

std::optional<Section> Section::inner(std::string_view key, std::string_view example) {
  const Node* node = take(key, Kind::Table, example);
  if (node == nullptr) return std::nullopt;
  return Section(reading_, *node, fmt::format("{}.{}", kind_, key), fmt::format("{}.{}", path_, key),
                 fmt::format("{} of {}", key, title_));
}

std::vector<std::string> Section::unknown() const {
  std::vector<std::string> out;
  for (const Entry& entry : table_.entries)
    if (std::ranges::find(known_, entry.key) == known_.end()) out.push_back(entry.key);
  return out;
}

void Section::finish() {
  for (const Entry& entry : table_.entries) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    std::string suggestion = reading_.report.full() ? "" : did_you_mean(closest(entry.key, known_));
    auto foreign = std::ranges::find(kForeignWords, entry.key, &ForeignWord::word);
    if (foreign != kForeignWords.end()) suggestion = foreign->meaning;
    reading_.report.error(entry.at, "unknown-key",
                          fmt::format("unknown key {} {}", in_quotes(entry.key), in_title(title_)),
                          std::move(suggestion));
  }
}

}  // namespace michi::config
