#pragma once
// The IPv6 sockets of one session's device: open while it stands, read only when one of them said that
// something waits.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "port/datagram_socket.hpp"
#include "uplink/ip/datagram.hpp"

namespace michi::runtime {

class DeviceSockets {
 public:
  /// The device as it is now; another one of its name has another index.
  static Result<std::unique_ptr<DeviceSockets>, port::OsError> open(port::DatagramSockets& door,
                                                                    const std::string& device, std::uint32_t index,
                                                                    const port::Wake& wake);

  std::uint32_t index() const { return index_; }
  /// What the kernel refuses is a lost datagram: the protocol's own timers see to it.
  void send(const uplink::Datagram& datagram);
  /// One of them told that something waits, or was not looked at yet.
  bool ready() const { return neighbours_.ready || dhcp6_.ready; }
  /// What waits, a bounded number; true if there may be more.
  bool take(const std::function<void(uplink::Service, const port::Datagram&)>& each);

 private:
  struct Speaking {
    uplink::Service service;
    std::unique_ptr<port::DatagramSocket> socket;
    bool ready = true;  // a first look arms its wake-up
  };
  DeviceSockets(std::uint32_t index, std::unique_ptr<port::DatagramSocket> neighbours,
                std::unique_ptr<port::DatagramSocket> dhcp6, const port::Wake& wake);

  std::uint32_t index_;
  Speaking neighbours_;
  Speaking dhcp6_;
};

}  // namespace michi::runtime
