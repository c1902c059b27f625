#pragma once
// A control frame as one line for people: traces and transcripts.
//
// It shows what stands on the wire, with names where a name is known and bytes where not. It never
// shows a PAP password, never fails, and decides nothing.

#include <string>

#include "base/bytes.hpp"

namespace michi::wire {

/// A whole Ethernet frame of PPPoE discovery or of a session.
std::string describe_frame(Bytes frame);
/// A PPP frame: protocol field and payload.
std::string describe_ppp(Bytes frame);

}  // namespace michi::wire
