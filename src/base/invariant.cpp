#include "base/invariant.hpp"

#include <cstdio>
#include <cstdlib>

namespace michi {

void invariant_broken(std::string_view law, std::string_view file, int line) {
  std::fprintf(stderr, "michi: internal error: %.*s (%.*s:%d)\n", static_cast<int>(law.size()), law.data(),
               static_cast<int>(file.size()), file.data(), line);
  std::abort();
}

}  // namespace michi
