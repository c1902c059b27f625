#pragma once
// Deletes many conntrack entries of a mark, on a thread of its own, which lives only as long as there are some.
//
// A request that deletes by mark holds ctnetlink until its last entry, 100 to 200 ms for 100,000, and the flow that
// runs waits among those that do not. So for a tenth of a second those that run are deleted one by one, as their
// packets show them: a rule logs these (`moving_rules`). Then one request takes all that is left.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "port/firewall.hpp"

namespace boost::asio {
class io_context;
}

namespace michi::linux {

class FlowMover {
 public:
  /// `told` on the loop when something can be polled.
  FlowMover(boost::asio::io_context& loop, std::function<void()> told);
  ~FlowMover();

  void submit(port::DeleteFlows flows, port::Ticket ticket);
  std::optional<port::Completion> poll();
  /// Nothing is under way and nothing waits to be polled.
  bool idle() const;
  /// Of all that is under way, in the order given.
  std::vector<port::DeleteFlows> moving() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// nft text of a table beside michi's that logs the packets of these flows, and is removed by the kernel with the
/// socket that made it; without flows, the text that removes it.
std::string moving_rules(const std::vector<port::DeleteFlows>& flows);

}  // namespace michi::linux
