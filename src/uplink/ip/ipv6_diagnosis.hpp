#pragma once
// For a person who asks why an uplink has no prefix: what its DHCPv6 client did and was told.
//
// Numbers and words only, so that whoever shows them needs none of the conversations.

#include <cstdint>
#include <string>

namespace michi::uplink {

struct Ipv6Diagnosis {
  bool asking = false;  // DHCPv6 wants something and has not got it
  std::uint64_t solicits = 0, advertises = 0, replies = 0;
  std::string refusal;  // the server's last no, in its words
};

}  // namespace michi::uplink
