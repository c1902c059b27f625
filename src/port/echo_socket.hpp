#pragma once
// Door: ICMP echo on one device, in one family: questions go out by it whatever the routing says, and the answers
// that come in by it are told.
//
// It knows no identifier: whose answer it is, the caller must tell.

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/result.hpp"
#include "port/door.hpp"

namespace michi::port {

struct EchoHeard {
  ByteVec message;  // from the type octet on
  Address source;
};

class EchoSocket {
 public:
  virtual ~EchoSocket() = default;
  /// The source is the kernel's choice among the device's addresses. ICMPv6 gets its checksum on the way.
  virtual Result<void, OsError> send(Bytes message, const Address& destination) = 0;
  /// A reply that waits. The caller bounds how many it takes at a time; only the answer "none" asks for another
  /// wake-up.
  virtual std::optional<EchoHeard> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Opens the socket of a device; ENODEV while it does not exist.
class EchoSockets {
 public:
  virtual ~EchoSockets() = default;
  virtual Result<std::unique_ptr<EchoSocket>, OsError> open(const std::string& device, Family family) = 0;
};

}  // namespace michi::port
