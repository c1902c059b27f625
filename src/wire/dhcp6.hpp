#pragma once
// DHCPv6 messages between client and server: the message, its options whole and in order, and the
// options that carry leases and their fate. What configures a host is in dhcp6_info.
//
// Relay messages are another format and are not read. Options keep their octets, known or not; an
// option inside another is read when it is asked for, so a broken one spoils only itself.
//
// RFC 8415 §7 and §8 (messages), §21.1 to §21.8, §21.13, §21.21 to §21.25 (options).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "wire/fault.hpp"

namespace michi::wire::dhcp6 {

inline constexpr std::uint16_t kClientPort = 546;
inline constexpr std::uint16_t kServerPort = 547;
/// ff02::1:2, where clients send to (RFC 8415 §7.1).
inline constexpr Ipv6 kAllServers{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};
/// A lifetime, T1, T2 or refresh time without end (RFC 8415 §7.7), in seconds like all of them.
inline constexpr std::uint32_t kInfinity = 0xffffffff;
inline constexpr std::uint32_t kTransactionMask = 0x00ffffff;

enum class MessageType : std::uint8_t {
  Solicit = 1,
  Advertise = 2,
  Request = 3,
  Confirm = 4,
  Renew = 5,
  Rebind = 6,
  Reply = 7,
  Release = 8,
  Decline = 9,
  Reconfigure = 10,
  InformationRequest = 11,
  RelayForw = 12,
  RelayRepl = 13
};

enum class OptionCode : std::uint16_t {
  ClientId = 1,
  ServerId = 2,
  IaNa = 3,
  IaTa = 4,
  IaAddr = 5,
  OptionRequest = 6,
  Preference = 7,
  ElapsedTime = 8,
  Authentication = 11,
  ServerUnicast = 12,
  Status = 13,
  RapidCommit = 14,
  VendorOptions = 17,
  ReconfigureAccept = 20,
  SipServers = 22,  // RFC 3319
  DnsServers = 23,  // RFC 3646
  DomainList = 24,  // RFC 3646
  IaPd = 25,
  IaPrefix = 26,
  SntpServers = 31,             // RFC 4075
  InformationRefreshTime = 32,  // RFC 8415 §21.23
  NtpServer = 56,               // RFC 5908
  AftrName = 64,                // RFC 6334
  SolMaxRt = 82,
  InfMaxRt = 83,
  S46ContMapE = 94,  // RFC 7598
  S46ContMapT = 95,
  S46ContLw = 96
};

enum class StatusCode : std::uint16_t {
  Success = 0,
  UnspecFail = 1,
  NoAddrsAvail = 2,
  NoBinding = 3,
  NotOnLink = 4,
  UseMulticast = 5,
  NoPrefixAvail = 6
};

struct Option {
  OptionCode code{};
  ByteVec value;
  bool operator==(const Option&) const = default;
};

using Options = std::vector<Option>;

struct Message {
  MessageType type{};
  std::uint32_t transaction_id = 0;  // 24 bits
  Options options;
  bool operator==(const Message&) const = default;
};

/// WrongType for a relay's message.
Parsed<Message> parse_message(Bytes payload);
ByteVec write_message(const Message& message);
Parsed<Options> parse_options(Bytes list);
ByteVec write_options(std::span<const Option> options);

const Option* find_option(std::span<const Option> options, OptionCode code);
Option bytes_option(OptionCode code, Bytes value);
Option u16_option(OptionCode code, std::uint16_t value);
Option u32_option(OptionCode code, std::uint32_t value);
Option option_request(std::span<const OptionCode> codes);
/// Exactly so many octets, else nothing.
std::optional<std::uint8_t> u8_value(std::span<const Option> options, OptionCode code);
std::optional<std::uint32_t> u32_value(std::span<const Option> options, OptionCode code);

struct Status {
  StatusCode code = StatusCode::Success;
  std::string message;  // as it came: printable() before it is shown
  bool operator==(const Status&) const = default;
};

/// Success where there is no option or one too short to hold a code (RFC 8415 §21.13).
Status status_in(std::span<const Option> options);
Option status_option(const Status& status);

enum class IaType : std::uint8_t {
  Na,  // addresses for an interface
  Pd   // prefixes to delegate
};

/// One IAADDR or IAPREFIX; an address is a prefix of 128 bits. Lifetimes are in seconds.
struct IaLease {
  Prefix prefix;
  std::uint32_t preferred = 0;
  std::uint32_t valid = 0;
  Status status;
  bool operator==(const IaLease&) const = default;
};

/// One IA_NA or IA_PD. T1 and T2 are in seconds; 0 leaves them to the client.
struct Ia {
  IaType type = IaType::Pd;
  std::uint32_t iaid = 0;
  std::uint32_t t1 = 0;
  std::uint32_t t2 = 0;
  Status status;
  std::vector<IaLease> leases;
  bool operator==(const Ia&) const = default;
};

/// Of option IA_NA or IA_PD only. A lease inside that cannot be read, or whose preferred lifetime is
/// above its valid one (RFC 8415 §21.6, §21.22), is left out; a broken list of options is a fault.
/// Host bits of a prefix are cleared.
Parsed<Ia> parse_ia(const Option& option);
Option ia_option(const Ia& ia);

std::string_view to_text(MessageType type);
std::string_view to_text(StatusCode code);
std::string_view to_text(IaType type);

}  // namespace michi::wire::dhcp6
