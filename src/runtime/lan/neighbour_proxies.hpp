#pragma once
// The neighbour discovery proxies of all lines, as policy wants them; and the hosts they have found, which policy makes
// routes of.

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/channels.hpp"
#include "runtime/lan/neighbour_proxy.hpp"
#include "runtime/part.hpp"

namespace michi::runtime {

class NeighbourProxies final : public Part {
 public:
  NeighbourProxies(Channels& channels, Random random);

  /// Hosts that an earlier life left routes to, before anything is desired.
  void adopt(const std::set<model::RouteEntry>& routes);
  void on_desired(const model::Desired& desired, Instant now) override;
  void on_kernel(const model::Observed& observed, Instant now) override;
  /// True: hosts() is another.
  bool turn(Instant now, Pass pass) override;
  /// Answers that wait leave as far as the routes stand.
  void on_performed(const model::Observed& observed, Instant now) override;
  std::optional<Instant> next_deadline() const override;
  const std::vector<model::Neighbour>& hosts() const { return hosts_; }
  std::optional<model::ProxySnapshot> snapshot_of(const std::string& uplink, const Prefix& prefix) const;

 private:
  void take(Instant now);
  void collect();

  Channels& channels_;
  Random random_;
  std::list<NeighbourProxy> proxies_;
  std::vector<model::Neighbour> hosts_;  // as they were told last; at first those of an earlier life
};

}  // namespace michi::runtime
