#include "model/ports.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace michi::model {

PortSet::PortSet(std::vector<PortRange> ranges) {
  std::erase_if(ranges, [](const PortRange& range) { return range.last < range.first; });
  std::ranges::sort(ranges);
  for (const auto& range : ranges) {
    if (!ranges_.empty() && range.first <= ranges_.back().last + 1)
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    else
      ranges_.push_back(range);
  }
}

std::size_t PortSet::size() const {
  std::size_t count = 0;
  for (const auto& range : ranges_) count += std::size_t{range.last} - range.first + 1;
  return count;
}

bool PortSet::contains(std::uint16_t port) const { return meets({port, port}); }

bool PortSet::contains(const PortSet& other) const {
  return std::ranges::all_of(other.ranges_, [&](const PortRange& wanted) {
    return std::ranges::any_of(
        ranges_, [&](const PortRange& range) { return range.first <= wanted.first && wanted.last <= range.last; });
  });
}

bool PortSet::meets(const PortRange& range) const {
  const auto at = std::ranges::lower_bound(ranges_, range.first, {}, &PortRange::last);
  return at != ranges_.end() && at->first <= range.last;
}

std::optional<PortRange> PortSet::nearest(std::uint16_t port) const {
  const auto distance = [&](const PortRange& range) {
    return port < range.first ? range.first - port : port > range.last ? port - range.last : 0;
  };
  const auto at = std::ranges::min_element(ranges_, {}, distance);
  return at == ranges_.end() ? std::nullopt : std::optional(*at);
}

std::string to_text(const PortSet& ports) {
  std::string text;
  for (const auto& range : ports.ranges()) {
    if (!text.empty()) text += ", ";
    text += range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

}  // namespace michi::model
