#include "lab/ac/options.hpp"

#include <charconv>
#include <functional>
#include <optional>

namespace michi::lab {
namespace {

namespace pppoe = engine::pppoe;
namespace ppp = engine::ppp;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == at)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ppp::AuthMethod> auth(const std::string& text) {
  if (text == "none") return ppp::AuthMethod::None;
  if (text == "pap") return ppp::AuthMethod::Pap;
  if (text == "chap" || text == "chap-md5") return ppp::AuthMethod::ChapMd5;
  if (text == "mschapv2" || text == "ms-chap-v2") return ppp::AuthMethod::MsChapV2;
  return std::nullopt;
}

/// user:password[:address[:block]], empty parts allowed.
bool account(Options& options, const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 4) return false;
  pppoe::AcAccount out{.user = parts[0], .password = Secret(parts[1]), .address = {}, .dns = {}};
  if (parts.size() > 2 && !parts[2].empty()) {
    out.address = parse_ipv4(parts[2]);
    if (!out.address) return false;
  }
  if (parts.size() > 3 && !parts[3].empty()) {
    const auto block = parse_prefix(parts[3]);
    if (!block) return false;
    options.blocks[out.user] = block->canonical();
  }
  options.ac.accounts.push_back(std::move(out));
  return true;
}

bool pool(Options& options, const std::string& text) {
  const auto parts = split(text, '-');
  const auto first = parse_ipv4(parts[0]);
  const auto last = parts.size() == 2 ? parse_ipv4(parts[1]) : std::nullopt;
  if (!first || !last || last->value < first->value) return false;
  options.ac.pool_first = *first;
  options.ac.pool_size = last->value - first->value + 1;
  options.pool_last = *last;
  return true;
}

bool resolvers(Options& options, const std::string& text) {
  for (const auto& part : split(text, ',')) {
    const auto address = parse_ipv4(part);
    if (!address) return false;
    options.ac.dns.push_back(*address);
  }
  return true;
}

using Take = std::function<bool(Options&, const std::string&)>;

template <class Set>
Take numeric(Set set) {
  return [set](Options& options, const std::string& text) {
    const auto value = number(text);
    if (value) set(options, *value);
    return value.has_value();
  };
}

const std::map<std::string, Take>& with_value() {
  static const std::map<std::string, Take> table = {
      {"--interface", [](Options& o, const std::string& v) { return o.interface = v, !v.empty(); }},
      {"--tun", [](Options& o, const std::string& v) { return o.tun = v, !v.empty(); }},
      {"--control", [](Options& o, const std::string& v) { return o.control = v, !v.empty(); }},
      {"--ac-name", [](Options& o, const std::string& v) { return o.ac.discovery.ac_name = v, true; }},
      {"--service", [](Options& o, const std::string& v) { return o.ac.discovery.services.push_back(v), true; }},
      {"--address",
       [](Options& o, const std::string& v) {
         const auto address = parse_ipv4(v);
         if (address) o.ac.address = *address;
         return address.has_value();
       }},
      {"--pool", pool},
      {"--dns", resolvers},
      {"--auth",
       [](Options& o, const std::string& v) {
         const auto method = auth(v);
         if (method) o.ac.auth = *method;
         return method.has_value();
       }},
      {"--account", account},
      {"--mtu", numeric([](Options& o, std::uint32_t v) { o.ac.mru = static_cast<std::uint16_t>(v); })},
      {"--max-sessions", numeric([](Options& o, std::uint32_t v) { o.ac.discovery.max_sessions = v; })},
      {"--max-per-mac", numeric([](Options& o, std::uint32_t v) { o.ac.discovery.max_per_mac = v; })},
      {"--padi-per-second-per-mac",
       numeric([](Options& o, std::uint32_t v) { o.ac.discovery.one_padi_per_second = v != 0; })},
      {"--pado-delay", numeric([](Options& o, std::uint32_t v) { o.ac.discovery.pado_delay = milliseconds(v); })},
      {"--drop-first-config-requests",
       numeric([](Options& o, std::uint32_t v) { o.ac.faults.drop_configure_requests = v; })},
      {"--echo-interval", numeric([](Options& o, std::uint32_t v) { o.ac.echo.interval = seconds(v); })},
      {"--refuse",
       [](Options& o, const std::string& v) {
         o.ac.discovery.refuse = pppoe::Refusal::AcSystemError;
         o.ac.discovery.refuse_text = v;
         return true;
       }},
      {"--refuse-kind",
       [](Options& o, const std::string& v) {
         if (v == "service") o.ac.discovery.refuse = pppoe::Refusal::ServiceNameError;
         if (v == "system") o.ac.discovery.refuse = pppoe::Refusal::AcSystemError;
         if (v == "generic") o.ac.discovery.refuse = pppoe::Refusal::GenericError;
         return v == "service" || v == "system" || v == "generic";
       }},
  };
  return table;
}

const std::map<std::string, std::function<void(Options&)>>& without_value() {
  static const std::map<std::string, std::function<void(Options&)>> table = {
      {"--silent", [](Options& o) { o.ac.faults.silent = true; }},
      {"--ignore-echo", [](Options& o) { o.ac.faults.ignore_echo = true; }},
      {"--rfc-timers", [](Options& o) { o.ac.timing = ppp::Timing::rfc1661(); }},
      {"--fast-timers", [](Options& o) { o.ac.timing = ppp::Timing{}; }},
      {"--no-ipv4", [](Options& o) { o.ac.ipv4 = false; }},
      {"--no-ipv6", [](Options& o) { o.ac.ipv6 = false; }},
      {"--padt-with-auth-failure", [](Options& o) { o.ac.faults.padt_with_auth_failure = true; }},
      {"--keep-quiet-to-strangers", [](Options& o) { o.ac.padt_for_unknown = false; }},
  };
  return table;
}

}  // namespace

std::string usage() {
  std::string out = "usage: michi-ac --interface DEV --tun NAME --address IP --pool FIRST-LAST [options]\n";
  for (const auto& [name, take] : with_value()) out += "  " + name + " VALUE\n";
  for (const auto& [name, take] : without_value()) out += "  " + name + "\n";
  return out;
}

Result<Options, std::string> parse_options(int argc, char** argv) {
  Options options;
  options.ac.pool_size = 0;
  options.ac.interface_id = 1;  // the TUN's fe80::1 is the address that the peers are told
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (const auto flag = without_value().find(name); flag != without_value().end()) {
      flag->second(options);
      continue;
    }
    const auto found = with_value().find(name);
    if (found == with_value().end()) return Fault<std::string>("unknown option " + name);
    if (i + 1 == argc) return Fault<std::string>(name + " needs a value");
    const std::string value = argv[++i];
    if (!found->second(options, value)) return Fault<std::string>(name + ": '" + value + "' is not valid");
  }
  if (options.interface.empty() || options.tun.empty()) return Fault<std::string>("--interface and --tun are needed");
  if (options.ac.mru < 576 || options.ac.mru > 1500) return Fault<std::string>("--mtu must be between 576 and 1500");
  if (options.ac.mru > 1492) options.ac.discovery.max_payload = options.ac.mru;  // RFC 4638
  return options;
}

}  // namespace michi::lab
