#pragma once
// What the operator and the line decide about a DHCPv4 client. Values only.
//
// RFC 2131 §4.1 (retransmission), §4.4 (start, repetition of REQUEST); RFC 5227 §2.1 in spirit (probes).

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "engine/dhcp4/lease.hpp"

namespace michi::engine::dhcp4 {

enum class BroadcastReplies : std::uint8_t { NotNeeded, Wanted };

struct Settings {
  Mac local;
  /// wire::dhcp4::client_identifier() makes the usual ones; empty: none is sent. At most 255 octets.
  ByteVec client_identifier;
  std::string host_name;     // option 12; empty: none
  std::string vendor_class;  // option 60; empty: none
  /// A packet socket hears unicasts to an address that is not configured yet, so the flag is not needed.
  BroadcastReplies broadcast = BroadcastReplies::NotNeeded;
  std::uint16_t max_message = 1500;  // option 57: the largest IP packet, at least 576
  LeaseLimits limits;

  std::vector<Ipv4> servers;                // preference, best first; empty: first come
  Duration offer_wait = milliseconds(500);  // for a better offer than the first

  Duration start_delay{};  // up to this long before the first message (RFC 2131 §4.4.1: 1 to 10 s)
  Duration retry_first = seconds(4);
  Duration retry_max = seconds(64);
  Duration retry_spread = seconds(1);  // each wait is longer or shorter by up to this
  unsigned discover_attempts = 5;      // 124 s, then a report and a back-off
  unsigned request_attempts = 4;       // 60 s (RFC 2131 §3.1.5)
  unsigned reboot_attempts = 3;        // 28 s
  Duration backoff_first = seconds(10);
  Duration backoff_max = seconds(64);

  /// ARP probes for a new address; 0: no ARP at all. With the waits below at most a second in all.
  unsigned probes = 3;
  Duration probe_interval = milliseconds(200);
  Duration probe_wait = milliseconds(300);  // after the last one
};

}  // namespace michi::engine::dhcp4
