#pragma once
// An uplink that is an interface itself, with what the daemon does for it: frames and datagrams carried, records kept,
// deadlines kept. It checks the laws of a line's life after every step:
//
//   - a deadline lies ahead, or there is none; the clock moves; a bounded number of outputs per step
//   - frames can be read and fit the wire, and leave only with a carrier; datagrams only while the device stands,
//     from its address
//   - phases move along the edges of their table, as events tell them
//   - facts change only when something changed; up needs an address, a session is none of a line's, a prefix is
//     confirmed only on a link; of prefixes a bounded number, confirmed ones first, none beyond its time
//   - a line that is down says nothing

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "uplink/uplink.hpp"

namespace michi::kit {

class LineRig {
 public:
  LineRig(model::UplinkConfig config, std::uint64_t seed);

  uplink::Uplink& operator*() { return *uplink_; }
  uplink::Uplink* operator->() { return &*uplink_; }
  Instant now() const { return now_; }

  /// To be called after every input: carries what follows from it.
  void settle();
  void run(Duration how_long);
  void interface(std::optional<uplink::InterfaceFacts> facts);
  const std::optional<uplink::InterfaceFacts>& interface() const { return interface_; }
  /// From here on the kernel gives no socket of this kind, or does again.
  void refuse(uplink::ChannelKind kind, bool refuses);
  /// The link-local address on the device, as the kernel shows it.
  void device(std::optional<Ipv6> link_local);
  const std::optional<Ipv6>& device() const { return device_; }
  void hear(uplink::Service service, Bytes bytes, const Ipv6& source);
  void frame(Bytes frame);
  /// Another configuration, and all that is told again after one.
  void configure(model::UplinkConfig config);
  /// From here on nothing may be sent.
  void be_quiet() { quiet_ = true; }
  /// kill -9, and a new daemon with what was kept.
  void crash();

  const ByteVec& asked6() const { return asked6_; }  // the last DHCPv6 message
  const ByteVec& asked4() const { return asked4_; }  // the last IPv4 packet
  const Mac& address() const { return mac_; }

 private:
  void drain();
  void take(uplink::Output& output);
  void open_channels(std::vector<uplink::ChannelWant> wanted);
  void tell_channel(uplink::ChannelKind kind);
  void tell_all();
  bool wants(uplink::ChannelKind kind) const;
  std::optional<uplink::DeviceFacts> device_facts() const;
  void take_frame(const uplink::Frame& frame);
  void take_event(const model::Event& event);
  void check();

  model::UplinkConfig first_;
  Random random_;
  Instant now_ = Instant{} + seconds(1000);
  std::optional<uplink::Uplink> uplink_;
  std::optional<uplink::InterfaceFacts> interface_;
  std::optional<Ipv6> device_;
  std::vector<uplink::ChannelWant> channels_;
  std::set<uplink::ChannelKind> refused_;
  Mac mac_;
  model::UplinkFacts facts_;
  std::optional<uplink::LeaseRecord> lease_;
  Instant lease_at_{};
  std::optional<uplink::HeldAddress> held_;
  std::optional<model::SessionRecord> session_;
  ByteVec asked4_, asked6_;
  bool quiet_ = false;
};

}  // namespace michi::kit
