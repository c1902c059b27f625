#pragma once
// Where the internet reaches a published service over IPv6, and why not.

#include "policy/view.hpp"

namespace michi::policy {

/// Where the internet reaches a published service over IPv6 now.
struct Opening {
  const UplinkView* uplink = nullptr;
  Ipv6 address;
};
std::vector<Opening> openings(const View& view, const model::PublishConfig& publish);
/// What the router's own answer there has as its source when nobody has chosen one: law 8's, or the closed network's.
std::optional<Ipv6> inner_address(const View& view, const UplinkView& uplink);
/// Why it is not reached by an uplink that the line names.
std::string why_closed(const model::PublishConfig& publish, const UplinkView& uplink);
/// The router itself answers over IPv6: what is asked for is not forwarded.
bool ends_here(const View& view, const model::PublishConfig& publish);

}  // namespace michi::policy
