#pragma once
// What one table of michi's should be, what was committed, and how the kernel lists it.
//
// Adopts a table that an earlier run committed and nobody changed; else replaces it whole. After
// that it works by deltas. A change by somebody else costs the whole table again, and of `inet michi` the
// flows that were born without translation. Applies nothing itself.

#include <optional>
#include <string>

#include "reconcile/ledger.hpp"
#include "reconcile/shares.hpp"

namespace michi::reconcile {

class FirewallKeeper {
 public:
  explicit FirewallKeeper(model::NftFamily family, std::optional<RememberFirewall> remembered = std::nullopt);

  void want(model::NftTable table, Shares::Maps shares = {});
  /// False: as is known already, there is nothing to conclude.
  bool on_table_seen(const std::string& hash, bool ours, const std::string& writer, Instant now);
  /// The text to commit now, if any; the caller submits it and tells.
  std::optional<std::string> next(Pass& pass);
  void submitted();
  void on_done(bool success, Instant now);

  /// Members of one of the maps that `shares` named. next_shares() is the text to commit for them now, without a pass;
  /// none while the table does not stand or something of it is under way: then the next commit brings them. The caller
  /// submits it and tells.
  void want_shares(const std::string& map, Shares::Elements elements) { shares_.want(map, std::move(elements)); }
  std::optional<std::string> next_shares();
  /// True when a pass is needed.
  bool on_shares_done(bool success);

  /// The table is as wanted, as far as we know.
  bool right() const { return !in_flight_ && table_right() && shares_settled(); }
  /// Rules stand, though newer ones may be on their way.
  bool stands() const { return committed_.has_value(); }
  bool wants_nothing() const { return wanted_.structure.empty(); }
  /// Nothing is wanted, and nothing was ever seen there or put there: the kernel need not even know such tables.
  bool idle() const;
  /// A damaged table was put back: flows born meanwhile have no translation.
  bool take_repaired();
  std::optional<RememberFirewall> take_memory();
  /// What is to change, for `plan`; empty when nothing.
  std::string plan() const;

 private:
  bool settle_start(Pass& pass);
  bool table_right() const { return committed_ && *committed_ == wanted_ && !shares_.other_maps(); }
  /// Of a table that is left as somebody made it they are not looked after.
  bool shares_settled() const { return left_ || shares_in_flight_ || shares_.right(); }
  bool waits_for_shares(Pass& pass);
  bool anew() const { return !committed_ || shares_.other_maps() || committed_->structure != wanted_.structure; }
  std::string text(bool whole) const;
  void learn_listing(const std::string& hash);

  model::NftFamily family_;
  std::string name_;    // "table inet michi"
  std::string object_;  // its commits, in words
  model::NftTable wanted_;
  std::optional<model::NftTable> committed_;  // nullopt: unknown, or damaged
  std::optional<model::NftTable> in_flight_;
  std::optional<RememberFirewall> remembered_;
  std::optional<std::string> seen_;           // the last listing
  std::optional<std::string> listed_;         // how our last commit is listed
  std::optional<std::string> before_commit_;  // how the one before it was listed
  bool whole_ = false;                        // the last commit replaced the table
  std::optional<Instant> decide_by_;          // at start: how long a listing is waited for
  bool started_ = false;
  bool awaits_listing_ = false;  // committed, and its listing has not come
  std::optional<Instant> listing_by_;
  std::string writer_;
  bool damaged_ = false;
  bool held_ = false;
  bool left_ = false;  // damaged, told, and not to be repaired
  bool repairing_ = false;
  bool repaired_ = false;
  std::uint32_t incident_ = 0;
  DamageBudget budget_;
  std::optional<RememberFirewall> memory_;
  bool remembered_now_ = false;  // the table that stands, as it is listed
  Shares shares_;
  bool shares_in_flight_ = false;
  bool pass_waits_for_shares_ = false;
};

/// Stands for a wanted table in RememberFirewall.
std::string hash_of(const model::NftTable& table);

}  // namespace michi::reconcile
