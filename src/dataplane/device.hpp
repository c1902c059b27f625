#pragma once
// Session devices: persistent TUN interfaces that carry michi's alias, with the vnet header and
// segmentation offload switched on.
//
// An open descriptor is the device's carrier. A device of that name without the alias belongs to
// somebody else and is never touched.

#include <string>
#include <string_view>

#include "dataplane/netlink.hpp"

namespace michi::dataplane {

inline constexpr std::string_view kAlias = "michi";
inline constexpr unsigned kQueueLength = 1000;

class Devices {
 public:
  explicit Devices(LinkRequests links) : links_(std::move(links)) {}

  /// Makes or adopts the device; EEXIST when it is foreign, EBUSY when another process holds it.
  Result<port::Fd, port::OsError> open(const std::string& name);
  /// The name an open descriptor's device has now; empty when the device is gone.
  static std::string name_of(int fd);
  /// Removes it if it is ours; nothing happens when it is not there.
  Result<void, port::OsError> remove(const std::string& name);

 private:
  LinkRequests links_;
};

}  // namespace michi::dataplane
