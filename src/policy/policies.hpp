#pragma once
// The policies as chains, and whom a policy would choose now.

#include <map>
#include <string>
#include <vector>

#include "policy/nft.hpp"

namespace michi::policy {

void write_policies(const View& view, nft::Body& body, model::NftTable& table);

std::string choice_name(const model::PolicyConfig& policy);
bool is_hashed(const model::PolicyConfig& policy);
/// Who shares the flows of a policy now.
std::vector<model::UplinkId> candidates(const View& view, const model::PolicyConfig& policy, Family family);
/// Every uplink the policy could take is judged dead, and taken all the same.
bool takes_despite(const View& view, const model::PolicyConfig& policy, Family family);
/// Sources that need no translation by this policy, with the uplink each belongs to.
std::map<Prefix, const UplinkView*> own_sources(const View& view, const model::PolicyConfig& policy);

}  // namespace michi::policy
