#pragma once
// An uplink in a world, with what the daemon does for it: turns from the PADI gate, a record kept,
// facts and events remembered. It checks the laws of an uplink's life after every step:
//
//   - a deadline is there whenever nothing outside is waited for
//   - PADI at most once a second; no PPP before the record is kept; nothing of a session after its PADT
//   - no frame larger than the wire, a bounded number of outputs per step
//   - facts change only when something changed, and are usable only with a session
//   - a channel is wanted before anything is said through it; nothing is said through one that is refused
//   - datagrams only while the device stands; of prefixes a bounded number, confirmed ones first, and these
//     only while the device stands

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kit/world.hpp"
#include "uplink/pppoe/padi_gate.hpp"
#include "uplink/uplink.hpp"

namespace michi::kit {

/// The one gate of a daemon, as a node.
class GateNode : public Node {
 public:
  GateNode(World& world, unsigned burst = 1, Duration interval = seconds(1));
  void on_frame(Bytes, Instant) override {}
  void on_deadline(Instant now) override { gate_.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return gate_.next_deadline(); }
  bool drain(Instant now) override;

  void ask(class UplinkNode& who, const std::string& interface, Mac mac, Instant now);
  void forget(const model::UplinkId& who);

 private:
  uplink::PadiGate gate_;
  std::map<model::UplinkId, class UplinkNode*> nodes_;
};

struct UplinkSetup {
  model::UplinkConfig config;
  std::optional<Secret> secret = Secret("secret");
  uplink::InterfaceFacts interface{true, 1500, Mac{{0x02, 0, 0, 0, 0, 0x01}}};
};

/// user "user@isp", interface "wan0", named `name`.
UplinkSetup plain_setup(std::string name = "isp");

class UplinkNode : public Node {
 public:
  UplinkNode(World& world, Wire& wire, GateNode& gate, UplinkSetup setup);

  void on_frame(Bytes frame, Instant now) override;
  void on_deadline(Instant now) override;
  std::optional<Instant> next_deadline() const override { return uplink_->next_deadline(); }
  bool drain(Instant now) override;

  /// Tells it of the interface and starts it.
  void boot();
  /// From here on the kernel gives no socket of this kind, or does again.
  void refuse(uplink::ChannelKind kind, bool refuses);
  void carrier(bool on);
  void unplug();  // the interface is gone
  void plug();
  /// The kernel's device of the session: up with the session's link-local address, or not (the default). Left
  /// as it is, it goes and comes with the session's own IPv6.
  void device(bool stands);
  void hear(uplink::Service service, Bytes bytes);
  /// The last DHCPv6 message it sent; empty: none.
  const ByteVec& asked() const { return asked_; }
  /// Down, and nothing is waited for but the end of what is remembered.
  bool at_rest() const;
  /// kill -9, and a new daemon that finds the record.
  void crash();

  uplink::Uplink& operator*() { return *uplink_; }
  uplink::Uplink* operator->() { return &*uplink_; }
  const model::UplinkFacts& facts() const { return facts_; }
  bool up() const { return facts_.state == model::UplinkState::Up; }
  bool usable() const { return facts_.usable(Family::V4) || facts_.usable(Family::V6); }
  const std::optional<model::SessionRecord>& record() const { return record_; }
  const std::vector<model::Event>& events() const { return events_; }
  /// How often the event's text contains this.
  std::size_t count(std::string_view text) const;
  std::size_t facts_changes() const { return facts_changes_; }
  std::uint64_t padis() const { return padis_; }
  const std::vector<std::string>& broken_laws() const { return broken_; }

 private:
  void revive(std::optional<model::SessionRecord> orphan);
  void open_channels(std::vector<uplink::ChannelWant> wanted);
  void tell_channel(uplink::ChannelKind kind);
  bool wants(uplink::ChannelKind kind) const;
  void show_device();
  void on_output(uplink::Output& output, Instant now);
  void on_sent(Bytes frame, Instant now);
  void broken(std::string law);
  void check_step(Instant now);

  World& world_;
  Wire& wire_;
  GateNode& gate_;
  UplinkSetup setup_;
  std::optional<uplink::InterfaceFacts> interface_;
  std::optional<uplink::Uplink> uplink_;
  model::UplinkFacts facts_;
  std::optional<model::SessionRecord> record_;
  std::optional<uplink::LeaseRecord> lease_;
  Instant lease_at_{};
  std::vector<uplink::ChannelWant> channels_;
  std::set<uplink::ChannelKind> refused_;
  bool device_wanted_ = false;
  bool device_stands_ = false;
  ByteVec asked_;
  std::vector<model::Event> events_;
  std::size_t facts_changes_ = 0;
  std::uint64_t padis_ = 0;
  std::optional<Instant> last_padi_;
  std::set<std::pair<Mac, std::uint16_t>> said_goodbye_;
  std::vector<std::string> broken_;
};

}  // namespace michi::kit
