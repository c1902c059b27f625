#pragma once
// port::KernelNet on rtnetlink: one socket for orders, one that watches and dumps.
//
// Watching and dumping share a socket, so that an answer from a dump and a change that came after it
// are read in the order in which the kernel wrote them. What an operation changed is reported before
// its completion. IPv4 routes leave the kernel without a word when their device goes down, disappears
// or loses its last address; after such an event on a device that carried michi's routes a new dump
// follows by itself. Foreign routes are kept out by a socket filter and by the kernel's own filtering
// of dumps, so a full internet table next door costs nothing.

#include <memory>

#include "port/kernel_net.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class KernelNet final : public port::KernelNet {
 public:
  /// Starts with a dump. Throws when the kernel refuses the sockets.
  explicit KernelNet(boost::asio::io_context& loop);
  ~KernelNet() override;

  void submit(port::NetOp op, port::Ticket ticket) override;
  void refresh() override;
  std::optional<port::NetReport> poll() override;
  void on_wake(port::Wake wake) override;
  std::optional<model::RouteEntry> main_route(const Address& to, std::uint32_t mark) override;
  std::optional<port::LinkCounters> link_counters(const std::string& device) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux
