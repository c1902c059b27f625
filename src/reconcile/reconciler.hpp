#pragma once
// Desired against observed → ordered operations, again and again, until they agree.
//
// An engine over the doors: it is told what is wanted and what the kernel shows, and says what to do
// next. Order: device → attach → address → route → rule → firewall → sysctl → move flows; backwards
// on removal, and new before old gone (make before break). It adopts what is right, repairs what is
// not, never touches an object that is not michi's, and never loops: a repair that does not hold is
// retried with growing pauses, at most five foreign damages are repaired in ten seconds.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "model/operation.hpp"

namespace michi::reconcile {

/// An operation for its door; its completion comes back with the ticket.
struct Do {
  std::uint64_t ticket;
  model::Operation operation;
};
/// Desired and observed agree; reported once per change.
struct Settled {};
/// Remember this of a table across a restart: what was committed and how the kernel lists it.
struct RememberFirewall {
  std::string wanted_hash;
  std::string listed_hash;
  model::NftFamily table = model::NftFamily::Inet;
};
using Output = std::variant<Do, Settled, RememberFirewall, model::Event>;

class Reconciler {
 public:
  /// `remembered`: the last RememberFirewall of each table in an earlier run.
  explicit Reconciler(std::vector<RememberFirewall> remembered = {});
  ~Reconciler();

  void on_desired(model::Desired desired, Instant now);
  /// The members of one map that the last Desired names in `shares`: taken at once, without a pass, as a change of
  /// that map's members alone. The last word counts: a later Desired says them again, or other ones. Of a map that it
  /// does not name nothing is taken.
  void on_shares(const std::string& map, std::set<std::string> elements, Instant now);
  /// The owner keeps Observed up to date and calls this after every batch of facts. It is not copied:
  /// the same object must live as long as the Reconciler, or until another one is given.
  void on_observed(const model::Observed& observed, Instant now);
  void on_table_seen(model::NftFamily table, const std::string& hash, bool ours, const std::string& writer,
                     Instant now);
  void on_done(std::uint64_t ticket, std::optional<std::string> error, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<Output> poll();

  bool settled() const;
  /// Rules of this table are in force, though newer ones may be on their way.
  bool stands(model::NftFamily table) const;
  /// And they are those wanted last.
  bool right(model::NftFamily table) const;
  /// The difference as text, one line an object: "+ route …", "- rule …", "~ nft …" (`michi plan`).
  std::vector<std::string> plan() const;
  /// Everything of michi's that is observed, for `michi flush`: desired becomes empty.
  static model::Desired nothing();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The nft text that turns `before` (nullopt: unknown, or damaged) into `after`, in one transaction.
std::string firewall_text(const std::optional<model::NftTable>& before, const model::NftTable& after,
                          model::NftFamily family = model::NftFamily::Inet);
/// The text that removes the table.
std::string firewall_removal(model::NftFamily family = model::NftFamily::Inet);

}  // namespace michi::reconcile
