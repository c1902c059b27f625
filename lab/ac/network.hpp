#pragma once
// What the kernel behind the access concentrator needs to know: the TUN up with the session MTU, the
// server's address on it, and routes for everything that is handed out. Done with ip(8), once.

#include "lab/ac/options.hpp"

namespace michi::lab {

/// The batch for `ip -batch -`.
std::string network_script(const Options& options);
/// False when ip(8) could not be run or refused something.
bool apply(const std::string& script);

}  // namespace michi::lab
