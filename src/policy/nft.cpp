#include "policy/nft.hpp"

#include "policy/prefixes.hpp"
#include "policy/view.hpp"

namespace michi::policy::nft {

std::string quoted(std::string_view interface) { return fmt::format("\"{}\"", interface); }

std::string hex(std::uint32_t value) { return fmt::format("0x{:08x}", value); }

std::string to_text(const model::PortRange& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

namespace {

std::string braces(const std::vector<std::string>& words) {
  return words.size() == 1 ? words.front() : fmt::format("{{ {} }}", fmt::join(words, ", "));
}

}  // namespace

std::string any_of(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> words;
  for (const auto& prefix : disjoint(prefixes)) words.push_back(michi::to_text(prefix));
  return braces(words);
}

std::string any_of(const std::vector<model::PortRange>& ports) {
  std::vector<std::string> words;
  for (const auto& range : disjoint(ports)) words.push_back(to_text(range));
  return braces(words);
}

std::vector<Layer4> layer4(model::Protocol protocol, bool has_ports) {
  switch (protocol) {
    case model::Protocol::Tcp:
      return {{protocol, "tcp"}};
    case model::Protocol::Udp:
      return {{protocol, "udp"}};
    case model::Protocol::Icmp:
      return {{protocol, ""}};
    case model::Protocol::Any:
      if (has_ports) return {{model::Protocol::Tcp, "tcp"}, {model::Protocol::Udp, "udp"}};
      return {{protocol, ""}};
  }
  return {};
}

}  // namespace michi::policy::nft
