// What the operator can ask of a running Core.

#include <fmt/format.h>

#include <algorithm>

#include "runtime/core/core.hpp"

namespace michi::runtime {

namespace {

constexpr Duration kLongestEnding = seconds(5);

}  // namespace

std::optional<Secret> secret_of(const model::Secrets& secrets, const std::string& uplink) {
  auto at = secrets.find(uplink);
  return at == secrets.end() ? std::nullopt : std::optional(at->second);
}

Core::Answer Core::command(const std::string& uplink, Uplinks::Command what) {
  if (ending() && what != Uplinks::Command::Stop) return Answer::Ending;
  now_ = doors_.alarm.now();
  if (!uplinks_.command(uplink, what, now_)) return Answer::UnknownUplink;
  say(uplinks_);
  schedule_();
  return Answer::Done;
}

std::vector<UplinkChange> Core::preview(const model::Config& next, const model::Secrets& secrets) const {
  using Kind = UplinkChange::Kind;
  std::vector<UplinkChange> changes;
  for (const auto& before : config_->uplinks)
    if (!next.find(before.id)) changes.push_back({before.id.name, Kind::Removed});
  for (const auto& after : next.uplinks) {
    const auto* before = config_->find(after.id);
    if (!before) {
      changes.push_back({after.id.name, Kind::Added});
      continue;
    }
    const auto old_secret = secret_of(secrets_, after.id.name);
    const auto new_secret = secret_of(secrets, after.id.name);
    const bool secret_changed =
        old_secret.has_value() != new_secret.has_value() || (old_secret && !old_secret->same_as(*new_secret));
    if (*before == after && !secret_changed) continue;
    const auto effect = uplinks_.effect(*before, after, secret_changed);
    changes.push_back({after.id.name, effect == uplink::Applied::InPlace ? Kind::InPlace : Kind::Redialled});
  }
  return changes;
}

std::vector<UplinkChange> Core::apply(model::ConfigPtr next, model::Secrets secrets,
                                      std::optional<Duration> confirm_within) {
  using Kind = UplinkChange::Kind;
  now_ = doors_.alarm.now();
  auto changes = preview(*next, secrets);
  if (!confirm_within) {
    rollback_.reset();
  } else {
    // Several unconfirmed ones in a row: the way back leads to the last that was confirmed.
    if (!rollback_) rollback_ = Rollback{config_, secrets_, now_};
    rollback_->at = now_ + *confirm_within;
  }
  config_ = std::move(next);
  secrets_ = std::move(secrets);
  uplinks_.gate().configure(config_->global.padi_burst, config_->global.padi_interval);
  hooks_.on_config(*config_, now_);
  decider_.configure(config_, now_);
  decider_.keep(keeper_);
  for (const auto& change : changes) {
    const auto* config = config_->find(model::UplinkId{change.uplink});
    switch (change.kind) {
      case Kind::Added:
        uplinks_.add(*config, secret_of(secrets_, change.uplink), records_.take(change.uplink), now_);
        break;
      case Kind::Removed:
        uplinks_.remove(change.uplink, now_);
        break;
      case Kind::InPlace:
      case Kind::Redialled:
        uplinks_.configure(*config, secret_of(secrets_, change.uplink), now_);
        break;
    }
  }
  say(uplinks_);
  resolver_.on_config(*config_, now_);
  say(resolver_);
  on_kernel();
  pass_through_.on_config(*config_, now_);
  say(pass_through_);
  policy_dirty_ = true;
  schedule_();
  return changes;
}

bool Core::confirm() {
  if (!rollback_) return false;
  rollback_.reset();
  events_({model::Severity::Notice, "reload.confirmed", "", "the new configuration is confirmed", {}}, now_);
  return true;
}

void Core::stop() {
  if (ending()) return;
  stage_ = Stage::Stopping;
  end(Ending::Stop);
}

void Core::flush() {
  stage_ = Stage::Flushing;
  end_desired_ = false;
  end(Ending::Flush);
}

void Core::end(Ending how) {
  now_ = doors_.alarm.now();
  rollback_.reset();
  give_up_at_ = now_ + kLongestEnding;
  // The hosts of the LANs hear of it first.
  for (Part* part : {static_cast<Part*>(&lans_), static_cast<Part*>(&pass_through_), static_cast<Part*>(&uplinks_),
                     static_cast<Part*>(&resolver_)}) {
    part->end(how, now_);
    say(*part);
  }
  policy_dirty_ = true;
  schedule_();
}

bool Core::done() const {
  return running_ && std::ranges::all_of(parts_, [](const Part* part) { return part->idle(); }) && !policy_dirty_ &&
         !observed_dirty_ && reconciler_.settled();
}

bool Core::stopped() const { return ending() && (done() || gave_up()); }

bool Core::gave_up() const { return !done() && give_up_at_ && doors_.alarm.now() >= *give_up_at_; }

std::vector<model::Event> Core::warnings() const {
  if (!running_ || !config_) return {};
  return decider_.warnings(view_.observed(), doors_.files);
}

}  // namespace michi::runtime
