#pragma once
// A kernel in memory behind the real doors: links, addresses, routes, rules, the tables of michi's,
// conntrack marks and session devices, with foreign objects beside michi's.
//
// Synchronous: submit() has done its work when it returns; completions and facts wait to be polled.
// Keeps the laws of the real one: a device that goes takes its addresses and routes; a link that goes
// down loses its routes and IPv6 addresses; an address that goes takes the routes that prefer it as
// source; a route needs a device that is up and a source that is local. Damage is done by the
// members below "somebody else".

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/kernel.hpp"
#include "port/data_plane.hpp"
#include "port/firewall.hpp"
#include "port/kernel_net.hpp"

namespace michi::kit {

class FakeKernel {
 public:
  FakeKernel();

  port::KernelNet& net() { return net_; }
  port::Firewall& firewall() { return firewall_; }
  port::DataPlane& plane() { return plane_; }

  // What is there.
  std::map<std::string, model::Link> links;
  std::set<model::AddressEntry> addresses;
  std::set<model::AddressEntry> own_addresses;  // put through the door
  std::set<model::RouteEntry> routes;
  std::multiset<model::RuleEntry> rules;
  std::map<std::string, std::string> sysctls;           // of those the kernel tells
  std::optional<model::NftTable> table;                 // inet michi
  std::optional<model::NftTable> netdev_table;          // netdev michi
  std::vector<model::PassedTraffic> passed;             // as its elements have counted
  std::map<std::string, model::AttachWant> sessions;    // by uplink
  std::map<std::string, port::PlaneCounters> counters;  // by uplink
  std::vector<model::PlaneFacts> planes{{"tun", true, true}};
  std::map<std::string, port::LinkCounters> link_counters;  // by device
  std::map<std::uint32_t, unsigned> flows, flows6;          // conntrack entries by mark
  unsigned untranslated = 0;                                // entries born without NAT
  std::vector<std::string> journal;                         // every operation that was performed, in words
  /// Asked before every operation with its words; an error code refuses it.
  std::function<int(const std::string& operation)> refuse;
  /// Completions before the facts they caused (the default), or after them.
  bool completion_first = true;

  /// Something waits to be polled.
  bool pending() const;
  /// Rings the doors that have something; submit() and refresh() do not ring by themselves.
  void deliver();

  // Somebody else.
  void add_link(model::Link link);
  /// An Ethernet interface that is up, of address 02::last.
  void add_ethernet(const std::string& name, std::uint8_t last, std::uint32_t mtu = 1500);
  void remove_link(const std::string& name);
  void set_link(const std::string& name, bool up);
  /// The cable, of a link that stays up.
  void set_carrier(const std::string& name, bool carrier);
  void add_address(const model::AddressEntry& address);
  void remove_address(const model::AddressEntry& address);
  void add_route(const model::RouteEntry& route);
  void remove_route(model::RouteEntry route);  // by value: it may be an element of `routes`
  void add_rule(const model::RuleEntry& rule);
  void remove_rule(const model::RuleEntry& rule);
  void flush_ruleset(const std::string& writer);
  void rewrite_table(const std::string& structure, const std::string& writer);
  void change_members(const std::string& set, const std::set<std::string>& members, const std::string& writer);
  /// Told as the kernel tells it; michi's own writes go through here as well.
  void set_sysctl(const std::string& path, const std::string& value);
  /// The multicast group overran: the door dumps everything again.
  void overrun();

 private:
  struct Net final : port::KernelNet {
    explicit Net(FakeKernel& owner) : kernel(owner) {}
    void submit(port::NetOp op, port::Ticket ticket) override;
    void refresh() override;
    std::optional<port::NetReport> poll() override;
    void on_wake(port::Wake wake) override { wakes = std::move(wake); }
    std::optional<model::RouteEntry> main_route(const Address&, std::uint32_t) override { return {}; }
    std::optional<port::LinkCounters> link_counters(const std::string& device) override {
      const auto at = kernel.link_counters.find(device);
      return at == kernel.link_counters.end() ? std::nullopt : std::optional(at->second);
    }
    FakeKernel& kernel;
    std::deque<port::NetReport> reports;
    port::Wake wakes;
  };
  struct Wall final : port::Firewall {
    explicit Wall(FakeKernel& owner) : kernel(owner) {}
    void submit(port::FirewallOp op, port::Ticket ticket) override;
    void refresh() override;
    std::optional<port::FirewallReport> poll() override;
    void on_wake(port::Wake wake) override { wakes = std::move(wake); }
    std::vector<model::FirewallCounter> counters() override { return {}; }
    std::vector<model::PassedTraffic> passed_traffic() override { return kernel.passed; }
    FakeKernel& kernel;
    std::deque<port::FirewallReport> reports;
    port::Wake wakes;
  };
  struct Plane final : port::DataPlane {
    explicit Plane(FakeKernel& owner) : kernel(owner) {}
    void submit(port::PlaneOp op, port::Ticket ticket) override;
    std::optional<port::PlaneReport> poll() override;
    void on_wake(port::Wake wake) override { wakes = std::move(wake); }
    std::vector<model::PlaneFacts> facts() const override { return kernel.planes; }
    port::PlaneCounters counters(const model::UplinkId& uplink) const override;
    std::string carried_by(const model::UplinkId& uplink) const override;
    FakeKernel& kernel;
    std::deque<port::PlaneReport> reports;
    port::Wake wakes;
  };
  int perform(const port::NetOp& op);
  int perform(const port::PlaneOp& op);
  int commit(const std::string& text);
  int set_link(const port::SetLink& op);
  int put_route(const model::RouteEntry& route);
  int drop_address(const model::AddressEntry& address);
  void drop_routes(const std::function<bool(const model::RouteEntry&)>& which);
  bool reported(const model::RouteEntry& route) const;
  bool reported(const model::RuleEntry& rule) const;
  void fact(port::NetReport report);
  port::OsError error(const std::string& operation, int code) const;
  std::string listing(model::NftFamily family = model::NftFamily::Inet) const;
  std::optional<model::NftTable>& table_of(model::NftFamily family) {
    return family == model::NftFamily::Inet ? table : netdev_table;
  }

  Net net_{*this};
  Wall firewall_{*this};
  Plane plane_{*this};
  std::uint32_t next_index_ = 2;
  bool inside_ = false;  // submit() does not ring
};

/// Keeps Observed as the reports of the door tell it.
void note(model::Observed& observed, const port::NetReport& report);

}  // namespace michi::kit
