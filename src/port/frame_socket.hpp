#pragma once
// Door: control frames of one Ethernet interface: of PPPoE, of a DHCPv4 client, or of PPPoE between others.
//
// Delivers whole frames, untagged or with VLAN id 0 only, and sends whole frames; `urgent` ones at the
// highest priority. Data frames never come here. PPPoE: frames of type 0x8863 and those of 0x8864 that
// carry anything but IPv4 and IPv6, addressed to one of our addresses or, for discovery, unicast to us.
// Dhcp4: IPv4 datagrams to UDP port 68, and of ARP what tells of an address in use (answers, probes,
// announcements), to us or to everybody; the interface needs no address for either.
// PassThrough: frames of type 0x8863 and LCP's Configure-Requests, to whomever, as far as the interface hears
// them: it hears those to everybody, to us, and to the addresses added here.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/result.hpp"
#include "port/door.hpp"

namespace michi::port {

enum class FrameKind : std::uint8_t { Pppoe, Dhcp4, PassThrough };

enum class Priority : std::uint8_t { Normal, Urgent };

class FrameSocket {
 public:
  virtual ~FrameSocket() = default;
  /// Also receive frames for this address (an uplink with a MAC of its own, a host behind us). With PassThrough
  /// all frames of the interface for it are heard, so that the kernel's own rules may forward them.
  virtual Result<void, OsError> add_address(Mac mac) = 0;
  /// The end of that, which only hosts behind us have: with PassThrough.
  virtual void remove_address(Mac) {}
  virtual Result<void, OsError> send(Bytes frame, Priority priority) = 0;
  /// A frame that waits and was told of. The caller bounds how many it takes at a time; only the answer
  /// "none" asks for another wake-up.
  virtual std::optional<ByteVec> poll() = 0;
  /// The next poll() looks for what waits, told of or not.
  virtual void look() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Opens the socket of an interface; ENODEV while it does not exist.
class FrameSockets {
 public:
  virtual ~FrameSockets() = default;
  virtual Result<std::unique_ptr<FrameSocket>, OsError> open(const std::string& interface, FrameKind kind) = 0;
};

}  // namespace michi::port
