#pragma once
// The Ethernet interface below an uplink, as far as the uplink can use it: it is there, it has a carrier, and the
// channel that everything depends on is not refused.

#include <optional>
#include <string>
#include <vector>

#include "model/uplink.hpp"
#include "uplink/signals.hpp"

namespace michi::uplink {

class Interface {
 public:
  /// The interface as it is now. Gives what could be used before.
  std::optional<InterfaceFacts> on_facts(std::optional<InterfaceFacts> facts);
  /// The same for the channel without which it is of no use.
  std::optional<InterfaceFacts> on_channel(const ChannelState& state);
  /// It is another one from here on, of which nothing is known yet.
  void forget() { *this = Interface(); }

  /// Nothing: it is absent, or nobody can speak there.
  const std::optional<InterfaceFacts>& facts() const { return usable_; }
  bool ready() const { return usable_ && usable_->carrier; }
  bool is_refused() const { return present_ && refused_; }
  /// Why it is not ready.
  model::Reason reason() const;
  std::string detail() const { return is_refused() ? *refused_ : std::string{}; }
  /// "interface lost", as the event of an edge says it.
  std::string_view lost() const { return is_refused() ? "socket refused" : "interface lost"; }
  /// What is missing, as waiting_for() names it.
  void add_missing(const std::string& name, std::vector<std::string>& out) const;

 private:
  std::optional<InterfaceFacts> judge();

  std::optional<InterfaceFacts> present_;
  std::optional<std::string> refused_;
  std::optional<InterfaceFacts> usable_;
};

}  // namespace michi::uplink
