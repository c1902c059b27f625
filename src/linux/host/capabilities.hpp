#pragma once
// What this process lacks to do its work: privileges, device nodes, kernel features.
//
// Looks by trying, changes nothing. Each missing thing has its own code, sentence and remedy.

#include <cstdint>
#include <string>
#include <vector>

namespace michi::linux {

struct Missing {
  std::string code;  // "cap-net-admin", "tun", "nf-tables", …
  std::string text;
  std::string remedy;
};

/// Running sessions, or only taking objects out of the kernel.
enum class Work : std::uint8_t { Run, Flush };

/// Empty: everything is there that this work needs.
std::vector<Missing> missing_capabilities(Work work);

}  // namespace michi::linux
