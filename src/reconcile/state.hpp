#pragma once
// The reconciler's inside: all ledgers, the devices, and one pass over them.
//
// pass() (pass.cpp, removal.cpp) reads facts and queues operations in order; it runs when something
// changed, not for every fact, and keeps a bounded number of operations under way.

#include <deque>
#include <unordered_map>

#include "reconcile/firewall.hpp"
#include "reconcile/ledger.hpp"

namespace michi::reconcile {

struct Device {
  model::DeviceWant want;
  bool ensured = false;     // by this run, and not seen to vanish since
  std::uint32_t index = 0;  // 0: not seen since it was ensured
  bool right = false;
  bool held = false;
  std::uint32_t incident = 0;
  bool submitted_up = false;        // its up is on the way: later operations may count on it
  std::uint64_t ticket = 0;         // in flight
  std::optional<Instant> facts_by;  // accepted; the facts must show it by then
};

struct Session {
  std::optional<model::AttachWant> want;
  std::optional<model::AttachWant> attached;
  std::uint32_t index = 0;  // of the device it was attached to: another one has no session
  std::uint64_t ticket = 0;
};

struct Sysctl {
  model::SysctlWant want;
  std::optional<std::string> written;
  std::uint64_t ticket = 0;
  Instant facts_by{};  // written; facts, if there are any, must show it by then
  bool right = false;  // they did
  bool held = false;
  std::uint32_t incident = 0;
};

struct Leaving {  // a device being removed
  std::uint64_t ticket = 0;
  std::uint32_t index = 0;
  Instant until{};
};

struct Reconciler::State {
  explicit State(const std::vector<RememberFirewall>& remembered);

  void take_desired(model::Desired desired);
  void pass();
  void commit_shares();
  void finish_shares(const std::optional<std::string>& error);
  void finish(const model::Operation& operation, std::uint64_t ticket, const std::optional<std::string>& error);
  std::vector<std::string> plan() const;

  // pass.cpp: additions, in order
  void devices(Pass& pass);
  void device(const std::string& name, Device& device, Pass& pass);
  void raise(const std::string& name, Device& device, Pass& pass);
  bool damaged_link(const std::string& name, Device& device, Pass& pass);
  void lose_device(const std::string& name);
  void weaken_objects_of(const std::string& name);
  void attaches(Pass& pass);
  void put_addresses(Pass& pass);
  void put_routes(Pass& pass);
  void put_rules(Pass& pass);
  void commit_firewall(Pass& pass);
  void commit(FirewallKeeper& keeper, model::NftFamily table, Pass& pass);
  void commit_pass_through(Pass& pass);
  FirewallKeeper& keeper(model::NftFamily table);
  // sysctls.cpp
  void write_sysctls(Pass& pass);
  void write_sysctl(const std::string& path, Sysctl& sysctl, Pass& pass);
  bool keeps(const std::string& path, Sysctl& sysctl, Pass& pass);
  bool differs(const std::string& path, const Sysctl& sysctl) const;
  // removal.cpp: what is not wanted any more, in reverse
  void removals(Pass& pass);
  void remove_sessions(Pass& pass);
  void remove_devices(Pass& pass);
  void move_flows(Pass& pass);
  void report(Pass& pass);

  void emit(model::Operation operation);
  bool room() const { return flights.size() < kWindow; }
  template <class T>
  bool may_try(const T& object) {
    return book.empty() || book.may_try(describe(object), now);
  }
  const model::Link* link(const std::string& name) const;
  bool is_ours(const std::string& device) const;
  bool ready(const std::string& device) const;  // objects may be put on it
  bool carries(const std::string& device) const;
  bool on_its_way(const std::string& device) const;  // being made: what needs it will follow soon
  bool owned_address(const model::AddressEntry& entry) const;

  static constexpr std::size_t kWindow = 1024;  // operations under way
  static constexpr std::size_t kBusy = 128;     // above: facts are looked at in batches
  static constexpr Duration kBatch = milliseconds(10);

  bool have_desired = false;
  bool empty_desired = false;
  const model::Observed* observed = nullptr;
  Ledger<model::AddressEntry> addresses;
  Ledger<model::RouteEntry> routes;
  Ledger<model::RuleEntry> rules;
  std::map<std::string, Device> wanted_devices;
  std::map<std::string, Device> raised;  // others' interfaces that shall be up
  std::map<std::string, Leaving> leaving;
  DamageBudget link_budget;
  std::set<std::string> unsteady;  // devices that do not stand in this pass
  std::set<std::uint32_t> unfilled_tables;
  std::set<model::AddressEntry> put_by_us;  // where the device does not say it
  std::map<std::string, Session> sessions;
  std::map<std::string, Sysctl> sysctls;
  DamageBudget sysctl_budget;
  FirewallKeeper firewall;
  FirewallKeeper pass_through;
  bool delete_untranslated = false;
  bool repairs = true;
  std::map<model::FlowsOf, std::uint64_t> flows_wanted, flows_done;
  FailureBook book;

  std::deque<Output> out;
  std::unordered_map<std::uint64_t, model::Operation> flights;
  std::uint64_t last_ticket = 0;
  std::uint64_t shares_ticket = 0;  // of a commit that no pass made and none counts; 0: there is none
  std::size_t additions = 0;        // of flights
  std::size_t emitted = 0;          // in this pass
  bool dirty = false;
  bool limited = false;  // the window was full
  bool settled = false;
  Instant now{};
  Instant last_pass{};
  std::optional<Instant> later;  // a batch of facts waits until then
  std::optional<Instant> wake;
};

}  // namespace michi::reconcile
