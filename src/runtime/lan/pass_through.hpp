#pragma once
// PPPoE pass-through at work: for each line that has it, the learning engine between a socket on the line's
// interface and one on each LAN's, and the record of what it knows.
//
// Discovery goes this way; session frames never do, the kernel carries them by the rules that policy makes of
// sessions(). Nobody may dial while the kernel cannot.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
#include "runtime/core/complaint.hpp"
#include "runtime/core/doors.hpp"

namespace michi::runtime {

class PassThroughs {
 public:
  struct Sinks {
    std::function<void(const model::Event&)> event;
    /// A record to keep until the machine goes down, or to forget (nullopt), by its key.
    std::function<void(const std::string& key, const std::optional<std::string>& value)> keep;
  };

  PassThroughs(Doors& doors, port::Wake wake, Sinks sinks);

  /// What an earlier life knew, before configure().
  void recall(const std::map<std::string, std::string>& records);
  void configure(const model::Config& config, const model::Observed& observed, Instant now);
  void on_links(const model::Observed& observed);
  /// Whether the kernel's rules are in force.
  enum class Kernel : std::uint8_t { Carries, CannotCarry };
  /// Takes frames in and hands them on. True when sessions changed.
  bool turn(Instant now, Kernel kernel);
  /// The kernel carries all sessions() there are.
  void on_carried(Instant now);
  std::optional<Instant> next_deadline() const;
  /// Sessions are dropped, also those of an earlier life, and forgotten.
  void forget(Instant now);

  const std::vector<model::PassedSession>& sessions() const { return sessions_; }
  std::vector<model::PassedSnapshot> snapshots(Instant now) const;

 private:
  struct Side {
    std::unique_ptr<port::FrameSocket> socket;
    std::uint32_t index = 0;
    std::set<Mac> heard;
    Complaint complaint;
  };
  struct Line {
    engine::pppoe::PassThrough engine;
    engine::pppoe::PassThroughSettings settings;
    unsigned contract = 0;                     // sessions in all
    std::set<Mac> stations;                    // addresses of our uplinks there
    std::map<std::string, std::string> names;  // of the LANs, by interface
    Side line;
    std::map<std::string, Side> lans;     // by interface
    std::optional<Instant> silent_until;  // refusals are not told again before
  };

  void set(Line& line, const model::Config& config, const model::LineConfig& wanted);
  void look_at(const std::string& name, Side& side, const model::Observed& observed);
  void take(const std::string& name, Line& line, Instant now, Kernel kernel);
  void drain(const std::string& name, Line& line, Instant now);
  void hear(Line& line);
  void hear(Side& side, const std::set<Mac>& wanted);
  void tell(const std::string& name, Line& line, const engine::pppoe::PassRefused& refused, Instant now);
  void note(const std::string& name, const Line& line);

  Doors& doors_;
  port::Wake wake_;
  Sinks sinks_;
  std::map<std::string, Line> uplinks_;                                        // by interface
  std::map<std::string, std::vector<engine::pppoe::PassedSession>> recalled_;  // likewise
  std::vector<model::PassedSession> sessions_;
  std::optional<Instant> count_at_;  // when traffic is looked at next
  bool changed_ = false;
};

/// A line's sessions as they are kept: one a line of text. What cannot be read is left out.
std::string write_passed(const std::vector<engine::pppoe::PassedSession>& sessions);
std::vector<engine::pppoe::PassedSession> parse_passed(std::string_view text);

}  // namespace michi::runtime
