#pragma once
// DHCPv4 messages: the BOOTP fields and the options, taken apart and put together.
//
// Options are kept whole and in the order of their first appearance, known or not. What a server put
// into `file` and `sname` (option overload) is read behind the options field, and several instances of
// one option become one value, in that order. A reader says whether a value is well-formed; whether it
// is acceptable is the client's business.
//
// RFC 2131 §2, §3, §4.1; RFC 2132; RFC 3396 (long options); RFC 4361 and RFC 2132 §9.14 (client
// identifiers). Readers of single options: wire/dhcp4_options.hpp.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "wire/fault.hpp"

namespace michi::wire::dhcp4 {

inline constexpr std::uint16_t kServerPort = 67;
inline constexpr std::uint16_t kClientPort = 68;
inline constexpr std::uint32_t kMagicCookie = 0x63825363;  // RFC 2131 §3
inline constexpr std::uint16_t kBroadcastFlag = 0x8000;    // RFC 2131 §2, figure 2
inline constexpr std::size_t kFixedSize = 236;
/// What BOOTP relays were built for; shorter messages are padded (RFC 1542 §2.1).
inline constexpr std::size_t kSmallest = 300;

enum class Op : std::uint8_t { Request = 1, Reply = 2 };

enum class MessageType : std::uint8_t {
  Discover = 1,
  Offer = 2,
  Request = 3,
  Decline = 4,
  Ack = 5,
  Nak = 6,
  Release = 7,
  Inform = 8
};

enum class OptionCode : std::uint8_t {
  Pad = 0,
  SubnetMask = 1,
  Router = 3,
  DomainNameServer = 6,
  HostName = 12,
  DomainName = 15,
  InterfaceMtu = 26,
  NtpServers = 42,
  RequestedAddress = 50,
  LeaseTime = 51,
  Overload = 52,
  MessageType = 53,
  ServerIdentifier = 54,
  ParameterRequestList = 55,
  Message = 56,
  MaxMessageSize = 57,
  RenewalTime = 58,    // T1
  RebindingTime = 59,  // T2
  VendorClass = 60,
  ClientIdentifier = 61,
  Ipv6OnlyPreferred = 108,     // RFC 8925
  ClasslessStaticRoute = 121,  // RFC 3442
  SixRd = 212,                 // RFC 5969
  End = 255
};

struct Option {
  OptionCode code{};
  ByteVec value;
  bool operator==(const Option&) const = default;
};

using Options = std::vector<Option>;

/// `sname` and `file` are empty where they carried options; those stand among the options then.
struct Message {
  Op op = Op::Request;
  std::uint8_t hardware = 1;  // htype: Ethernet
  std::uint8_t hardware_length = 6;
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;  // seconds since the client began
  std::uint16_t flags = 0;
  Ipv4 ciaddr;  // the client's, while it has one
  Ipv4 yiaddr;  // "yours"
  Ipv4 siaddr;  // the next server of a bootstrap
  Ipv4 giaddr;  // the relay's
  std::array<std::byte, 16> chaddr{};
  std::array<std::byte, 64> sname{};
  std::array<std::byte, 128> file{};
  Options options;
  bool operator==(const Message&) const = default;

  void set_client(const Mac& mac);
  /// Whether chaddr is this Ethernet address, and says so.
  bool is_for(const Mac& mac) const;
};

/// The payload of a UDP datagram. A missing End option is forgiven; an option that runs over its field is not.
Parsed<Message> parse_message(Bytes payload);
/// Values above 255 octets are split (RFC 3396 §5), the End option is set, padding up to kSmallest added.
ByteVec write_message(const Message& message);

/// Options of one field, as they follow the magic cookie. Appends to `into`, instances joined.
Parsed<std::size_t> parse_options(Bytes field, Options& into);
void write_options(Writer& out, std::span<const Option> options);

std::string_view to_text(MessageType type);

}  // namespace michi::wire::dhcp4
