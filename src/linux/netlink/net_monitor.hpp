#pragma once
// The watching half of KernelNet: dumps and changes in one stream of reports.
//
// Keeps the names of links by index, because messages about addresses and routes carry indexes only.
// Has no say in when it runs: the owner calls read() when the socket is readable.

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>

#include "linux/netlink/netlink_codec.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "port/kernel_net.hpp"

namespace michi::linux {

class NetMonitor {
 public:
  NetMonitor();

  int fd() const { return socket_.fd(); }
  /// A new dump as soon as the running one, if any, has ended.
  void refresh();
  /// Reads up to `datagrams`; true when there may be more.
  bool read(int datagrams);

  std::optional<port::NetReport> poll();
  bool empty() const { return reports_.empty(); }
  std::size_t size() const { return reports_.size(); }

 private:
  void begin_dump();
  void request_part();
  void end_part(bool interrupted);
  void on_message(const nlmsghdr& message);
  void on_fact(NetFact fact);
  void on_link(Change change, model::Link link);
  void lost_silently(std::uint32_t index);

  NetlinkSocket socket_;
  std::deque<port::NetReport> reports_;
  std::unordered_map<std::uint32_t, model::Link> links_;
  std::set<std::uint32_t> carriers_of_routes_;  // devices that had a route of ours since the last dump
  std::optional<DumpPart> dumping_;
  std::uint32_t dump_sequence_ = 0;
  bool dump_interrupted_ = false;
  bool dump_again_ = false;
  int interruptions_ = 0;
};

}  // namespace michi::linux
