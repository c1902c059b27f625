#pragma once
// Packets that a rule of nftables logs to a group, each as soon as it was seen. Decides nothing.

#include <cstdint>
#include <functional>

#include "linux/netlink/netlink_socket.hpp"

namespace michi::linux {

class FlowLog {
 public:
  /// Throws when the kernel has no such logging, or somebody else listens to the group.
  explicit FlowLog(std::uint16_t group);

  int fd() const { return socket_.fd(); }
  /// At most so many datagrams. A packet begins with its IP header and may be cut.
  void read(int datagrams, const std::function<void(Bytes packet)>& each);

 private:
  NetlinkSocket socket_;
};

}  // namespace michi::linux
