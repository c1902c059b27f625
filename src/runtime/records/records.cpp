#include "runtime/records/records.hpp"

#include <charconv>

#include "base/bytes.hpp"

namespace michi::runtime {

namespace {

std::optional<unsigned> number_of(std::string_view text) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hex_of(std::string_view text) { return to_hex(bytes_of(text)); }

std::optional<std::string> text_from_hex(std::string_view hex) {
  auto bytes = from_hex(hex);
  if (!bytes) return std::nullopt;
  return text_of(*bytes);
}

}  // namespace

std::string write_pairs(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) text += key + "=" + value + "\n";
  return text;
}

std::map<std::string, std::string> parse_pairs(std::string_view text) {
  std::map<std::string, std::string> pairs;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals != std::string_view::npos) pairs.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return pairs;
}

std::string write_session(const model::SessionRecord& record) {
  return write_pairs({{"version", std::to_string(record.version)},
                      {"uplink", record.uplink.name},
                      {"interface", record.interface},
                      {"session", std::to_string(record.session_id)},
                      {"local", to_text(record.local)},
                      {"peer", to_text(record.peer)},
                      {"ac-name", hex_of(record.ac_name)},
                      {"service-name", hex_of(record.service_name)},
                      {"cookie", to_hex(record.cookie)},
                      {"relay-session-id", to_hex(record.relay_session_id)},
                      {"host-uniq", to_hex(record.host_uniq)}});
}

std::optional<model::SessionRecord> parse_session(std::string_view text) {
  const auto pairs = parse_pairs(text);
  const auto value = [&](const char* key) -> std::string_view {
    const auto at = pairs.find(key);
    return at == pairs.end() ? std::string_view{} : std::string_view(at->second);
  };
  const auto session = number_of(value("session"));
  const auto version = number_of(value("version"));
  const auto local = parse_mac(value("local"));
  const auto peer = parse_mac(value("peer"));
  const auto ac_name = text_from_hex(value("ac-name"));
  const auto service_name = text_from_hex(value("service-name"));
  const auto cookie = from_hex(value("cookie"));
  const auto relay = from_hex(value("relay-session-id"));
  const auto host_uniq = from_hex(value("host-uniq"));
  if (!session || *session == 0 || *session >= 0xffff || version != 1u || !local || !peer || !ac_name ||
      !service_name || !cookie || !relay || !host_uniq || value("uplink").empty() || value("interface").empty())
    return std::nullopt;
  model::SessionRecord record;
  record.uplink.name = value("uplink");
  record.interface = value("interface");
  record.session_id = static_cast<std::uint16_t>(*session);
  record.local = *local;
  record.peer = *peer;
  record.ac_name = *ac_name;
  record.service_name = *service_name;
  record.cookie = *cookie;
  record.relay_session_id = *relay;
  record.host_uniq = *host_uniq;
  return record;
}

std::string write_numbers(const std::map<std::string, model::UplinkNumber>& numbers) {
  std::map<std::string, std::string> pairs;
  for (const auto& [name, number] : numbers) pairs[name] = std::to_string(number);
  return write_pairs(pairs);
}

std::map<std::string, model::UplinkNumber> parse_numbers(std::string_view text) {
  std::map<std::string, model::UplinkNumber> numbers;
  for (const auto& [name, value] : parse_pairs(text)) {
    const auto number = number_of(value);
    if (number && *number >= 1 && *number <= model::kMaxUplinkNumber)
      numbers[name] = static_cast<model::UplinkNumber>(*number);
  }
  return numbers;
}

Prefix draw_ula(Random& random) {
  Ipv6 address;
  address.octets[0] = 0xfd;
  const auto id = random.bytes(5);
  for (std::size_t i = 0; i < id.size(); ++i) address.octets[i + 1] = std::to_integer<std::uint8_t>(id[i]);
  return {address, 48};
}

std::optional<Prefix> parse_ula(std::string_view text) {
  const auto prefix = parse_prefix(text);
  const bool is_one = prefix && prefix->length == 48 && prefix->family() == Family::V6 &&
                      prefix->address.v6()->octets[0] == 0xfd && *prefix == prefix->canonical();
  return is_one ? prefix : std::nullopt;
}

}  // namespace michi::runtime
