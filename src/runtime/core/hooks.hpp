#pragma once
// Runs the operator's hooks: every executable of the hooks directory, in order of name, for each
// change of an uplink between up and not up.
//
// Per uplink one at a time and in order; different uplinks do not wait for each other. No shell, no
// capabilities, a time limit. At most eight changes wait per uplink: in between ones are dropped,
// the last one never.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"
#include "port/system.hpp"
#include "runtime/part.hpp"
#include "runtime/tickets.hpp"

namespace michi::runtime {

class Hooks final : public Part {
 public:
  Hooks(port::Processes& processes, port::Files& files, Tickets& tickets);

  void on_config(const model::Config& config, Instant now) override;
  /// All uplinks there are; one that is missing has been removed, and its hooks see it go down.
  void on_facts(const std::map<std::string, model::UplinkFacts>& all);
  bool turn(Instant, Pass) override { return false; }
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  bool idle() const override;
  /// True when the report was about one of our hooks.
  bool on_report(const port::ProcessReport& report);

 private:
  struct Call {
    std::string event;  // up, change, down
    model::UplinkFacts facts;
  };
  struct Queue {
    std::deque<Call> waiting;
    std::vector<std::string> programs;  // still to run for the front call
    std::optional<port::Ticket> running;
  };
  void note(const model::UplinkFacts& facts);
  void next(const std::string& uplink);

  port::Processes& processes_;
  port::Files& files_;
  Tickets& tickets_;
  std::string directory_;
  Duration limit_ = seconds(30);
  std::map<std::string, model::UplinkFacts> known_;  // as last told to the hooks
  std::map<std::string, Queue> queues_;
};

/// What a hook gets: the environment and the JSON on its standard input.
std::vector<std::string> hook_environment(const std::string& event, const model::UplinkFacts& facts);
std::string hook_json(const std::string& event, const model::UplinkFacts& facts);

}  // namespace michi::runtime
