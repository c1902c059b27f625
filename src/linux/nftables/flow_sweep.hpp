#pragma once
// Lists all conntrack entries in slices and deletes those that left untranslated.

#include <optional>
#include <vector>

#include "base/net/address.hpp"
#include "linux/netlink/netlink_socket.hpp"

namespace michi::linux {

class FlowSweep {
 public:
  FlowSweep(std::uint32_t mask, std::vector<Prefix> inside);

  enum class Progress : std::uint8_t { More, Done };
  Progress step(int datagrams);
  const std::optional<port::OsError>& error() const { return error_; }

 private:
  bool begin(Family family);
  bool finish_family();
  void on_message(const nlmsghdr& message);
  void delete_found();

  NetlinkSocket listing_, deleting_;
  std::uint32_t mask_;
  std::vector<Prefix> inside_;
  Family family_ = Family::V4;
  bool running_ = false;
  bool part_done_ = false;
  ByteVec found_;  // requests
  std::optional<port::OsError> error_;
};

}  // namespace michi::linux
