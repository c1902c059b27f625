#pragma once
// The daemon without its operating system: one turn takes in everything the doors have, lets uplinks,
// policy and reconcile draw their conclusions, and hands the doors what follows.
//
// One thread, one direction: frames and facts → uplinks → policy → reconcile → doors. It never
// blocks, reads no clock but the alarm's, and can be driven by virtual time and fake doors.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/event.hpp"
#include "policy/policy.hpp"
#include "reconcile/reconciler.hpp"
#include "runtime/core/doors.hpp"
#include "runtime/core/examination.hpp"
#include "runtime/core/hooks.hpp"
#include "runtime/core/kernel_view.hpp"
#include "runtime/core/resolver.hpp"
#include "runtime/core/settings.hpp"
#include "runtime/core/tickets.hpp"
#include "runtime/lan/lans.hpp"
#include "runtime/lan/neighbour_proxies.hpp"
#include "runtime/lan/pass_through.hpp"
#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

struct CoreOptions {
  std::string run_directory = "/run/michi";
  ResolverMode resolver = ResolverMode::Child;
  /// Test builds: called with the name of each point where a crash is to be survived.
  std::function<void(std::string_view)> crash_point;
};

/// What a new configuration does to an uplink.
struct UplinkChange {
  enum class Kind : std::uint8_t { Added, Removed, InPlace, Redialled };
  std::string uplink;
  Kind kind;
};

class Core {
 public:
  using EventSink = std::function<void(const model::Event&, Instant)>;
  using TraceSink = std::function<void(const std::string& uplink, const Traced&)>;

  /// `schedule` asks the owner to call turn() soon; it may be called from any door's wake-up.
  Core(Doors doors, CoreOptions options, Random random, port::Wake schedule, EventSink events);
  ~Core();

  /// Reads what an earlier life left and begins. Without a configuration only flush() makes sense.
  void begin(model::ConfigPtr config, model::Secrets secrets);
  void turn();

  // commands
  enum class Answer : std::uint8_t { Done, UnknownUplink, Ending };
  Answer up(const std::string& uplink);
  Answer down(const std::string& uplink);
  Answer redial(const std::string& uplink);
  std::vector<UplinkChange> preview(const model::Config& next, const model::Secrets& secrets) const;
  /// With `confirm_within` the old configuration comes back unless confirm() is called in time.
  std::vector<UplinkChange> apply(model::ConfigPtr next, model::Secrets secrets,
                                  std::optional<Duration> confirm_within = std::nullopt);
  bool confirm();
  /// Orderly end of all sessions; stopped() tells when it is done.
  void stop();
  bool stopped() const;
  /// Stopped because time was up, not because all was done; plan() tells what is left.
  bool gave_up() const;
  bool ending() const { return ending_ != Ending::No; }
  /// Looks for what is wrong, for a few seconds; empty: everywhere.
  Answer examine(const std::string& uplink);
  bool examining() const { return examination_.running(); }
  /// As far as the last examination has come.
  std::vector<model::Finding> findings() const;
  /// Takes everything of michi's out of the kernel; ends in stopped().
  void flush();

  // views
  const model::ConfigPtr& config() const { return config_; }
  const policy::AllFacts& facts() const { return uplinks_.facts(); }
  const policy::Numbers& numbers() const { return numbers_; }
  const policy::Selector& selector() const { return selector_; }
  const model::Observed& observed() const { return view_.observed(); }
  /// As it is now, down to the words of its protocols; facts() follows only what policy acts on.
  const model::UplinkFacts* facts_now(const std::string& uplink) const { return uplinks_.facts_now(uplink); }
  std::vector<std::string> waiting_for(const std::string& uplink) const { return uplinks_.waiting_for(uplink); }
  std::string protocol_state(const std::string& uplink) const { return uplinks_.protocol_state(uplink); }
  std::optional<Instant> next_renewal(const std::string& uplink) const { return uplinks_.next_renewal(uplink, now_); }
  std::vector<model::ProbeSnapshot> probes(const std::string& uplink) const {
    return uplinks_.probes(uplink, doors_.alarm.now());
  }
  std::vector<std::string> plan() const { return reconciler_.plan(); }
  bool settled() const { return running_ && reconciler_.settled(); }
  /// How often all of it was derived anew: what that took for a moment may be given back.
  std::uint64_t derivations() const { return derivations_; }
  bool awaiting_confirmation() const { return rollback_.has_value(); }
  policy::Explanation why(const policy::FlowQuery& query) const;
  std::vector<model::Event> warnings() const;
  model::TrafficCounters counters(const std::string& uplink) const;
  /// What carries its packets now: a data plane's name, "kernel" where the uplink is its interface; empty: nothing.
  std::string carried_by(const std::string& uplink) const;
  std::vector<model::FirewallCounter> firewall_counters() const { return doors_.firewall.counters(); }
  std::vector<model::LanSnapshot> lans() const { return lans_.snapshots(doors_.alarm.now()); }
  std::vector<model::PassedSnapshot> passed() const { return pass_through_.snapshots(doors_.alarm.now()); }
  /// Of a prefix of this uplink that a LAN shares.
  std::optional<model::ProxySnapshot> proxy(const std::string& uplink, const Prefix& prefix) const {
    return proxies_.snapshot(uplink, prefix);
  }
  void set_trace(TraceSink sink) { trace_ = std::move(sink); }

