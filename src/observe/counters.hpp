#pragma once
// Named numbers of the daemon itself, in the order of their names; `status` and metrics show them.
//
// A name is made on first use and stays. Rooms that count for themselves are read by the owner and
// set here; nothing in here is on the path of a packet.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace michi::observe {

class Counters {
 public:
  void add(std::string_view name, std::uint64_t by = 1);
  void set(std::string_view name, std::uint64_t value);
  std::uint64_t value(std::string_view name) const;
  const std::map<std::string, std::uint64_t, std::less<>>& all() const { return values_; }

 private:
  std::uint64_t& at(std::string_view name);
  std::map<std::string, std::uint64_t, std::less<>> values_;
};

}  // namespace michi::observe
