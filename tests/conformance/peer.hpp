#pragma once
// A scripted peer on a wire: an access concentrator that does exactly what a test tells it to.
//
// Ethernet frames in, Ethernet frames out. It reads and writes them itself; a frame of the other side
// that is malformed at any layer fails the test at once. Of its own accord it only answers
// Echo-Requests, and only while `answers_echo`.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/octets.hpp"
#include "kit/world.hpp"

namespace michi::conformance {

inline constexpr unsigned kDiscovery = 0x8863, kSession = 0x8864;
inline constexpr unsigned kPadi = 0x09, kPado = 0x07, kPadr = 0x19, kPads = 0x65, kPadt = 0xa7;
inline constexpr unsigned kEndOfList = 0x0000, kServiceName = 0x0101, kAcName = 0x0102, kHostUniq = 0x0103,
                          kAcCookie = 0x0104, kVendorSpecific = 0x0105, kRelaySessionId = 0x0110,
                          kPppMaxPayload = 0x0120, kServiceNameError = 0x0201, kAcSystemError = 0x0202,
                          kGenericError = 0x0203;

inline constexpr unsigned kIpv4 = 0x0021, kIpv6 = 0x0057, kIpcp = 0x8021, kIpv6cp = 0x8057, kCcp = 0x80fd,
                          kLcp = 0xc021, kPap = 0xc023, kLqr = 0xc025, kChap = 0xc223, kEap = 0xc227;
inline constexpr unsigned kConfigureRequest = 1, kConfigureAck = 2, kConfigureNak = 3, kConfigureReject = 4,
                          kTerminateRequest = 5, kTerminateAck = 6, kCodeReject = 7, kProtocolReject = 8,
                          kEchoRequest = 9, kEchoReply = 10, kDiscardRequest = 11, kIdentification = 12,
                          kTimeRemaining = 13;
inline constexpr unsigned kMru = 1, kAccm = 2, kAuthentication = 3, kQuality = 4, kMagic = 5, kPfc = 7, kAcfc = 8;
inline constexpr std::uint32_t kPeerMagic = 0x0a0b0c0d;

struct Option {
  unsigned type = 0;
  Octets value;
  bool operator==(const Option&) const = default;
};

inline Octets option(unsigned type, const Octets& value = {}) {
  return u8(type) + u8(static_cast<unsigned>(value.size()) + 2) + value;
}
inline Octets mru(unsigned value) { return option(kMru, u16(value)); }
inline Octets magic(std::uint32_t value = kPeerMagic) { return option(kMagic, u32(value)); }
inline Octets tag(unsigned type, const Octets& value = {}) {
  return u16(type) + u16(static_cast<unsigned>(value.size())) + value;
}

/// A frame of discovery, as it was on the wire.
struct Discovery {
  Instant at{};
  Octets destination, source;
  unsigned code = 0, session = 0;
  Octets payload;  // the tags
  std::vector<Option> tags;
  std::size_t size = 0;  // of the whole frame

  std::optional<Octets> tag(unsigned type) const;
  std::size_t count(unsigned type) const;
};

/// A packet of a control protocol, as it was on the wire.
struct Packet {
  Instant at{};
  unsigned protocol = 0, code = 0, id = 0, length = 0;
  Octets data;   // behind the header, `length` - 4 octets
  Octets whole;  // header and data

  std::vector<Option> options() const;
  std::optional<Octets> option(unsigned type) const;
  std::vector<unsigned> types() const;
  std::uint32_t magic() const;  // of an echo
};

class Peer final : public kit::Node {
 public:
  Peer(kit::World& world, kit::Wire& wire, Octets address);

  Octets address;
  Octets other;          // of the side under test, learnt from its PADI
  unsigned session = 0;  // of session frames in both directions
  bool answers_echo = true;
  std::uint32_t echo_magic = kPeerMagic;

  // Saying.
  void frame(Octets whole);
  void discovery(unsigned code, unsigned session_id, const Octets& tags);
  /// Octets behind the PPPoE header: protocol field and information.
  void ppp(const Octets& payload);
  void say(unsigned protocol, unsigned code, unsigned id, const Octets& data = {});
  /// The same with a length field that may lie.
  void say_with_length(unsigned protocol, unsigned code, unsigned id, unsigned length, const Octets& data);
  void padt();

  // Hearing. Each takes what it returns, with everything of its protocol before it.
  std::optional<Packet> take(unsigned protocol, std::optional<unsigned> code = std::nullopt);
  std::optional<Discovery> take_discovery(unsigned code);
  std::vector<Packet> waiting(unsigned protocol) const;
  const std::vector<Packet>& packets() const { return packets_; }
  const std::vector<Discovery>& discoveries() const { return discoveries_; }
  void forget();
  std::uint64_t echoes() const { return echoes_; }  // Echo-Requests heard
  std::vector<std::string> complaints;              // what was malformed

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool drain(Instant) override { return false; }

 private:
  void hear_discovery(Discovery frame);
  void hear_session(const Octets& payload, Instant now);

  kit::Wire& wire_;
  std::vector<Packet> packets_;
  std::vector<Discovery> discoveries_;
  std::uint64_t echoes_ = 0;
};

}  // namespace michi::conformance
