// Three parsers behind one door: the first byte chooses michi.toml, a routes file or secrets.toml.
// Laws: findings have places inside the text, a refusal has an error, an accepted configuration is
// equal to itself and names only uplinks that exist, none stands on itself or too high, and no secret is quoted.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/difference.hpp"
#include "config/load.hpp"
#include "config/routes_file.hpp"
#include "config/secrets.hpp"
#include "kit/toy_kind.hpp"

namespace {

using namespace michi;

void law(bool holds) {
  if (!holds) std::abort();
}

void places_are_inside(const std::vector<config::Diagnostic>& diagnostics, std::string_view text) {
  const auto lines = std::ranges::count(text, '\n') + 2;
  for (const config::Diagnostic& diagnostic : diagnostics) {
    law(diagnostic.line >= 0 && diagnostic.line <= lines && diagnostic.column >= 0);
    law(!diagnostic.code.empty() && !config::to_text(diagnostic).empty());
  }
  law(diagnostics.size() <= 201);
}

/// By itself on a line, or on one that is.
void stands_on_a_line(const model::Config& accepted, const model::UplinkConfig& uplink) {
  law((uplink.parent() != nullptr) == uplink.traits().stands_on_uplink);
  law(!accepted.line_of(uplink).empty());
  const auto* parent = uplink.parent() != nullptr ? accepted.find(*uplink.parent()) : nullptr;
  law(uplink.parent() == nullptr || (parent != nullptr && parent->parent() == nullptr));
}

void fuzz_configuration(std::string_view text) {
  config::Environment environment;
  environment.foreign_devices = {"eth9"};
  environment.kinds = kit::kinds_with_toy();
  environment.read_file = [](const std::string& path) -> Result<std::string, std::string> {
    if (path.size() % 2 == 0) return Fault<std::string>("no such file");
    return "# date: 2005-02-01\npppx net 220.210.194.0 netmask 255.255.255.128\n10.0.0.0/8\n";
  };
  const auto result = config::load(text, "m", environment);
  if (!result) {
    law(config::has_errors(result.error()));
    return places_are_inside(result.error(), text);
  }
  law(!config::has_errors(result->warnings));
  const model::Config& accepted = result->config;
  law(accepted.uplinks.size() <= model::kMaxUplinkNumber);
  law(config::differences(accepted, accepted, environment.kinds).empty());
  for (const auto& policy : accepted.policies) {
    law(!policy.use.empty());
    for (const auto& id : policy.use) law(accepted.find(id) != nullptr);
    for (const auto& id : policy.to_prefixes) law(accepted.find(id) != nullptr);
  }
  for (const auto& publish : accepted.publishes) {
    law(!publish.uplinks6.empty() && publish.ports.first > 0 && (publish.to || publish.to6));
    law(!publish.to || !publish.uplinks.empty());
  }
  for (const auto& uplink : accepted.uplinks) {
    law(std::ranges::is_sorted(uplink.routes) && uplink.mtu >= 576);
    stands_on_a_line(accepted, uplink);
  }
}

void fuzz_routes(std::string_view text) {
  const config::RoutesFile routes = config::read_routes_file(text, "r");
  places_are_inside(routes.diagnostics, text);
  law(std::ranges::is_sorted(routes.prefixes));
  for (const Prefix& prefix : routes.prefixes) law(prefix.length > 0 && prefix.canonical() == prefix);
}

void fuzz_secrets(std::string_view text) {
  const auto result = config::load_secrets(text, "s", nullptr);
  places_are_inside(result ? result->warnings : result.error(), text);
  if (result) return;
  for (const config::Diagnostic& diagnostic : result.error()) {
    law(config::to_text(diagnostic).find("hunter2") == std::string::npos || diagnostic.code != "syntax");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      fuzz_configuration(text);
      break;
    case 1:
      fuzz_routes(text);
      break;
    case 2:
      fuzz_secrets(text);
      break;
  }
  return 0;
}
