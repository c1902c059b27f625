#pragma once
// Who is at the other end of a Unix socket, and what they may do.
//
// The kernel's word at the time of connect (SO_PEERCRED, SO_PEERGROUPS), so nothing can change under
// the check. No look-up of users: only the group's number, once, at start.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace michi::control {

/// Command: everything. Look: GET only. Refused: a clear text and nothing else.
enum class Rights : std::uint8_t { Refused, Look, Command };

struct Peer {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

std::optional<Peer> peer_of(int descriptor);
std::optional<gid_t> group_number(const std::string& name);
/// `own_user`: the account the daemon runs as may command too.
Rights rights_of(const std::optional<Peer>& peer, std::optional<gid_t> commanders, uid_t own_user,
                 bool others_may_look);

}  // namespace michi::control
