#pragma once
// What the packet filter would decide about one flow: the same conditions and the same hash as the
// text that policies.cpp, publish.cpp and firewall.cpp write, computed instead of loaded.

#include <optional>

#include "policy/view.hpp"

namespace michi::policy {

/// Conditions of a policy line. `lan` is empty for the router's own flows.
bool matches(const View& view, const model::PolicyConfig& policy, const FlowQuery& query, const Address& source,
             const std::string& arrives_on, bool own);
/// `from`: the uplink it arrives on; nullptr from inside.
bool matches(const View& view, const model::PublishConfig& publish, const FlowQuery& query, const Address& source,
             const UplinkView* from);
/// Protocol and port alone.
bool names_service(const model::PublishConfig& publish, const FlowQuery& query);
/// The router itself is what is reached.
bool stays_here(const View& view, const model::PublishConfig& publish, Family family);

/// "192.168.10.5:443", with the port a shifted range gives.
std::string target_of(const View& view, const model::PublishConfig& publish, const FlowQuery& query);

/// The slot the kernel's jhash gives these addresses. nullopt: no hash, every packet draws.
std::optional<std::size_t> slot_of(const model::PolicyConfig& policy, const Address& source,
                                   const Address& destination);

/// The interface whose network holds the address; the longest prefix wins.
std::string neighbour_interface(const View& view, const Address& address);

/// An address of the router itself.
bool is_routers(const View& view, const Address& address);

/// What a source becomes when it leaves by this uplink, and why where that is not plain. Empty: it cannot leave.
struct Translated {
  std::string source;
  std::string reason;
};
Translated translated(const View& view, const UplinkView& uplink, const Address& source);

/// Why nobody asks for this at a shared address of ours: the port is somebody else's. Empty: nothing of the kind.
std::string foreign_port(const View& view, const FlowQuery& query);

/// What its probe says of it, or that of an uplink below it.
std::string dead_text(const UplinkView& uplink, Family family);
/// Why it cannot be chosen now.
std::string why_not(const UplinkView& uplink, Family family);

}  // namespace michi::policy
