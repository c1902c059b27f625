#include "control/peer.hpp"

#include <grp.h>
#include <sys/socket.h>

#include <algorithm>

namespace michi::control {

std::optional<Peer> peer_of(int descriptor) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return std::nullopt;
  Peer peer{.user = credentials.uid, .group = credentials.gid, .groups = {}};
#ifdef SO_PEERGROUPS
  peer.groups.resize(65536);  // NGROUPS_MAX
  length = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) != 0) length = 0;
  peer.groups.resize(length / sizeof(gid_t));
#endif
  return peer;
}

std::optional<gid_t> group_number(const std::string& name) {
  const group* entry = getgrnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return entry->gr_gid;
}

Rights rights_of(const std::optional<Peer>& peer, std::optional<gid_t> commanders, uid_t own_user,
                 bool others_may_look) {
  if (!peer) return Rights::Refused;
  if (peer->user == 0 || peer->user == own_user) return Rights::Command;
  const bool member =
      commanders && (peer->group == *commanders || std::ranges::find(peer->groups, *commanders) != peer->groups.end());
  if (member) return Rights::Command;
  return others_may_look ? Rights::Look : Rights::Refused;
}

}  // namespace michi::control
