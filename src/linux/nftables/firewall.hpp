#pragma once
// port::Firewall on libnftables (commits), nf_tables' netlink (watching, digest) and ctnetlink.
//
// A commit is synchronous: the kernel's notice of it is read before the door goes on, and tells
// which netlink socket is ours, also inside a PID namespace. Several changes between two turns of
// the loop are one TableSeen. Other tables are listed only on refresh(), for diagnosis.

#include <memory>

#include "port/firewall.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class Firewall final : public port::Firewall {
 public:
  /// Throws when the kernel has no nf_tables.
  explicit Firewall(boost::asio::io_context& loop);
  ~Firewall() override;

  void submit(port::FirewallOp op, port::Ticket ticket) override;
  void refresh() override;
  std::optional<port::FirewallReport> poll() override;
  void on_wake(port::Wake wake) override;
  std::vector<model::FirewallCounter> counters() override;
  std::vector<model::PassedTraffic> passed_traffic() override;
  /// How often a whole table was listed: not for a change of elements that we made.
  std::uint64_t listings() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace michi::linux
