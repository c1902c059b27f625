#pragma once
// One Ethernet interface's packet socket for session data, and the batches that go through it.
//
// The kernel filters: type 0x8864, VER and TYPE 1, CODE 0, PPP protocol below 0x8000. Of a VLAN tag with
// another id than 0 it may have left nothing but the verdict "for another host". What the socket may hold is bounded (1
// MiB each way). Nothing here knows sessions.

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/net/mac.hpp"
#include "base/result.hpp"
#include "dataplane/tun/coalesce.hpp"
#include "dataplane/tun/segment.hpp"
#include "port/fd.hpp"
#include "port/os_error.hpp"

namespace michi::dataplane::tun {

class Wire {
 public:
  static Result<Wire, port::OsError> open(const std::string& interface);

  int fd() const { return fd_.get(); }
  int index() const { return index_; }
  /// The interface's address now.
  std::optional<Mac> address() const;
  /// Also receive frames for an address that is not the interface's own.
  void join(const Mac& mac);
  void leave(const Mac& mac);
  /// Lets data through, or nothing: closing a packet socket waits for all readers in the kernel, so a
  /// wire without sessions is kept, deaf.
  void listen(bool on);
  /// What epoll announced as an error, 0 for none; reading clears it.
  int take_error();

 private:
  Wire(port::Fd fd, int index) : fd_(std::move(fd)), index_(index) {}
  port::Fd fd_;
  int index_ = 0;
};

/// A frame as it came, with what the sender's kernel left undone; offsets count from the frame's start.
struct Received {
  Vnet vnet;
  std::span<std::byte> frame;
  bool cut = false;             // longer than the slot
  bool for_other_host = false;  // the kernel's verdict
};

class ReceiveBatch {
 public:
  ReceiveBatch();
  /// Frames read (0: none there), or -errno.
  int read(int fd);
  Received frame(std::size_t index);

 private:
  static constexpr std::size_t kSlot = 2048;
  Buffer slots_;
  std::array<iovec, kBatch> iovecs_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<sockaddr_ll, kBatch> senders_{};
};

struct SendTally {
  std::uint64_t packets = 0, bytes = 0;  // handed to the wire; bytes of IP
  std::uint64_t dropped = 0;
};

/// Packets read from a TUN, cut and wrapped, until sent with one call.
class SendBatch {
 public:
  SendBatch();
  /// All that follows goes to this socket, and is counted from zero.
  void begin(int wire);
  /// The next packet of a TUN device; empty when there is none. `error` is then errno, or 0.
  struct Taken {
    Vnet vnet;
    std::span<std::byte> packet;
  };
  std::optional<Taken> take(int tun, int& error);
  /// Cuts and wraps a packet that take() returned. False: it does not fit, and was not sent.
  bool put(const Taken& taken, const Channel& channel, std::size_t mtu);
  /// 0, or the errno that says that the interface is gone.
  int flush();
  const SendTally& tally() const { return tally_; }

 private:
  static constexpr std::size_t kFrames = 128;
  static constexpr std::size_t kLargest = 65536;
  static constexpr std::size_t kArena = 4 * kLargest;
  static constexpr std::size_t kHead = sizeof(Vnet) + kEncapsulation + kMaxHeaders;

  int wire_ = -1;
  int failed_ = 0;
  Buffer arena_, heads_;
  std::size_t used_ = 0;
  std::size_t frames_ = 0;
  SendTally tally_;
  std::array<std::array<iovec, 2>, kFrames> iovecs_{};
  std::array<mmsghdr, kFrames> messages_{};
};

/// Writes one bundle to a TUN device: 0 or errno.
int write_bundle(int tun, const Bundle& bundle);

/// The vnet header of a frame, seen from the packet inside. Empty when it makes no sense there
/// (a super-frame that no wire carries, a checksum outside the packet).
std::optional<Vnet> inner_vnet(const Vnet& outer, std::size_t packet_size);

}  // namespace michi::dataplane::tun
