#pragma once
// What is kept of uplinks: the session of each in /run, its address and its DHCPv6 lease on disk; and what an earlier
// life left of them, until their uplinks exist.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uplink.hpp"
#include "runtime/records/keeper.hpp"
#include "uplink/ip/lease_record.hpp"
#include "uplink/signals.hpp"

namespace michi::runtime {

class UplinkRecords {
 public:
  using CrashPoint = std::function<void(std::string_view)>;
  UplinkRecords(RecordKeeper& keeper, const port::Alarm& alarm, const port::Files& files, CrashPoint crash_point);

  void keep(const std::string& uplink, const std::optional<model::SessionRecord>& session);
  void keep(const std::string& uplink, const std::optional<uplink::HeldAddress>& held);
  void keep(const std::string& uplink, const std::optional<uplink::LeaseRecord>& lease);
  /// The uplink is gone: nobody asks for its address or its prefixes again.
  void forget(const std::string& uplink);

  void recall(const RecordKeeper::Records& in_run, const RecordKeeper::Records& on_disk);
  /// What an earlier life left for one uplink.
  struct Left {
    std::optional<model::SessionRecord> orphan{};
    std::optional<uplink::HeldAddress> held{};
    uplink::Ipv6Memory ipv6{};
  };
  Left take(const std::string& uplink);
  /// Of uplinks that nobody took: their sessions are to be ended; the rest is forgotten.
  std::vector<model::SessionRecord> take_orphans();
  void forget_rest();

 private:
  RecordKeeper& keeper_;
  const port::Alarm& alarm_;
  const port::Files& files_;
  CrashPoint crash_point_;
  std::map<std::string, model::SessionRecord> orphans_;
  std::map<std::string, uplink::HeldAddress> held_;
  std::map<std::string, std::optional<uplink::LeaseRecord>> leases_;
};

}  // namespace michi::runtime
