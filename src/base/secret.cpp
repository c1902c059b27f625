#include "base/secret.hpp"

#include <cstddef>

namespace michi {

void Secret::wipe() noexcept {
  volatile char* at = text_.data();
  for (std::size_t i = 0; i < text_.size(); ++i) at[i] = 0;
  text_.clear();
}

}  // namespace michi
