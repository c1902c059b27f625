#pragma once
// The name of a network device, held in place: the kernel allows 15 characters, and a router may
// hold tens of thousands of routes that each name one.
//
// Never longer than the kernel's limit: what exceeds it is cut, and the configuration refuses such
// names before they come here.

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <string>
#include <string_view>

namespace michi::model {

class DeviceName {
 public:
  static constexpr std::size_t kMax = 15;  // IFNAMSIZ - 1

  DeviceName() = default;
  template <std::convertible_to<std::string_view> Text>
  DeviceName(const Text& text) {  // NOLINT: a name is a name
    const std::string_view name = text;
    std::ranges::copy(name.substr(0, kMax), letters_.begin());
  }

  bool empty() const { return letters_[0] == '\0'; }
  std::string_view view() const { return letters_.data(); }
  std::string str() const { return std::string(view()); }
  auto operator<=>(const DeviceName&) const = default;
  bool operator==(const DeviceName&) const = default;
  template <std::convertible_to<std::string_view> Text>
  friend bool operator==(const DeviceName& name, const Text& text) {
    return name.view() == std::string_view(text);
  }

 private:
  std::array<char, kMax + 1> letters_{};
};

}  // namespace michi::model
