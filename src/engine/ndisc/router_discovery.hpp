#pragma once
// Router discovery, host side, for an uplink: asks for routers until one answers, keeps what they say as
// long as it holds, and tells its owner when something of it changed. It also forms the addresses:
// the kernel does no autoconfiguration for us.
//
// It never answers anybody, never tests an address, and never takes a word from outside the link. An
// advertisement that only refreshes what is known is not reported; learned() has the current deadlines.
//
// RFC 4861 §6.3 and §6.1.2, RFC 4862 §5.5.3, RFC 7559 (solicitations without end), RFC 4191, RFC 8106,
// RFC 8781.

#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <variant>

#include "base/random.hpp"
#include "engine/ndisc/learned.hpp"
#include "engine/ndisc/message.hpp"

namespace michi::engine::ndisc {

enum class LinkKind : std::uint8_t { Broadcast, PointToPoint };

struct DiscoverySettings {
  Ipv6 local;                      // our link-local address on the uplink
  std::optional<Mac> mac;          // goes into solicitations; none on a link without addresses
  std::uint64_t interface_id = 0;  // of the addresses that are formed
  LinkKind link = LinkKind::Broadcast;
  std::uint32_t link_mtu = 1500;            // advertised MTUs above it are not taken
  Duration solicit_first = seconds(4);      // IRT of RFC 7559 (RTR_SOLICITATION_INTERVAL)
  Duration solicit_max = seconds(3600);     // MRT of RFC 7559
  Duration solicit_delay_max = seconds(1);  // MAX_RTR_SOLICITATION_DELAY; not on point-to-point links
};

using DiscoveryOutput = std::variant<Message, Learned>;

struct DiscoveryCounters {
  std::uint64_t solicitations = 0;
  std::uint64_t advertisements = 0;
  Discarded discarded;
  std::uint64_t displaced = 0;  // entries of full tables that gave way
};

enum class DiscoveryState : std::uint8_t {
  Idle,        // nothing asked for
  Soliciting,  // no default router is known; solicitations go out
  Settled      // there is one
};

class RouterDiscovery {
 public:
  RouterDiscovery(DiscoverySettings settings, Random random);

  /// From nothing.
  void start(Instant now);
  /// Asks again and keeps what is known: the carrier came back, the line may be another.
  void solicit_again(Instant now);
  /// Forgets everything; nothing is reported.
  void stop(Instant now);
  void on_message(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<DiscoveryOutput> poll();

  DiscoveryState state() const { return state_; }
  Learned learned(Instant now) const { return table_.snapshot(now); }
  DiscoveryCounters counters() const;

 private:
  void enter(DiscoveryState state);
  void begin_soliciting(Instant now, Duration delay);
  void solicit(Instant now);
  Duration stretched(Duration wait);
  void settle(Instant now);

  DiscoverySettings settings_;
  Random random_;
  DiscoveryState state_ = DiscoveryState::Idle;
  LearnedTable table_;
  Learned told_;
  TokenBucket reports_;
  std::optional<Instant> solicit_at_;
  std::optional<Instant> last_solicit_;
  Duration wait_{};  // zero before the first of a series
  Instant report_at_ = kNever;
  std::list<DiscoveryOutput> outputs_;
  DiscoveryCounters counters_;
};

std::string_view to_text(DiscoveryState state);

}  // namespace michi::engine::ndisc
