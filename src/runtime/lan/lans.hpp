#pragma once
// The LANs that michi is an IPv6 router of: one `Lan` per interface, and what their hosts were told, kept
// in the store under the interface's name, because that is what hosts are attached to.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/doors.hpp"
#include "runtime/lan/lan.hpp"

namespace michi::runtime {

class Lans {
 public:
  struct Sinks {
    std::function<void(const model::Event&)> event;
    /// A durable record to keep or forget (nullopt), by its key.
    std::function<void(const std::string& key, const std::optional<std::string>& value)> keep;
  };

  Lans(Doors& doors, Random random, port::Wake wake, Sinks sinks);

  /// Of an earlier life, before anything else.
  void recall(const std::map<std::string, std::string>& records, Instant now);
  /// The first one on an interface is heard. What is not there any more is taken back on the wire.
  void on_desired(const std::vector<model::AdvertisementWant>& wants, Instant now);
  void on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                 Instant now);
  /// Hears hosts, runs deadlines.
  void turn(Instant now);
  std::optional<Instant> next_deadline() const;
  /// michid ends: the hosts lose their default router and keep their prefixes.
  void stop(Instant now);
  /// Everything is taken back, also of an earlier life, and forgotten.
  void withdraw(Instant now);
  std::vector<model::LanSnapshot> snapshots(Instant now) const;

 private:
  Lan& at(const std::string& device);
  void sweep();

  Doors& doors_;
  Random random_;
  port::Wake wake_;
  Sinks sinks_;
  Lan::Sinks lan_sinks_;
  std::map<std::string, Lan> lans_;  // by interface
  bool ended_ = false;
};

}  // namespace michi::runtime
