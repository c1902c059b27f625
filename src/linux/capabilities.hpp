#pragma once
// What this process lacks to do its work: privileges, device nodes, kernel features.
//
// Looks by trying, changes nothing. Each missing thing has its own code, sentence and remedy.

#include <string>
#include <vector>

namespace michi::linux {

struct Missing {
  std::string code;  // "cap-net-admin", "tun", "nf-tables", …
  std::string text;
  std::string remedy;
};

/// Empty: everything is there.
std::vector<Missing> missing_capabilities();

}  // namespace michi::linux
