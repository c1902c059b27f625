#include "reconcile/firewall.hpp"

#include <fmt/format.h>

#include <utility>

namespace michi::reconcile {

namespace {

// FNV-1a; it tells our own texts apart, nobody attacks it.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0);
  }
  std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t octet) { value_ = (value_ ^ octet) * 0x100000001b3u; }
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace

FirewallKeeper::FirewallKeeper(model::NftFamily family, std::optional<RememberFirewall> remembered)
    : family_(family),
      name_(fmt::format("table {} michi", to_text(family))),
      object_(describe(model::Operation{model::CommitRules{.text = {}, .table = family}})),
      remembered_(std::move(remembered)) {}

void FirewallKeeper::want(model::NftTable table, Shares::Maps shares) {
  for (const auto& [map, elements] : shares) table.elements.erase(map);
  wanted_ = std::move(table);
  shares_.want(std::move(shares));
}

bool FirewallKeeper::idle() const {
  const bool none_seen = !seen_ || seen_->empty();
  const bool none_put = !in_flight_ && (!committed_ || committed_->structure.empty());
  return wants_nothing() && none_seen && none_put;
}

std::string hash_of(const model::NftTable& table) {
  Hash hash;
  hash.add(table.structure);
  for (const auto& [set, members] : table.elements) {
    hash.add(set);
    for (const auto& member : members) hash.add(member);
    hash.add("");
  }
  return fmt::format("{:016x}", hash.value());
}

void FirewallKeeper::learn_listing(const std::string& hash) {
  awaits_listing_ = false;
  listing_by_.reset();
  if (std::exchange(remembered_now_, true) && listed_ == hash) return;
  listed_ = hash;
  if (committed_) memory_ = RememberFirewall{hash_of(*committed_), hash, family_};
}

bool FirewallKeeper::on_table_seen(const std::string& hash, bool ours, const std::string& writer, Instant now) {
  std::ignore = now;
  seen_ = hash;
  if (!started_) return true;
  if (ours) {
    if (!in_flight_ && !damaged_ && !awaits_listing_ && remembered_now_ && listed_ == hash) return false;
    // A whole table undoes whatever came before it; a delta may stand on somebody's change.
    if (whole_) damaged_ = false;
    if (in_flight_) {
      listed_ = hash;  // on_done() decides whether it was this commit
    } else if (committed_) {
      learn_listing(hash);
    }
    return true;
  }
  // The listing holds chains and rules. Where nobody wrote, the same listing is the same table; a
  // writer with the same listing changed members.
  if (writer.empty() && listed_ == hash) return true;
  if (writer.empty() && (in_flight_ || awaits_listing_) && before_commit_ == hash) return true;
  writer_ = writer;
  damaged_ = true;
  return true;
}

// At start the first listing decides between adopting and replacing.
bool FirewallKeeper::settle_start(Pass& pass) {
  if (started_) return true;
  if (!seen_ && remembered_) {
    if (!decide_by_) decide_by_ = pass.now + kFactsLag;
    if (pass.now < *decide_by_) {
      pass.waiting = true;
      pass.wake_at(*decide_by_);
      return false;
    }
  }
  started_ = true;
  if (!seen_) return true;
  if (seen_->empty() && wants_nothing()) {
    committed_ = wanted_;
  } else if (remembered_ && remembered_->listed_hash == *seen_ && remembered_->wanted_hash == hash_of(wanted_)) {
    committed_ = wanted_;
    listed_ = *seen_;
    remembered_now_ = true;
    shares_.adopt();  // what was remembered tells nothing of their members
  }
  return true;
}

