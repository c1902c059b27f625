#pragma once
// port::EchoSockets: raw ICMP and ICMPv6 sockets bound to their device, whose kernel filter lets echo replies in and
// nothing else.
//
// Not the datagram ("ping") sockets: these depend on net.ipv4.ping_group_range, and a raw one asks for CAP_NET_RAW
// alone, which the packet sockets need anyway. What netfilter drops on the way in does not arrive here.

#include "port/echo_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class EchoSockets final : public port::EchoSockets {
 public:
  explicit EchoSockets(boost::asio::io_context& loop) : loop_(loop) {}
  Result<std::unique_ptr<port::EchoSocket>, port::OsError> open(const std::string& device, Family family) override;

 private:
  boost::asio::io_context& loop_;
};

}  // namespace michi::linux
