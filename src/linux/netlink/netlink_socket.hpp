#pragma once
// A netlink socket: whole batches out, whole datagrams in. Knows no message of any family.
//
// The kernel works on a batch inside send(), so the acknowledgements can be read as soon as it
// returns and nothing here ever waits.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "port/fd.hpp"
#include "port/os_error.hpp"

struct nlmsghdr;

namespace michi::linux {

class NetlinkSocket {
 public:
  struct Settings {
    int protocol = 0;                   // NETLINK_ROUTE, NETLINK_NETFILTER
    std::vector<unsigned> groups = {};  // multicast groups to listen to
    int receive_buffer = 1 << 20;
  };

  /// Throws when the kernel refuses the socket; groups that it does not have are an error too.
  explicit NetlinkSocket(const Settings& settings);

  int fd() const { return fd_.get(); }
  std::uint32_t port() const { return port_; }
  std::uint32_t next_sequence() { return ++sequence_; }
  /// A kernel without the option says false.
  bool set_option(int option, int value);

  Result<void, port::OsError> send(Bytes batch);

  enum class Read : std::uint8_t { Datagram, Nothing, Overrun, Failed };
  /// One datagram into `datagram()`, which stays valid until the next call.
  Read receive();
  Bytes datagram() const { return buffer_.first(filled_); }

 private:
  port::Fd fd_;
  std::uint32_t port_ = 0;
  std::uint32_t sequence_ = 0;
  Buffer buffer_;
  std::size_t filled_ = 0;
};

/// Calls `each` for every well-formed message of a datagram.
void for_each_message(Bytes datagram, const std::function<void(const nlmsghdr&)>& each);

/// What an NLMSG_ERROR says: errno (0: done) and the kernel's sentence, if it sent one.
struct Acknowledgement {
  std::uint32_t sequence = 0;
  int error = 0;
  std::string message;
};
std::optional<Acknowledgement> parse_acknowledgement(const nlmsghdr& message);

}  // namespace michi::linux
