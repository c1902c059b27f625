#pragma once
// What an Advertise or a Reply says about the IAs that were asked for: a reading without a state.
//
// IAs nobody asked for, prefixes nobody can use (link-local, multicast, ::/8) and times that contradict
// each other are left out. RFC 8415 §18.2.9, §18.2.10, §21.4, §21.21.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/dhcp6/lease.hpp"
#include "wire/dhcp6.hpp"

namespace michi::engine::dhcp6 {

struct Answer {
  /// Of each wanted IA at most one, those with at least one lease, a lifetime of zero included.
  std::vector<wire::dhcp6::Ia> ias;
  unsigned served = 0;            // wanted IAs with a lease whose lifetime is not zero
  bool no_binding = false;        // said of an IA or of the whole
  wire::dhcp6::Status complaint;  // the first that is not Success, the whole message's before an IA's
};

/// `unread` is raised by the IA options that cannot be read.
Answer read_answer(std::span<const wire::dhcp6::Option> options, std::span<const Wanted> wanted, std::uint64_t& unread);

/// "NoPrefixAvail: the words", printable.
std::string describe(const wire::dhcp6::Status& status);

}  // namespace michi::engine::dhcp6