 private:
  struct Rollback {
    model::ConfigPtr config;
    model::Secrets secrets;
    Instant at;
  };
  enum class Ending : std::uint8_t { No, Stopping, Flushing };

  void event(const model::Event& event) { events_(event, now_); }
  void crash_point(std::string_view point) {
    if (options_.crash_point) options_.crash_point(point);
  }
  void keep(port::Lifetime lifetime, const std::string& key, const std::optional<std::string>& value, std::string what);
  void persist(const std::string& uplink, const std::optional<model::SessionRecord>& record);
  void persist_address(const std::string& uplink, const std::optional<uplink::HeldAddress>& held);
  Uplinks::Leftovers left_for(const std::string& uplink);
  void persist_lease(const std::string& uplink, const std::optional<uplink::LeaseRecord>& record);
  uplink::Ipv6Memory memory_of(const std::string& uplink);
  bool done() const;
  void start_running();
  void take_reports();
  void pass_on();
  void take_kernel_reports();
  void decide();
  void perform();
  void perform(const reconcile::Do& what);
  void run_deadlines();
  void set_alarm();
  std::optional<Secret> secret_of(const model::Secrets& secrets, const std::string& uplink) const;
  policy::Inputs inputs() const;
  health::Dhcp6Evidence dhcp6_evidence(const model::UplinkConfig& config) const;
  std::map<std::string, Examination::LanWire> lan_wires() const;
  std::vector<health::ResolverEvidence> resolvers() const;

  Doors doors_;
  CoreOptions options_;
  port::Wake schedule_;
  EventSink events_;
  TraceSink trace_;
  Instant now_{};

  Tickets tickets_;
  std::optional<Prefix> ula_;
  Lans lans_;
  Examination examination_;
  NeighbourProxies proxies_;
  Uplinks uplinks_;
  PassThroughs pass_through_;
  Hooks hooks_;
  Resolver resolver_;
  Settings settings_;
  KernelView view_;
  policy::Selector selector_;
  policy::Numbers numbers_;
  reconcile::Reconciler reconciler_;

  model::ConfigPtr config_;
  model::Secrets secrets_;
  std::optional<Rollback> rollback_;
  std::map<std::string, model::SessionRecord> orphans_;
  std::map<std::string, uplink::HeldAddress> held_;  // of an earlier life, until their uplinks exist
  std::map<std::string, std::optional<uplink::LeaseRecord>>
      leases_;                                  // as an earlier life left them, until their uplinks exist
  std::map<port::Ticket, std::string> writes_;  // store tickets that are under way: what they were
  policy::Surroundings surroundings_;
  std::vector<model::PlaneFacts> planes_;  // as the data planes said at start
  bool running_ = false;                   // the first dump is in, uplinks exist
  bool observed_dirty_ = false;
  bool policy_dirty_ = false;
  std::uint64_t derivations_ = 0;
  Ending ending_ = Ending::No;
  std::optional<Instant> give_up_at_;
  bool end_desired_ = false;
  std::string examined_;  // the uplink the last examination is about; empty: all
  bool warned_ = false;   // what surrounds michi was told once
};

}  // namespace michi::runtime
