#pragma once
// Pieces of nft text that several parts of the firewall write. Text only, no meaning.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "policy/view.hpp"

namespace michi::policy::nft {

std::string quoted(std::string_view interface);
/// "0x01000000"
std::string hex(std::uint32_t value);
std::string to_text(const model::PortRange& ports);
/// "{ a, b }", or the bare element when there is one; prefixes and ports are made disjoint first.
std::string any_of(const std::vector<Prefix>& prefixes);
std::string any_of(const std::vector<model::PortRange>& ports);

/// One way to match what a line says of protocol and destination ports. Two for "any protocol, these
/// ports": conntrack's original port can only be read with the protocol known.
struct Layer4 {
  model::Protocol protocol = model::Protocol::Any;
  std::string word;  // "tcp", "udp", or empty
};
std::vector<Layer4> layer4(model::Protocol protocol, bool has_ports);

/// Collects declarations and chains with one indentation.
class Body {
 public:
  void declare(std::string_view kind, std::string_view name, std::string_view type) {
    text_ += fmt::format("  {} {} {{ {} }}\n", kind, name, type);
  }
  void chain(std::string_view name, const std::vector<std::string>& lines) {
    text_ += fmt::format("  chain {} {{\n", name);
    for (const auto& line : lines)
      if (!line.empty()) text_ += "    " + line + "\n";
    text_ += "  }\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace michi::policy::nft
