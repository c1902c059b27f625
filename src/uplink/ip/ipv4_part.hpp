#pragma once
// IPv4 of an uplink whose device is the Ethernet interface itself: runs the DHCP client on a link, and keeps
// the address beyond the link's end.
//
// It is told of a link and its frames; it gives frames, what is to be kept on disk, and events. A lease is
// in force until its time is over, whatever the link does; on a new link it is asked for again
// (INIT-REBOOT). It never gives up, and never touches the interface.
//
// RFC 2131 (engine/dhcp4).

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/net/mac.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/dhcp4/client.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/uplink.hpp"
#include "uplink/signals.hpp"

namespace michi::uplink {

class Ipv4Part {
 public:
  /// A whole Ethernet frame.
  using Output = std::variant<ByteVec, PersistAddress, model::Event>;  // the events name no uplink

  Ipv4Part(model::Dhcp4Config config, std::optional<HeldAddress> held, Random random);

  /// For what is sent from now on.
  void configure(model::Dhcp4Config config);
  /// A link, or the same one again after a loss of the carrier.
  void on_link_up(const Mac& local, std::uint32_t mtu, Instant now);
  /// The link is gone for good: asking ends, the address is remembered.
  void on_link_down(Instant now);
  /// Not wanted any more.
  void stop(Instant now);
  void on_frame(Bytes frame, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  /// The lease in force on this link.
  const engine::dhcp4::Lease* lease() const { return client_ ? client_->lease() : nullptr; }
  /// What went wrong last; empty when all is well.
  const std::string& trouble() const { return trouble_; }
  /// Servers that answered the last question.
  std::vector<Ipv4> servers() const { return client_ ? client_->servers() : std::vector<Ipv4>{}; }
  /// "dhcp4 Bound"; empty without a link.
  std::string state_text() const;
  /// "a DHCP server (Selecting)"; empty when there is a lease.
  std::string waiting_for() const;

 private:
  engine::dhcp4::Settings settings() const;
  void end(engine::dhcp4::Ending how, Instant now);
  void settle();
  void on_lease(const engine::dhcp4::Lease& lease, std::string_view what);
  void keep();
  void tell(model::Severity severity, std::string code, std::string text);

  model::Dhcp4Config config_;
  std::optional<HeldAddress> held_;
  Random random_;
  Mac local_;
  std::uint32_t mtu_ = 1500;
  std::unique_ptr<engine::dhcp4::Client> client_;
  std::string trouble_;
  std::vector<Ipv4> told_servers_;
  std::list<Output> outputs_;
};

/// What the other rooms may know of a lease.
model::Ipv4Facts facts_of(const engine::dhcp4::Lease& lease);

}  // namespace michi::uplink
