#pragma once
// A packet socket with its filter in place before the first frame. Inside of this room.

#include <cstdint>
#include <memory>
#include <string>

#include "linux/frame_filter.hpp"
#include "port/datagram_socket.hpp"
#include "port/fd.hpp"
#include "port/frame_socket.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

/// errno, with what was done where.
port::OsError packet_error(const std::string& what, const std::string& interface);

Result<port::Fd, port::OsError> open_packet(std::uint16_t type, int index, const FrameFilter& filter,
                                            const std::string& interface);

/// Frames of a DHCPv4 client.
Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_dhcp4(boost::asio::io_context& loop,
                                                                     const std::string& interface, int index);

/// What neighbours of a device say to each other; `speaker` sends.
Result<std::unique_ptr<port::DatagramSocket>, port::OsError> open_neighbours(
    boost::asio::io_context& loop, const std::string& device, int index,
    std::unique_ptr<port::DatagramSocket> speaker);

}  // namespace michi::linux
