#pragma once
// PAP: a name and a password in clear, and a yes or no. The password leaves this room only as bytes
// handed to a writer; nothing here prints or keeps it.
//
// RFC 1334 §2.

#include <cstdint>

#include "base/bytes.hpp"
#include "wire/fault.hpp"

namespace michi::wire::pap {

enum class Code : std::uint8_t { AuthenticateRequest = 1, AuthenticateAck = 2, AuthenticateNak = 3 };

/// Borrowed from the packet.
struct Request {
  Bytes user;
  Bytes password;
};

/// `data` is a packet's data, after code, identifier and length.
Parsed<Request> parse_request(Bytes data);
/// At most 255 octets of each are sent.
ByteVec write_request(Bytes user, Bytes password);

/// The text of an Ack or a Nak. Some peers leave the length octet out: an empty packet is an empty text.
Parsed<Bytes> parse_message(Bytes data);
ByteVec write_message(Bytes message);

}  // namespace michi::wire::pap
