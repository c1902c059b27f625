#pragma once
// port::DatagramSockets: raw ICMPv6 sockets and UDP port 546, each bound to its device. A proxy for neighbours hears
// through a packet socket, for which the device takes every group.
//
// The kernel's own filter takes the types a speaker needs and no others. What netfilter drops on the
// way in does not arrive here.

#include "port/datagram_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class DatagramSockets final : public port::DatagramSockets {
 public:
  explicit DatagramSockets(boost::asio::io_context& loop) : loop_(loop) {}
  Result<std::unique_ptr<port::DatagramSocket>, port::OsError> open(const std::string& device,
                                                                    port::Speaker speaker) override;

 private:
  boost::asio::io_context& loop_;
};

}  // namespace michi::linux
