#pragma once
// port::FrameSockets on AF_PACKET.
//
// Two sockets an interface, one for discovery and one for sessions, each bound to its EtherType; a
// filter keeps user data out, so data frames cost a few instructions and no wake-up.
// The kernel marks frames with a VLAN id and frames for other hosts alike before a bound socket sees
// them, so these two accept only what is marked as ours. An address of its own (add_address) needs
// a third kind: a tap in front of that point which still sees the tag, filtered by VLAN id and
// destination. The session socket sends the urgent frames.
//
// A DHCPv4 client has two of its own (dhcp4_socket.cpp), for IPv4 and for ARP.

#include "port/frame_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class FrameSockets final : public port::FrameSockets {
 public:
  explicit FrameSockets(boost::asio::io_context& loop) : loop_(loop) {}
  Result<std::unique_ptr<port::FrameSocket>, port::OsError> open(const std::string& interface,
                                                                 port::FrameKind kind) override;

 private:
  boost::asio::io_context& loop_;
};

}  // namespace michi::linux
