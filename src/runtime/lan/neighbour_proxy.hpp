#pragma once
// The hosts of one LAN that have addresses of a line's own /64: who they are, for the routes to them, and answers for
// them on the line. One engine with a socket on either side.
//
// Without the line it goes on looking after the hosts of the LAN; without the LAN there are none. Where either side
// is another than before, everybody known is asked for again. An answer for a host leaves when the kernel has the
// route to it: what is sent to us before that would be sent back, and the sender told so. It decides nothing about the
// prefix.
//
// Bounded: the engine's tables and rates, datagrams a turn, how long an answer waits, and changes told (they cost a
// derivation each).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "engine/ndisc/proxy.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/snapshot.hpp"
#include "runtime/channels.hpp"
#include "runtime/lan/link_local_endpoint.hpp"

namespace michi::runtime {

class NeighbourProxy {
 public:
  using EventSink = std::function<void(const model::Event&)>;

  /// `before`: hosts of an earlier life.
  NeighbourProxy(model::ProxyWant want, std::vector<Ipv6> before, Channels& channels, Random random, EventSink events);

  const model::ProxyWant& wanted() const { return want_; }
  /// Before its end: nothing is wanted any more.
  void close(Instant now) { channels_.want(owner(), {}, now); }
  void on_channel(Instant now) { tend(now); }
  /// Only whether it answers may differ from before.
  void want(const model::ProxyWant& want, Instant now);
  void on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                 Instant now);
  /// What came on a device of either side.
  void hear(const std::string& device, const port::Datagram& datagram, Instant now);
  /// Runs deadlines. True: hosts() is another than was told.
  bool turn(Instant now);
  /// `routes`: those that stand.
  void send(const std::set<model::RouteEntry>& routes, Instant now);
  std::optional<Instant> next_deadline() const;

  std::vector<model::Neighbour> hosts() const;
  model::ProxySnapshot snapshot() const;

 private:
  using Endpoint = std::optional<LinkLocalEndpoint>;

  ChannelOwner owner() const;
  ChannelId channel(const std::string& device) const { return {ChannelType::NdProxy, device}; }
  bool move(Endpoint& side, const std::string& device, const std::map<std::string, model::Link>& links,
            const std::set<model::AddressEntry>& addresses);
  void tend(Instant now);
  void end();
  void begin(Instant now);
  void drain(Instant now);
  bool is_routed(const Ipv6& host, const std::set<model::RouteEntry>& routes) const;

  model::ProxyWant want_;
  Channels& channels_;
  Random random_;
  EventSink events_;
  Endpoint wan_, lan_;        // where we are on either side
  std::vector<Ipv6> own_;     // the router's addresses of the prefix
  std::vector<Ipv6> before_;  // hosts to begin with
  bool looked_ = false;       // the kernel was seen once
  std::optional<engine::ndisc::Proxy> proxy_;
  struct Outgoing {
    engine::ndisc::ProxyMessage message;
    Instant until{};  // then whoever asked has asked again
  };
  std::vector<Outgoing> outgoing_;
  engine::TokenBucket changes_;
  bool changed_ = false;  // and not told yet
  std::optional<Instant> tell_at_;
};

}  // namespace michi::runtime
