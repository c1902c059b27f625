#pragma once
// What goes into an uplink and comes out of it, for every kind: the vocabulary that runtime and the kinds share.
//
// Values only. Laws of their order stand in kind.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"
#include "uplink/ip/datagram.hpp"
#include "uplink/ip/lease_record.hpp"

namespace michi::uplink {

/// What an uplink speaks through. Each is one socket of a device, shared by all who want it there.
enum class ChannelKind : std::uint8_t {
  Pppoe,               // discovery and control frames of sessions, on an Ethernet interface
  Dhcp4,               // a DHCPv4 client's frames and ARP, on an Ethernet interface
  NeighbourDiscovery,  // ICMPv6 of a host, on the uplink's device
  Dhcp6,               // UDP port 546, on the uplink's device
  Echo4,               // ICMP echo, on the uplink's device
  Echo6
};
inline constexpr std::size_t kChannelKinds = 6;

/// A channel that is to be open while its device is there. The whole list is said anew when it changes.
struct ChannelWant {
  ChannelKind kind = ChannelKind::Pppoe;
  std::string device{};
  std::optional<Mac> mac{};  // frames to this address, too
  auto operator<=>(const ChannelWant&) const = default;
};

/// How a channel is. A refusal is tried again by whoever opens, within seconds.
struct ChannelState {
  enum class What : std::uint8_t { Closed, Open, Refused };
  What what = What::Closed;
  std::string detail{};  // of a refusal: which operation, and why
  bool operator==(const ChannelState&) const = default;
};

/// The Ethernet interface an uplink stands on. Absent: nullopt to on_interface().
struct InterfaceFacts {
  bool carrier = false;
  std::uint32_t mtu = 1500;
  Mac mac;
  bool operator==(const InterfaceFacts&) const = default;
};

/// The uplink's own device as the kernel shows it, while it is up. Absent: nullopt to on_device().
struct DeviceFacts {
  std::vector<Ipv6> link_locals{};  // usable ones: duplicate detection is over
  bool operator==(const DeviceFacts&) const = default;
};

/// To be sent by a channel of this uplink's.
struct Frame {
  ChannelKind channel = ChannelKind::Pppoe;
  ByteVec bytes;
  bool urgent = false;
};
struct ChannelsWanted {
  std::vector<ChannelWant> channels;
};
struct FactsChanged {
  model::UplinkFacts facts;
};
/// Keep this record in /run, at once; nullopt: forget it.
struct Persist {
  std::optional<model::SessionRecord> record;
};
/// A first PADI waits for a permit on this interface and address; answered by on_permit().
struct AskPermit {
  std::string interface;
  Mac mac;
};
/// An address of earlier, to be asked for again (DHCPv4).
struct HeldAddress {
  Ipv4 address;
  std::optional<Instant> expires{};  // nothing: never
  bool operator==(const HeldAddress&) const = default;
};
/// Keep this address on disk; nullopt: forget it.
struct PersistAddress {
  std::optional<HeldAddress> held;
};
using Output = std::variant<Frame, ChannelsWanted, FactsChanged, Persist, PersistAddress, AskPermit, Datagram,
                            PersistLease, model::Event>;

/// What a new configuration does to an uplink: nothing that ends it, or a redial.
enum class Applied : std::uint8_t { InPlace, Redialled };

}  // namespace michi::uplink
