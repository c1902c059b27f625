#pragma once
// The leases of one client: which IA has which, until when, and when to ask for more time.
//
// It sends nothing and knows no state. All IAs are renewed together, at the earliest T1 of those that
// have leases (RFC 8415 §18.2.4); times of zero are chosen from the shortest preferred lifetime.
//
// RFC 8415 §7.7 (infinity), §14.2 (T1 and T2), §18.2.10.1 (what a Reply does to leases).

#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "engine/dhcp6/lease.hpp"
#include "wire/dhcp6.hpp"

namespace michi::engine::dhcp6 {

/// Whose lifetimes and IAs go into a message; what a client sends has no times (RFC 8415 §18.2.2).
enum class Naming : std::uint8_t {
  Hints,      // every IA, with its hint
  HeldHints,  // every IA, with what it holds, or its hint
  Held,       // every IA, with what it holds
  OnlyHeld    // IAs that hold something
};

class Bindings {
 public:
  struct Change {
    std::vector<Lease> withdrawn;  // with the lifetimes they had left
    bool changed = false;          // another set of leases than before
    bool covered = true;           // every IA that held something was spoken of
  };

  explicit Bindings(std::span<const Wanted> wanted);

  /// Leases of an earlier life; those of IAs that are not wanted are left out.
  void hold(std::span<const Lease> leases, Instant now);
  /// A Reply to Renew or Rebind: what it does not name stays as it is.
  Change update(std::span<const wire::dhcp6::Ia> ias, Instant now);
  /// A Reply to Request, or to Solicit: the server's whole knowledge; what it does not name is gone.
  Change replace(std::span<const wire::dhcp6::Ia> ias, Instant now);
  /// Takes out what has run out.
  std::vector<Lease> expire(Instant now);
  std::vector<Lease> clear(Instant now);

  bool empty() const;
  std::vector<Lease> leases(Instant now) const;
  std::vector<wire::dhcp6::Ia> named(Naming naming) const;
  /// Instant::max(): never.
  Instant t1() const;
  Instant t2() const;
  Instant next_expiry() const;

 private:
  struct Entry {
    Prefix prefix;
    Instant preferred_until;
    Instant valid_until;
  };
  struct Binding {
    Wanted wanted;
    Instant t1 = Instant::max();
    Instant t2 = Instant::max();
    std::vector<Entry> entries;
  };

  Binding* find(wire::dhcp6::IaType type, std::uint32_t iaid);
  /// Adds, lengthens, shortens and withdraws as the IA says.
  static void apply(Binding& to, const wire::dhcp6::Ia& ia, Instant now, Change& change);
  static void plan(Binding& binding, const wire::dhcp6::Ia& ia, Instant now);
  static Lease lease_of(const Binding& binding, const Entry& entry, Instant now);

  std::vector<Binding> bindings_;
};

}  // namespace michi::engine::dhcp6
