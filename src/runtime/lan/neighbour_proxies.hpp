#pragma once
// The neighbour discovery proxies of all lines, as policy wants them; and the hosts they have found, which policy makes
// routes of.

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/core/doors.hpp"
#include "runtime/lan/neighbour_proxy.hpp"

namespace michi::runtime {

class NeighbourProxies {
 public:
  NeighbourProxies(port::DatagramSockets& sockets, Random random, port::Wake wake, NeighbourProxy::EventSink events);

  /// Hosts that an earlier life left routes to, before anything is desired.
  void adopt(const std::set<model::RouteEntry>& routes);
  void on_desired(const std::vector<model::ProxyWant>& wants, Instant now);
  void on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                 Instant now);
  /// True: hosts() is another.
  bool turn(Instant now);
  /// What waits, as far as the routes stand.
  void send(const std::set<model::RouteEntry>& routes, Instant now);
  std::optional<Instant> next_deadline() const;
  const std::vector<model::Neighbour>& hosts() const { return hosts_; }
  std::optional<model::ProxySnapshot> snapshot(const std::string& uplink, const Prefix& prefix) const;

 private:
  void collect();

  port::DatagramSockets& sockets_;
  Random random_;
  port::Wake wake_;
  NeighbourProxy::EventSink events_;
  std::list<NeighbourProxy> proxies_;
  std::vector<model::Neighbour> hosts_;  // as they were told last; at first those of an earlier life
};

}  // namespace michi::runtime
