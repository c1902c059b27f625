#pragma once
// The daemon without its operating system: one turn takes in everything the doors have, lets the parts, policy
// and reconcile draw their conclusions, and hands the doors what follows.
//
// One thread, one direction: frames and facts → uplinks → policy → reconcile → doors. It never
// blocks, reads no clock but the alarm's, and can be driven by virtual time and fake doors.
//
// The parts and the order in which they are told stand in one table (parts_). Commands are in commands.cpp.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/event.hpp"
#include "reconcile/reconciler.hpp"
#include "runtime/channels.hpp"
#include "runtime/core/decider.hpp"
#include "runtime/core/examination.hpp"
#include "runtime/core/hooks.hpp"
#include "runtime/core/kernel_view.hpp"
#include "runtime/core/resolver.hpp"
#include "runtime/core/settings.hpp"
#include "runtime/doors.hpp"
#include "runtime/lan/lans.hpp"
#include "runtime/lan/neighbour_proxies.hpp"
#include "runtime/lan/pass_through.hpp"
#include "runtime/records/keeper.hpp"
#include "runtime/records/uplink_records.hpp"
#include "runtime/tickets.hpp"
#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

struct CoreOptions {
  std::string run_directory = "/run/michi";
  ResolverMode resolver = ResolverMode::Child;
  /// Test builds: called with the name of each point where a crash is to be survived.
  std::function<void(std::string_view)> crash_point{};
  uplink::Kinds kinds = uplink::standard_kinds();
};

/// What a new configuration does to an uplink.
struct UplinkChange {
  enum class Kind : std::uint8_t { Added, Removed, InPlace, Redialled };
  std::string uplink;
  Kind kind;
};

/// How far the daemon's own life is. Stopping and Flushing end in stopped().
enum class Stage : std::uint8_t {
  Dumping,  // the kernel's first dump is not in: no uplink exists
  Running,
  Stopping,
  Flushing
};

std::optional<Secret> secret_of(const model::Secrets& secrets, const std::string& uplink);

class Core {
 public:
  using EventSink = std::function<void(const model::Event&, Instant)>;

  /// `schedule` asks the owner to call turn() soon; it may be called from any door's wake-up.
  Core(Doors doors, CoreOptions options, Random random, port::Wake schedule, EventSink events);
  ~Core();

  /// Reads what an earlier life left and begins. Without a configuration only flush() makes sense.
  void begin(model::ConfigPtr config, model::Secrets secrets);
  void turn();

  // commands
  enum class Answer : std::uint8_t { Done, UnknownUplink, Ending };
  Answer up(const std::string& uplink) { return command(uplink, Uplinks::Command::Start); }
  Answer down(const std::string& uplink) { return command(uplink, Uplinks::Command::Stop); }
  Answer redial(const std::string& uplink) { return command(uplink, Uplinks::Command::Redial); }
  std::vector<UplinkChange> preview(const model::Config& next, const model::Secrets& secrets) const;
  /// With `confirm_within` the old configuration comes back unless confirm() is called in time.
  std::vector<UplinkChange> apply(model::ConfigPtr next, model::Secrets secrets,
                                  std::optional<Duration> confirm_within = std::nullopt);
  bool confirm();
  /// Orderly end of all sessions; stopped() tells when it is done.
  void stop();
  /// Takes everything of michi's out of the kernel; ends in stopped().
  void flush();
  bool stopped() const;
  /// Stopped because time was up, not because all was done; plan() tells what is left.
  bool gave_up() const;
  bool ending() const { return stage_ == Stage::Stopping || stage_ == Stage::Flushing; }
  /// Looks for what is wrong, for a few seconds; empty: everywhere.
  Answer examine(const std::string& uplink);
  bool examining() const { return examination_.running(); }
  /// As far as the last examination has come.
  std::vector<model::Finding> findings() const;
  void set_trace(Tracer::Sink sink) { uplinks_.set_trace(std::move(sink)); }

  // views
  /// Everything that status, metrics and pages show of it.
  model::Snapshot snapshot() const;
  const model::ConfigPtr& config() const { return config_; }
  const model::Observed& observed() const { return view_.observed(); }
  const Uplinks& uplinks() const { return uplinks_; }
  const policy::AllFacts& facts() const { return uplinks_.facts(); }
  const policy::Numbers& numbers() const { return decider_.numbers(); }
  const policy::Selector& selector() const { return decider_.selector(); }
  std::uint64_t derivations() const { return decider_.derivations(); }
  std::vector<std::string> plan() const { return reconciler_.plan(); }
  bool settled() const { return running_ && reconciler_.settled(); }
  bool awaiting_confirmation() const { return rollback_.has_value(); }
  policy::Explanation why(const policy::FlowQuery& query) const { return decider_.why(query, doors_.kernel); }
  std::vector<model::Event> warnings() const;
  model::TrafficCounters counters(const std::string& uplink) const;
  /// What carries its packets now: a data plane's name, "kernel" where the uplink is its interface; empty: nothing.
  std::string carried_by(const std::string& uplink) const;
  std::vector<model::LanSnapshot> lans() const { return lans_.snapshots(doors_.alarm.now()); }
  /// Of a prefix of this uplink that a LAN shares.
  std::optional<model::ProxySnapshot> proxy(const std::string& uplink, const Prefix& prefix) const {
    return proxies_.snapshot_of(uplink, prefix);
  }

 private:
  struct Rollback {
    model::ConfigPtr config;
    model::Secrets secrets;
    Instant at;
  };

  Answer command(const std::string& uplink, Uplinks::Command what);
  void end(Ending how);
  bool done() const;
  void crash_point(std::string_view point) {
    if (options_.crash_point) options_.crash_point(point);
  }
  /// What a part, the channels and the record keeper have said goes to the sink.
  void say(Part& part);
  void start_running();
  void start_uplinks();
  void on_kernel();
  bool run_parts(Pass pass);
  void take_kernel_reports();
  void take_reports();
  void decide();
  void hold_duplicates();
  void perform();
  void perform(const reconcile::Do& what);
  void remember(const reconcile::RememberFirewall& memory);
  void roll_back();
  void set_alarm();

  Doors doors_;
  CoreOptions options_;
  port::Wake schedule_;
  EventSink events_;
  Instant now_{};

  Tickets tickets_;
  RecordKeeper keeper_;
  UplinkRecords records_;
  Channels channels_;
  Prefix ula_;
  Lans lans_;
  Examination examination_;
  NeighbourProxies proxies_;
  Uplinks uplinks_;
  PassThroughs pass_through_;
  Hooks hooks_;
  Resolver resolver_;
  std::array<Part*, 7> parts_;  // in the order in which they are told

  Settings settings_;
  KernelView view_;
  Decider decider_;
  reconcile::Reconciler reconciler_;

  model::ConfigPtr config_;
  model::Secrets secrets_;
  std::optional<Rollback> rollback_;
  Stage stage_ = Stage::Dumping;
  bool running_ = false;  // the first dump is in
  bool observed_dirty_ = false;
  bool policy_dirty_ = false;
  bool end_desired_ = false;  // nothing is wanted any more, and reconcile knows
  bool warned_ = false;       // of what surrounds michi, once
  std::optional<Instant> give_up_at_;
  std::string examined_;  // the uplink the last examination is about; empty: all
};

}  // namespace michi::runtime
