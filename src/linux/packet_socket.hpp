#pragma once
// A packet socket with its filter in place before the first frame. Inside of this room.

#include <cstdint>
#include <memory>
#include <string>

#include "linux/frame_filter.hpp"
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

/// Sends a whole frame.
Result<void, port::OsError> send_frame(int fd, Bytes frame, const std::string& interface);
/// The interface hears frames for this address as long as the socket is open, or no more.
enum class Membership : std::uint8_t { Begin, End };
Result<void, port::OsError> hear_address(int fd, int index, Mac mac, Membership what, const std::string& interface);

/// Discovery frames between others.
Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_pass_through(boost::asio::io_context& loop,
                                                                            const std::string& interface, int index);
/// Frames of a DHCPv4 client.
Result<std::unique_ptr<port::FrameSocket>, port::OsError> open_dhcp4(boost::asio::io_context& loop,
                                                                     const std::string& interface, int index);

}  // namespace michi::linux
