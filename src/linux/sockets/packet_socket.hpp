#pragma once
// A packet socket with its filter in place before the first frame, and how frames are read from one and
// sent through one. Inside of this room.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "linux/loop/readiness.hpp"
#include "linux/sockets/frame_filter.hpp"
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

/// What a frame must be marked as by the kernel, which marks those with a VLAN id as another host's.
enum class Accept : std::uint8_t {
  ToUs,
  ToUsOrEverybody,
  ToUsOrGroups,  // everybody is one
  Incoming       // the socket's filter has looked at the address
};

/// One packet socket of several that are read in turns. Of one that is told of for the first time in a while one frame
/// is read, nearly always the only one: the loop looks whether more is there, and then all of it is read.
class PacketSource {
 public:
  /// `told` when something may wait; not again before it rests, or arm().
  PacketSource(boost::asio::io_context& loop, port::Fd fd, Accept accept, port::Wake told);

  /// The next frame that is for us; reads `most` others in search of it. Longer ones than `buffer` are left out.
  std::optional<ByteVec> next(std::span<std::byte> buffer, int most);
  /// The frame read last is the first since the loop told of it: it was there before anything that was told later.
  bool read_as_told() const { return read_as_told_; }
  /// It rests since a frame behind which there may have been more, of which the loop has yet to tell.
  bool may_hold_more() const { return may_hold_more_; }
  /// The next frame is looked for, told of or not.
  void look() { pending_ = empties_ = true; }
  /// Also where it was left before it was empty.
  void arm() { readable_.arm(); }
  int fd() const { return fd_.get(); }

 private:
  std::optional<ByteVec> read(std::span<std::byte> buffer);
  void rest();

  port::Fd fd_;
  Accept accept_;
  bool pending_ = true;  // the loop has told that something is there, or nobody has looked yet
  bool empties_ = true;  // it is read until nothing is left
  Instant rested_at_{};
  bool just_told_ = false;
  bool read_as_told_ = false;
  bool may_hold_more_ = false;
  port::Wake told_;
  Readiness readable_;
};

/// A whole frame; `interface` is for the error's text.
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

/// What neighbours of a device say to each other; `speaker` sends.
Result<std::unique_ptr<port::DatagramSocket>, port::OsError> open_neighbours(
    boost::asio::io_context& loop, const std::string& device, int index, std::unique_ptr<port::DatagramSocket> speaker);

}  // namespace michi::linux
