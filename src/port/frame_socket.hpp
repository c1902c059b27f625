#pragma once
// Door: PPPoE control frames of one Ethernet interface.
//
// Delivers whole frames of type 0x8863 and those of 0x8864 that carry anything but IPv4 and
// IPv6, untagged or with VLAN id 0 only, addressed to one of our addresses or, for
// discovery, unicast to us. Sends whole frames; `urgent` ones at the highest priority. Data frames
// never come here.

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/result.hpp"
#include "port/door.hpp"

namespace michi::port {

enum class Priority : std::uint8_t { Normal, Urgent };

class FrameSocket {
 public:
  virtual ~FrameSocket() = default;
  /// Also receive frames for this address (an uplink with a MAC of its own).
  virtual Result<void, OsError> add_address(Mac mac) = 0;
  virtual Result<void, OsError> send(Bytes frame, Priority priority) = 0;
  /// A frame that waits now, told of or not. The caller bounds how many it takes at a time; only the
  /// answer "none" asks for another wake-up.
  virtual std::optional<ByteVec> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Opens the socket of an interface; ENODEV while it does not exist.
class FrameSockets {
 public:
  virtual ~FrameSockets() = default;
  virtual Result<std::unique_ptr<FrameSocket>, OsError> open(const std::string& interface) = 0;
};

}  // namespace michi::port
