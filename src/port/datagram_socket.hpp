#pragma once
// Door: what is said in IPv6 on one device, to its neighbours: ICMPv6 messages of neighbour discovery,
// and DHCPv6 as a client.
//
// It knows no message. Only datagrams of that device come and go; ICMPv6 leaves with hop limit 255 and
// the kernel's checksum, whose verdict on what came in stands as well. Data of users never comes here.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/result.hpp"
#include "port/door.hpp"

namespace michi::port {

/// Who speaks: a host to its routers, a router to its hosts (both ICMPv6), a DHCPv6 client (UDP 546 to 547); a proxy
/// for other neighbours, who hears solicitations and advertisements of neighbours to whichever group or address of ours
/// (checksums of these are not verified).
enum class Speaker : std::uint8_t { NdHost, NdRouter, Dhcp6Client, NdProxy };

struct Datagram {
  ByteVec bytes;  // the ICMPv6 message, or what UDP carried
  Ipv6 source;
  Ipv6 destination;
  std::uint8_t hop_limit = 0;
};

class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;
  /// `source`: one of the device's addresses; nullopt: the kernel's choice, which is link-local for link-local
  /// destinations.
  virtual Result<void, OsError> send(Bytes bytes, const Ipv6& destination, std::optional<Ipv6> source) = 0;
  /// A datagram that waits and was told of. The caller bounds how many it takes at a time; only the answer
  /// "none" asks for another wake-up.
  virtual std::optional<Datagram> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Opens the socket of a device; ENODEV while it does not exist.
class DatagramSockets {
 public:
  virtual ~DatagramSockets() = default;
  virtual Result<std::unique_ptr<DatagramSocket>, OsError> open(const std::string& device, Speaker speaker) = 0;
};

}  // namespace michi::port
