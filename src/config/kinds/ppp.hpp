#pragma once
// Keys of a PPP session, whatever carries it: user, auth, address, echo, grace, retry.

#include "config/draft.hpp"

namespace michi::config {

void read_ppp(Section& section, model::PppConfig& into);

/// The session of an uplink of one kind; nullptr for those of other kinds.
using PppOf = const model::PppConfig* (*)(const model::UplinkConfig& uplink);
/// What the session asks for, in itself and beside those of the same kind.
void check_ppp(Draft& draft, const model::UplinkConfig& uplink, PppOf ppp_of);

Fields fields_of(const model::PppConfig& ppp);

}  // namespace michi::config
