#pragma once
// One LAN as its hosts hear of it: a router advertiser with its socket, and when it may speak.
//
// It speaks while the device is up and has a link-local address. An end is said in the call that tells of
// it. A beginning waits for the router's own address in that prefix, because hosts would send before
// anything here could answer; in a prefix of a line that is shared it has none, and goes by itself. What hosts know
// from before a start is not taken back for `kReturn`: an uplink that is back by then has changed nothing for them. As
// long as there is no default router to tell of, either, the start says nothing at all; whoever solicits meanwhile is
// answered with all the others.
//
// It decides nothing about content, and never learns a prefix from a peer.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/ndisc/advertiser.hpp"
#include "model/kernel.hpp"
#include "model/snapshot.hpp"
#include "runtime/channels.hpp"
#include "runtime/complaint.hpp"
#include "runtime/lan/link_local_endpoint.hpp"
#include "runtime/records/lan_record.hpp"

namespace michi::runtime {

class Lan {
 public:
  /// How long after a start the uplinks have to bring back the prefixes of before.
  static constexpr Duration kReturn = seconds(5);

  struct Sinks {
    std::function<void(const model::Event&)> event;
    /// To be kept for the next start.
    std::function<void(const std::string& device, const std::vector<ToldPrefix>&)> remember;
  };

  Lan(std::string device, Channels& channels, Random random, const Sinks& sinks);

  /// What hosts may believe since an earlier life; before want().
  void recall(const PastPrefixes& past, Instant now);
  void want(const model::AdvertisementWant& want, Instant now);
  /// No LAN of ours any more: hosts are told that nothing holds, as soon as the device lets us; then gone().
  void leave(Instant now);
  bool gone() const { return role_ == Role::Leave && !advertiser_ && past_.empty(); }
  /// michid ends: no default router, and the prefixes stand. It may be back in a moment.
  void rest(Instant now);

  void on_kernel(const std::map<std::string, model::Link>& links, const std::set<model::AddressEntry>& addresses,
                 Instant now);
  /// Its channel is open now, or no longer.
  void on_channel(Instant now) { reconsider(now); }
  void turn(Instant now);
  std::optional<Instant> next_deadline() const;
  model::LanSnapshot snapshot(Instant now) const;

 private:
  enum class Role : std::uint8_t { Rest, Advertise, Leave };
  struct Past {
    engine::ndisc::PastPrefix prefix;
    Instant until{};
  };

  ChannelOwner owner() const { return {ChannelOwner::Part::Lans, device_}; }
  ChannelId channel() const { return {ChannelType::NdRouter, device_}; }
  const std::string& name() const { return want_.lan.empty() ? device_ : want_.lan; }
  void reconsider(Instant now);
  void say_final(Instant now);
  bool open(Instant now);
  void close(Instant now);
  void speak(const PastPrefixes& past, Instant now);
  void fall_silent(engine::ndisc::FinalAdvertisement farewell, Instant now);
  void take_datagrams(Instant now);
  void drain(Instant now);
  void send(const engine::ndisc::Message& message);
  void report(const engine::ndisc::ForeignRouter& other);
  void tell_changes(Instant now);
  engine::ndisc::Advertisement content(Instant now) const;
  void forget_past(Instant now);
  PastPrefixes take_past(Instant now);
  const model::AdvertisedPrefix* wanted(const Prefix& prefix) const;
  bool is_preferred(const Prefix& prefix, Instant now) const;
  bool stands(const Prefix& prefix) const;
  bool is_past(const Prefix& prefix) const;
  bool is_held(Instant now) const;

  std::string device_;
  Channels& channels_;
  Random random_;
  const Sinks& sinks_;
  Role role_ = Role::Rest;
  model::AdvertisementWant want_;
  std::vector<Address> addresses_;  // on the device
  std::set<Prefix> standing_;       // had an address of ours; kept while it is being repaired
  std::vector<Past> past_;          // known to hosts, and not yet to the advertiser
  Instant silent_until_{};
  std::optional<LinkLocalEndpoint> endpoint_;  // when any of it changes, another advertiser begins
  std::optional<engine::ndisc::Advertiser> advertiser_;
  std::map<Prefix, bool> told_;               // prefix → preferred, as events told it
  engine::ndisc::AdvertiserCounters before_;  // of advertisers that ended
  Complaint complaint_;                       // of what could not be sent
};

}  // namespace michi::runtime
