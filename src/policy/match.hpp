#pragma once
// What the packet filter would decide about one flow: the same conditions and the same hash as the
// text that policies.cpp and publish.cpp write, computed instead of loaded.

#include <optional>

#include "policy/view.hpp"

namespace michi::policy {

/// Conditions of a policy line. `lan` is empty for the router's own flows.
bool matches(const View& view, const model::PolicyConfig& line, const FlowQuery& query, const Address& source,
             const std::string& arrives_on, bool own);
bool matches(const View& view, const model::PublishConfig& line, const FlowQuery& query, const Address& source);

/// "192.168.10.5:443", with the port a shifted range gives.
std::string target_of(const View& view, const model::PublishConfig& line, std::uint16_t port);

/// The slot the kernel's jhash gives these addresses. nullopt: no hash, every packet draws.
std::optional<std::size_t> slot_of(const model::PolicyConfig& line, Ipv4 source, Ipv4 destination);

}  // namespace michi::policy
