#pragma once
// Who may send what: the sources of a session's own, looked at in front of the last step to the wire.
//
// The second of two checks (docs/decisions/0007); it knows no session and counts nothing.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"

namespace michi::dataplane {

/// The sources a session may use, prepared for a look at every packet.
class SourceGuard {
 public:
  SourceGuard() = default;
  explicit SourceGuard(std::span<const Prefix> own);
  /// `packet` has at least the fixed header of its family.
  bool allows(Bytes packet, Family family) const;

 private:
  struct V4 {
    std::uint32_t value, mask;
  };
  struct V6 {
    std::uint64_t value[2], mask[2];
  };
  std::vector<V4> v4_;
  std::vector<V6> v6_;
};

}  // namespace michi::dataplane
