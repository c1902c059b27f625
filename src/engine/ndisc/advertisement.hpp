#pragma once
// What a router says on a LAN: the wish, with absolute ends; and the bookkeeping that makes messages of
// it, with lifetimes that count down, ceilings, and a word about everything that was said before and no
// longer holds.
//
// It never sends and has no timer. A prefix that is no longer wanted is advertised with a preferred
// lifetime of zero and what is left of its valid lifetime, until that ends. Routes, name servers,
// domains and PREF64 that are no longer wanted are advertised with a lifetime of zero a few times.
//
// RFC 4861 §6.2.3, RFC 4191, RFC 7084 §4.3 (L-13), RFC 8106 §5, RFC 8781 §4, RFC 9096 §3.3 and §3.5.
// Deviation: RFC 9096 §3.5, the valid lifetime of a stale prefix is what is left, not zero (RFC 7084 L-13 b).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ndisc/message.hpp"

namespace michi::engine::ndisc {

using wire::icmp6::Preference;

struct AdvertisedPrefix {
  Prefix prefix;
  Instant preferred_until = kNever;
  Instant valid_until = kNever;
  bool on_link = true;
  bool autonomous = true;
};
struct AdvertisedRoute {
  Prefix prefix;
  Preference preference = Preference::Medium;
  Instant until = kNever;
};
struct AdvertisedServer {
  Ipv6 address;
  Instant until = kNever;
};
struct AdvertisedDomain {
  std::string name;
  Instant until = kNever;
};
struct AdvertisedNat64 {
  Prefix prefix;
  Instant until = kNever;
};

/// What is wanted. What has ended is not advertised.
struct Advertisement {
  std::uint8_t hop_limit = 64;
  bool managed = false;
  bool other = false;
  std::chrono::seconds router_lifetime{2700};  // 0: no default router; at most 65535 (RFC 8319)
  Preference preference = Preference::Medium;
  std::optional<std::uint32_t> mtu;
  std::vector<AdvertisedPrefix> prefixes;
  std::vector<AdvertisedRoute> routes;
  std::vector<AdvertisedServer> name_servers;
  std::vector<AdvertisedDomain> search_domains;
  std::vector<AdvertisedNat64> nat64;
};

/// What hosts may still believe after a restart. Lengths of time, not ends: the clock may be another.
struct PastPrefix {
  Prefix prefix;
  bool on_link = true;
  bool autonomous = true;
  Duration valid{};  // as last advertised (RFC 9096 §3.5), or what is left of it
  bool operator==(const PastPrefix&) const = default;
};

/// Ceilings of what is advertised (RFC 9096 §3.3).
struct Ceilings {
  wire::icmp6::Lifetime preferred{2700};  // ND_PREFERRED_LIMIT
  wire::icmp6::Lifetime valid{5400};      // ND_VALID_LIMIT; also of routes, servers, domains, PREF64
};

enum class Urgency : std::uint8_t { None, AtOnce };

class Bulletin {
 public:
  static constexpr std::size_t kMaxPast = 16;          // prefixes no longer wanted
  static constexpr std::size_t kMaxLeaving = 32;       // other options no longer wanted
  static constexpr unsigned kFinalAdvertisements = 4;  // how often those are said to have ended

  explicit Bulletin(Ceilings ceilings) : ceilings_(ceilings) {}

  void recall(const std::vector<PastPrefix>& past, Instant now);
  /// AtOnce if hosts should know now: anything appears, goes, ends earlier by more than 2 s, or would
  /// end within `next_word` and now does not.
  Urgency want(Advertisement wanted, Duration next_word, Instant now);

  /// Header and options as of now; without the source link-layer address.
  wire::icmp6::RouterAdvertisement compose(Instant now) const;
  /// The last word: no default router; with `deprecate` everything else ends, too, as far as hosts let it.
  wire::icmp6::RouterAdvertisement compose_final(bool deprecate, Instant now) const;
  /// What compose() gave went to all; `to_all` is false if it went to one host.
  void said(const wire::icmp6::RouterAdvertisement& content, bool to_all, Instant now);
  std::vector<PastPrefix> history(Instant now) const;

 private:
  struct Told {
    Prefix prefix;
    bool on_link = true;
    bool autonomous = true;
    wire::icmp6::Lifetime valid{};  // as last advertised
    Instant valid_until{};
    bool wanted = false;
  };
  struct Leaving {
    wire::icmp6::Option option;  // with a lifetime of zero
    unsigned left = kFinalAdvertisements;
  };

  std::vector<wire::icmp6::Option> past_options(Instant now) const;
  bool wants(const Prefix& prefix, Instant now) const;
  void mark_wanted(Instant now);
  void note_leaving(const Advertisement& before);

  Ceilings ceilings_;
  Advertisement wanted_;
  std::vector<Told> told_;
  std::vector<Leaving> leaving_;
};

/// Several advertisements with the same header, none above `room` octets of ICMPv6 if its options can
/// be parted so; `first` opens each (RFC 4861 §6.2.3, on options that do not fit).
std::vector<wire::icmp6::RouterAdvertisement> split(const wire::icmp6::RouterAdvertisement& content,
                                                    const std::optional<wire::icmp6::Option>& first, std::size_t room);

}  // namespace michi::engine::ndisc
