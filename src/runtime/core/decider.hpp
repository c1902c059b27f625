#pragma once
// What policy is told, kept in one place: configuration, numbers, the choice of uplinks, what surrounds michi. It asks
// policy for the desired state, for the explanation of a flow and for warnings.

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config.hpp"
#include "model/kernel.hpp"
#include "policy/policy.hpp"
#include "port/data_plane.hpp"
#include "port/kernel_net.hpp"
#include "port/system.hpp"
#include "runtime/lan/neighbour_proxies.hpp"
#include "runtime/lan/pass_through.hpp"
#include "runtime/records/keeper.hpp"
#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

class Decider {
 public:
  /// The parts whose facts policy reads.
  struct Sources {
    const Uplinks& uplinks;
    const NeighbourProxies& proxies;
    const PassThroughs& passed;
    const port::DataPlane& plane;
  };
  Decider(Sources sources, Prefix ula) : sources_(sources), ula_(ula), planes_(sources.plane.facts()) {}

  /// What an earlier life kept, and what the first dump shows of it.
  void recall(const RecordKeeper::Records& on_disk);
  void adopt(const model::Observed& observed, const model::Config& config);
  void configure(model::ConfigPtr config, Instant now);
  void keep(RecordKeeper& keeper) const;

  /// True: policy decides otherwise.
  bool on_observed(const model::Observed& observed);
  void on_foreign_chains(std::vector<policy::ForeignChain> chains) { around_.foreign_chains = std::move(chains); }
  bool on_deadline(Instant now);
  std::optional<Instant> next_deadline() const { return selector_.next_deadline(); }

  model::Desired derive(Instant now);
  policy::Explanation why(const policy::FlowQuery& query, port::KernelNet& kernel) const;
  std::vector<model::Event> warnings(const model::Observed& observed, const port::Files& files) const;

  const policy::Numbers& numbers() const { return numbers_; }
  const policy::Selector& selector() const { return selector_; }
  /// How often all of it was derived anew: what that took for a moment may be given back.
  std::uint64_t derivations() const { return derivations_; }

 private:
  policy::Inputs inputs(const policy::Surroundings& around) const;

  Sources sources_;
  Prefix ula_;
  model::ConfigPtr config_;
  policy::Selector selector_;
  policy::Numbers numbers_;
  policy::Surroundings around_;
  std::vector<model::PlaneFacts> planes_;  // what each can do
  std::uint64_t derivations_ = 0;
};

}  // namespace michi::runtime
