#pragma once
// A password that cannot be printed, compared by accident or left behind in freed memory.
//
// There is no operator<<, no formatter and no conversion to text; the one way in is reveal(), used
// by the authentication engines at the moment of hashing or sending.

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"

namespace michi {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::exchange(other.text_, {})) {}
  Secret& operator=(const Secret& other) {
    if (this != &other) wipe(), text_ = other.text_;
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) wipe(), text_ = std::exchange(other.text_, {});
    return *this;
  }
  ~Secret() { wipe(); }

  Bytes reveal() const { return bytes_of(text_); }
  bool empty() const { return text_.empty(); }
  bool same_as(const Secret& other) const { return equal_in_constant_time(reveal(), other.reveal()); }

 private:
  void wipe() noexcept;
  std::string text_;
};

}  // namespace michi