std::optional<std::string> FirewallKeeper::next(Pass& pass) {
  if (!settle_start(pass)) return std::nullopt;
  if (in_flight_) {
    pass.waiting = true;
    pass.book.touch(object_);
    return std::nullopt;
  }
  if (waits_for_shares(pass)) return std::nullopt;
  if (damaged_ && awaits_listing_) {
    // Perhaps it is our own commit that was seen on its way.
    if (pass.now < *listing_by_) {
      pass.waiting = true;
      pass.wake_at(*listing_by_);
      return std::nullopt;
    }
    awaits_listing_ = false;
  }
  if (pass.repairs && std::exchange(left_, false)) damaged_ = true;
  if (damaged_ && committed_ && !pass.repairs && !wants_nothing()) {
    if (!std::exchange(left_, true)) leave(name_, writer_, pass);
    damaged_ = false;
  }
  if (damaged_ && committed_ && !(wants_nothing() && seen_ && seen_->empty())) {
    if (!held_ || !budget_.paused(pass.now)) {
      held_ = !repair(budget_, incident_, name_, writer_, pass);
    }
    if (held_) {
      pass.blocked = true;
      pass.wake_at(*budget_.paused_until());
      return std::nullopt;
    }
    committed_.reset();
    repairing_ = true;
  }
  damaged_ = false;
  if (table_right() && shares_settled()) return std::nullopt;
  if (!pass.book.may_try(object_, pass.now)) {
    pass.blocked = true;
    return std::nullopt;
  }
  auto commit = text(anew());
  if (commit.empty()) {  // the same table in other words: a set without members came or went
    committed_ = wanted_;
    shares_.submitted(Shares::Extent::Changed);
    shares_.on_done(true);
    return std::nullopt;
  }
  whole_ = anew() || wants_nothing();
  before_commit_ = std::exchange(listed_, std::nullopt);
  return commit;
}

// One transaction after the other: what is to follow depends on whether the members under way arrive.
bool FirewallKeeper::waits_for_shares(Pass& pass) {
  if (!shares_in_flight_) return false;
  const bool has_work = damaged_ || (left_ && pass.repairs) || !table_right();
  if (!has_work) return false;
  pass.waiting = pass_waits_for_shares_ = true;
  return true;
}

std::string FirewallKeeper::text(bool whole) const {
  auto text = firewall_text(whole ? std::nullopt : committed_, wanted_, family_);
  if (!wants_nothing()) text += whole ? shares_.filling(family_) : shares_.change(family_);
  return text;
}

void FirewallKeeper::submitted() {
  in_flight_ = wanted_;
  shares_.submitted(whole_ ? Shares::Extent::All : Shares::Extent::Changed);
}

std::optional<std::string> FirewallKeeper::next_shares() {
  if (!committed_ || in_flight_ || shares_in_flight_ || damaged_ || left_ || shares_.other_maps()) return std::nullopt;
  auto change = shares_.change(family_);
  shares_.submitted(Shares::Extent::Changed);
  shares_in_flight_ = !change.empty();
  if (shares_in_flight_) return change;
  shares_.on_done(true);
  return std::nullopt;
}

bool FirewallKeeper::on_shares_done(bool success) {
  shares_in_flight_ = false;
  shares_.on_done(success);
  if (!success && !damaged_) {  // it is not the table that was thought to be there
    committed_.reset();
    repairing_ = true;
  }
  return std::exchange(pass_waits_for_shares_, false) || !success;
}

void FirewallKeeper::on_done(bool success, Instant now) {
  shares_.on_done(success);
  if (!success) {
    in_flight_.reset();
    committed_.reset();
    return;
  }
  committed_ = std::exchange(in_flight_, std::nullopt);
  remembered_now_ = false;
  if (whole_) left_ = false;  // members alone mend nothing
  if (std::exchange(repairing_, false)) repaired_ = true;
  if (listed_) {
    learn_listing(*listed_);
  } else {
    awaits_listing_ = true;
    listing_by_ = now + kFactsLag;
  }
}

bool FirewallKeeper::take_repaired() { return std::exchange(repaired_, false); }

std::optional<RememberFirewall> FirewallKeeper::take_memory() { return std::exchange(memory_, std::nullopt); }

std::string FirewallKeeper::plan() const {
  if (table_right() && shares_.right() && !damaged_ && !left_) return "";
  if (!committed_ && wants_nothing() && seen_ && seen_->empty()) return "";
  return text(damaged_ || left_ || anew());
}

}  // namespace michi::reconcile
