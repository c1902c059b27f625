#pragma once
// A Reconciler and a FakeKernel with a hand-moved clock between them: what runtime's pump does,
// without a loop.

#include <memory>
#include <string>
#include <vector>

#include "fake_kernel.hpp"
#include "reconcile/reconciler.hpp"

namespace michi::kit {

class ReconcileRig {
 public:
  explicit ReconcileRig(std::vector<reconcile::RememberFirewall> remembered = {});

  /// Hands everything on until nothing is left to do at this instant.
  void drain();
  /// Drains, then moves from deadline to deadline for that long.
  void run(Duration how_long);
  void want(model::Desired desired);
  std::vector<std::string> journal_since(std::size_t mark) const;
  std::size_t events_of(const std::string& code) const;

  FakeKernel kernel;
  model::Observed observed;
  std::unique_ptr<reconcile::Reconciler> reconciler;
  Instant now{seconds(1000)};
  std::vector<model::Event> events;
  std::vector<reconcile::RememberFirewall> memories;
  std::map<std::string, std::string> sysctls;
  unsigned settled = 0;
  std::size_t steps = 0;
  bool hold_facts = false;  // completions pass, facts of links, routes … wait

 private:
  bool hand_over();
  void perform(const reconcile::Do& task);
};

}  // namespace michi::kit
