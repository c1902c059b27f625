#pragma once
// The LANs that michi is an IPv6 router of: one `Lan` per interface, and what their hosts were told, kept
// in the store under the interface's name, because that is what hosts are attached to.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/channels.hpp"
#include "runtime/lan/lan.hpp"
#include "runtime/part.hpp"
#include "runtime/records/keeper.hpp"

namespace michi::runtime {

class Lans final : public Part {
 public:
  Lans(Channels& channels, RecordKeeper& records, const port::Alarm& alarm, const port::Files& files, Random random);

  /// Of an earlier life, before anything else.
  void recall(const std::map<std::string, std::string>& records, Instant now);
  /// The first one on an interface is heard. What is not there any more is taken back on the wire.
  void on_desired(const model::Desired& desired, Instant now) override;
  void on_kernel(const model::Observed& observed, Instant now) override;
  bool turn(Instant now, Pass pass) override;
  std::optional<Instant> next_deadline() const override;
  /// Stop: the hosts lose their default router and keep their prefixes. Flush: everything is taken back, also of an
  /// earlier life, and forgotten.
  void end(Ending how, Instant now) override;
  void snapshot(model::Snapshot& snapshot, Instant now) const override;
  std::vector<model::LanSnapshot> snapshots(Instant now) const;

 private:
  Lan& at(const std::string& device);
  void keep(const std::string& device, const std::optional<std::string>& value);
  void sweep();

  Channels& channels_;
  RecordKeeper& records_;
  const port::Alarm& alarm_;
  const port::Files& files_;
  Random random_;
  Lan::Sinks lan_sinks_;
  std::map<std::string, Lan> lans_;  // by interface
  bool ended_ = false;
};

}  // namespace michi::runtime
