#pragma once
// Router advertiser for one LAN: tells its hosts what is wanted, at once when that changes, now and then
// anyway, and when they ask. It notices other routers there.
//
// It sends only from a link-local address, never decides what is advertised, and forgets nothing that
// hosts may still believe. Remember is to be stored, so that a restart can take back what it no longer
// wants.
//
// RFC 4861 §6.2 and §6.1.1, RFC 4191, RFC 7084 §4.3, RFC 7772 §5.1 (answers by unicast), RFC 8106,
// RFC 8781, RFC 9096.
// Deviation: RFC 4861 §6.2.6, MIN_DELAY_BETWEEN_RAS: the first message of a change does not wait.
// Deviation: RFC 4861 §6.2.4: it is repeated three times, not sent three times.
// Deviation: RFC 4861 §6.2.7: lifetimes, which fall, conflict only where one is zero.

#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "engine/ndisc/advertisement.hpp"
#include "engine/ndisc/message.hpp"

namespace michi::engine::ndisc {

struct AdvertiserSettings {
  Ipv6 local;              // our link-local address on the LAN; nothing is sent from another kind
  std::optional<Mac> mac;  // goes into every advertisement
  std::uint32_t link_mtu = 1500;
  Duration interval_min = seconds(200);  // MinRtrAdvInterval
  Duration interval_max = seconds(600);  // MaxRtrAdvInterval
  unsigned repeats = 3;                  // of the first one and of every change
  Ceilings ceilings;
};

/// In what another router of the LAN contradicts us (RFC 4861 §6.2.7).
enum class Conflict : std::uint8_t { HopLimit, Managed, Other, Mtu, Prefix };

/// Another router is on the LAN, or what it says has changed.
struct ForeignRouter {
  Ipv6 router;
  bool is_default = false;
  std::vector<Conflict> conflicts;
};
/// For the store: what to give to start() the next time.
struct Remember {
  std::vector<PastPrefix> prefixes;
};
using AdvertiserOutput = std::variant<Message, ForeignRouter, Remember>;

struct AdvertiserCounters {
  std::uint64_t multicast = 0;  // advertisements to all nodes; one that was split counts once
  std::uint64_t unicast = 0;
  std::uint64_t solicitations = 0;
  std::uint64_t foreign = 0;    // advertisements of other routers
  std::uint64_t conflicts = 0;  // those that contradict us
  Discarded discarded;
};

enum class AdvertiserState : std::uint8_t {
  Idle,        // silent
  Advertising  // a router of this LAN
};

enum class FinalAdvertisement : std::uint8_t {
  None,         // not a word
  NotDefault,   // router lifetime 0, the rest stands
  NothingHolds  // and prefixes deprecated, routes and servers withdrawn
};

class Advertiser {
 public:
  Advertiser(AdvertiserSettings settings, Random random);

  /// `past` is what an earlier life was told to remember; what of it is not wanted is taken back.
  void start(Advertisement wanted, const std::vector<PastPrefix>& past, Instant now);
  /// In place of what was wanted before. Deadlines that only moved on make no message.
  void want(Advertisement wanted, Instant now);
  void stop(FinalAdvertisement farewell, Instant now);
  void on_message(Bytes icmp6, const Ipv6& source, const Ipv6& destination, std::uint8_t hop_limit, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<AdvertiserOutput> poll();

  AdvertiserState state() const { return state_; }
  std::vector<PastPrefix> history(Instant now) const { return bulletin_.history(now); }
  /// Other routers of this LAN, as they were reported, heard of lately.
  std::vector<ForeignRouter> others(Instant now) const;
  const AdvertiserCounters& counters() const { return counters_; }

 private:
  struct Other {
    ForeignRouter told;
    Instant heard{};
  };

  void enter(AdvertiserState state);
  void send(const wire::icmp6::RouterAdvertisement& content, const Ipv6& to);
  void advertise(Instant now);
  void announce(Instant now);
  void answer(Instant now);
  void remember(Instant now);
  void on_solicitation(const Ipv6& source, Instant now);
  void on_foreign(const wire::icmp6::RouterAdvertisement& foreign, const Ipv6& source, Instant now);

  AdvertiserSettings settings_;
  Random random_;
  AdvertiserState state_ = AdvertiserState::Idle;
  Bulletin bulletin_;
  std::vector<PastPrefix> stored_;  // the last Remember
  unsigned repeats_left_ = 0;
  std::optional<Instant> last_multicast_;
  Instant advertise_at_ = kNever;
  std::vector<Ipv6> asking_;  // by unicast
  bool all_asking_ = false;   // by multicast
  Instant answer_at_ = kNever;
  TokenBucket changes_;
  TokenBucket answers_;
  TokenBucket reports_;
  std::vector<Other> others_;
  std::list<AdvertiserOutput> outputs_;
  AdvertiserCounters counters_;
};

std::string_view to_text(AdvertiserState state);
std::string_view to_text(Conflict conflict);

}  // namespace michi::engine::ndisc
