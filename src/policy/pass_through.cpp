// Table `netdev michi`: session frames of LAN clients, carried from their LAN to the line and back below IP.
//
// A frame is carried when its type is that of PPPoE sessions and both addresses and the session identifier are
// those of a session that was confirmed to the client. What carries a VLAN tag has another type.

#include "policy/pass_through.hpp"

#include <map>
#include <vector>

#include "policy/nft.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

constexpr std::string_view kSession = "typeof ether saddr . ether daddr . @ll,128,16; counter;";  // RFC 2516 §4

/// From one interface to another, for the sessions of one set.
std::string carry(std::string_view set, std::string_view to) {
  return fmt::format("ether type 0x8864 ether saddr . ether daddr . @ll,128,16 @{} fwd to {}", set, nft::quoted(to));
}

std::string member(const Mac& from, const Mac& to, std::uint16_t id) {
  return fmt::format("{} . {} . {:#06x}", to_text(from), to_text(to), id);
}

}  // namespace

model::NftTable derive_pass_through(const View& view) {
  const auto& links = view.inputs().surroundings.links;
  model::NftTable table;
  nft::Body body;
  std::map<std::string, std::vector<std::string>> chains;  // by the interface a frame arrives on
  for (std::size_t number = 0; number < view.config().lines.size(); ++number) {
    const auto& line = view.config().lines[number];
    for (const auto& name : line.pass_through) {
      const auto* lan = view.config().find_lan(name);
      if (lan == nullptr || !links.contains(line.interface) || !links.contains(lan->interface)) continue;
      const auto up = fmt::format("up-{}-{}", number, name), down = fmt::format("down-{}-{}", number, name);
      for (const auto& set : {up, down}) {
        body.declare("set", set, kSession);
        table.elements[set];
      }
      chains[lan->interface].push_back(carry(up, line.interface));
      chains[line.interface].push_back(carry(down, lan->interface));
      for (const auto& session : view.inputs().passed) {
        if (session.line != line.interface || session.lan != lan->interface) continue;
        table.elements[up].insert(member(session.client, session.concentrator, session.session_id));
        table.elements[down].insert(member(session.concentrator, session.client, session.session_id));
      }
    }
  }
  std::size_t number = 0;
  for (auto& [interface, rules] : chains) {
    rules.insert(rules.begin(),
                 fmt::format("type filter hook ingress device {} priority 0; policy accept;", nft::quoted(interface)));
    body.chain(fmt::format("from-{}", number++), rules);
  }
  table.structure = body.take();
  return table;
}

}  // namespace michi::policy
