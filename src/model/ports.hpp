#pragma once
// Ports of TCP and UDP (and identifiers of ICMP echoes), as ranges and as sets of them. Values only.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace michi::model {

struct PortRange {
  std::uint16_t first = 0, last = 0;
  auto operator<=>(const PortRange&) const = default;
};

/// The ports of an address that are ours where it is shared with others: sorted ranges that neither overlap nor touch.
class PortSet {
 public:
  PortSet() = default;
  /// In any order; what overlaps or touches becomes one, a range that ends before it begins is left out.
  explicit PortSet(std::vector<PortRange> ranges);

  const std::vector<PortRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  std::size_t size() const;  // in ports
  bool contains(std::uint16_t port) const;
  bool contains(const PortSet& other) const;
  bool meets(const PortRange& range) const;
  /// The range that lies nearest to a port; nullopt when the set is empty.
  std::optional<PortRange> nearest(std::uint16_t port) const;
  bool operator==(const PortSet&) const = default;

 private:
  std::vector<PortRange> ranges_;
};

/// "4928-4943, 9024-9039"
std::string to_text(const PortSet& ports);

}  // namespace michi::model
