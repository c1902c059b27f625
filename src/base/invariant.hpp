#pragma once
// For our own bugs only: a broken law stops the process with the place and the law in words.
//
// Nothing a peer, an operator or the kernel does may reach one of these. The daemon restarts and
// adopts what it finds in the kernel.

#include <string_view>

namespace michi {

[[noreturn]] void invariant_broken(std::string_view law, std::string_view file, int line);

}  // namespace michi

#define MICHI_INVARIANT(condition, law) ((condition) ? void(0) : ::michi::invariant_broken(law, __FILE__, __LINE__))
