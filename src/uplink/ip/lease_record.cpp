#include "uplink/ip/lease_record.hpp"

#include <algorithm>
#include <utility>

namespace michi::uplink {
namespace {

template <class Lasting>
void age_all(std::vector<Lasting>& list, Duration age) {
  const auto take_off = [age](Duration& left) {
    if (left != engine::dhcp6::kForever) left = std::max(left - age, Duration::zero());
  };
  for (Lasting& one : list) {
    take_off(one.preferred);
    take_off(one.valid);
  }
  std::erase_if(list, [](const Lasting& one) { return one.valid == Duration::zero(); });
}

}  // namespace

LeaseRecord aged(LeaseRecord record, Duration age) {
  age_all(record.leases, age);
  age_all(record.prefixes, age);
  return record;
}

Ipv6Memory aged(Ipv6Memory memory, Duration age) {
  if (memory.record) memory.record = aged(std::move(*memory.record), age);
  return memory;
}

}  // namespace michi::uplink
