#pragma once
// PPPoE pass-through at work: for each line that has it, the learning engine between a socket on the line's
// interface and one on each LAN's, and the record of what it knows.
//
// Discovery goes this way; session frames never do, the kernel carries them by the rules that policy makes of
// sessions(). Nobody may dial while the kernel cannot.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/pppoe/pass_through.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/pass_through.hpp"
#include "model/snapshot.hpp"
#include "port/firewall.hpp"
#include "runtime/channels.hpp"
#include "runtime/part.hpp"
#include "runtime/records/keeper.hpp"

namespace michi::runtime {

class PassThroughs final : public Part {
 public:
  PassThroughs(Channels& channels, RecordKeeper& records, port::Firewall& firewall);

  /// What an earlier life knew, before configure().
  void recall(const std::map<std::string, std::string>& records);
  void on_config(const model::Config& config, Instant now) override;
  void on_kernel(const model::Observed& observed, Instant now) override;
  /// Whether the kernel's rules are in force; while they are not, nobody may dial.
  enum class Kernel : std::uint8_t { Carries, CannotCarry };
  void on_kernel_carries(Kernel kernel) { kernel_ = kernel; }
  /// Takes frames in and hands them on. True when sessions changed.
  bool turn(Instant now, Pass pass) override;
  /// The kernel carries all sessions() there are.
  void on_carried(Instant now);
  std::optional<Instant> next_deadline() const override;
  /// Sessions are dropped, also those of an earlier life, and forgotten.
  void end(Ending how, Instant now) override;
  void snapshot(model::Snapshot& snapshot, Instant now) const override;

  const std::vector<model::PassedSession>& sessions() const { return sessions_; }
  std::vector<model::PassedSnapshot> snapshots(Instant now) const;

 private:
  struct Line {
    engine::pppoe::PassThrough engine;
    engine::pppoe::PassThroughSettings settings;
    unsigned contract = 0;                     // sessions in all
    std::set<Mac> stations;                    // addresses of our uplinks there
    std::map<std::string, std::string> names;  // of the LANs, by interface
    std::set<std::string> lans;                // interfaces with a channel: those of `settings`, and of before
    std::optional<Instant> silent_until;       // refusals are not told again before
  };

  void keep(const std::string& line, const std::optional<std::string>& value);
  void set(Line& line, const model::Config& config, const model::LineConfig& wanted);
  static ChannelId channel(const std::string& interface) { return {ChannelType::PassThrough, interface}; }
  void own_addresses(const std::string& name, Line& line);
  void take(Instant now);
  void drain(const std::string& name, Line& line, Instant now);
  void hear(const std::string& name, const Line& line, Instant now);
  void refuse(const std::string& name, Line& line, const engine::pppoe::PassRefused& refused, Instant now);
  void note(const std::string& name, const Line& line);

  Channels& channels_;
  RecordKeeper& records_;
  port::Firewall& firewall_;
  Kernel kernel_ = Kernel::CannotCarry;
  std::map<std::string, Mac> interfaces_;                                      // that are there
  std::map<std::string, Line> lines_;                                          // by interface
  std::map<std::string, std::vector<engine::pppoe::PassedSession>> recalled_;  // likewise
  std::vector<model::PassedSession> sessions_;
  std::optional<Instant> count_at_;  // when traffic is looked at next
  bool changed_ = false;
};

/// A line's sessions as they are kept: one a line of text. What cannot be read is left out.
std::string write_passed(const std::vector<engine::pppoe::PassedSession>& sessions);
std::vector<engine::pppoe::PassedSession> parse_passed(std::string_view text);

}  // namespace michi::runtime
