#include "kit/toy_life.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kit/toy_kind.hpp"

namespace michi::kit {

namespace {

constexpr std::uint32_t kFirstInner = 0xc6120001;  // 198.18.0.1
const Ipv6 kRemote = *parse_ipv6("2001:db8:ffff::1");

const model::PrefixFacts* prefix_of(const std::optional<model::UplinkFacts>& parent) {
  return parent && !parent->prefixes.empty() ? &parent->prefixes.front() : nullptr;
}

std::unique_ptr<uplink::Life> make(uplink::Beginning beginning) {
  return std::make_unique<ToyLife>(std::move(beginning));
}

uplink::Applied effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool) {
  return before.over == after.over && before.kind == after.kind ? uplink::Applied::InPlace : uplink::Applied::Redialled;
}

}  // namespace

ToyLife::ToyLife(uplink::Beginning beginning) : config_(std::move(beginning.config)), machine_(config_.id) {
  machine_.facts().reason = model::Reason::NotStarted;
  machine_.take_for_known();
}

void ToyLife::recall(uplink::Ipv6Memory memory, Instant) {
  memory_ = std::move(memory);
  machine_.want({});
}

void ToyLife::start(Instant now) {
  if (!machine_.is(ToyPhase::Down)) return;
  machine_.set_reason(model::Reason::ParentDown);
  machine_.enter(ToyPhase::WaitParent, "start", now);
  follow("start", now);
}

void ToyLife::stop(Instant now) {
  if (machine_.is(ToyPhase::Down)) return;
  machine_.set_reason(model::Reason::NotStarted);
  go(ToyPhase::Down, "stop", now);
}

void ToyLife::redial(Instant now) {
  stop(now);
  start(now);
}

uplink::Applied ToyLife::configure(model::UplinkConfig config, std::optional<Secret>, Instant now) {
  const auto applied = effect(config_, config, false);
  const bool moved = config_.over != config.over;
  config_ = std::move(config);
  if (moved) parent_.reset();
  if (applied == uplink::Applied::Redialled && !machine_.is(ToyPhase::Down)) redial(now);
  return applied;
}

void ToyLife::on_underlay(const model::UplinkFacts* parent, Instant now) {
  parent_ = parent == nullptr ? std::nullopt : std::optional(*parent);
  follow("parent", now);
}

ToyPhase ToyLife::wanted() const {
  if (!parent_ || !parent_->usable(Family::V6)) return ToyPhase::WaitParent;
  const auto* prefix = prefix_of(parent_);
  if (prefix == nullptr) return ToyPhase::WaitParent;
  return prefix->confirmed ? ToyPhase::Up : ToyPhase::Stale;
}

void ToyLife::follow(std::string_view on, Instant now) {
  if (machine_.is(ToyPhase::Down)) return;
  const auto next = wanted();
  const auto reason = parent_ ? std::string(to_text(parent_->reason)) : std::string("there is none of this name");
  machine_.set_reason(next == ToyPhase::Up ? model::Reason::None : model::Reason::ParentDown,
                      next == ToyPhase::Up ? "" : fmt::format("{}: {}", config_.parent()->name, reason));
  go(next, on, now);
}

void ToyLife::go(ToyPhase next, std::string_view on, Instant now) {
  if (!machine_.is(next)) machine_.enter(next, on, now);
  compose();
  machine_.publish();
}

/// All of it follows from the parent's prefix.
void ToyLife::compose() {
  auto& facts = machine_.facts();
  facts.attached = machine_.is(ToyPhase::Up);
  facts.v4.reset();
  facts.outer.clear();
  facts.mtu = 0;
  const auto* prefix = prefix_of(parent_);
  if (prefix == nullptr || machine_.is_any(ToyPhase::Down, ToyPhase::WaitParent)) return;
  Ipv6 outside = *prefix->prefix.address.v6();
  outside.octets[15] = 0x70;
  facts.outer.push_back({.address = outside, .remote = kRemote});
  if (!machine_.is(ToyPhase::Up)) return;
  facts.mtu = 1460;
  facts.v4 = model::Ipv4Facts{.local = Ipv4{kFirstInner}, .peer = {}, .dns = {}};
}

std::vector<std::string> ToyLife::waiting_for() const {
  if (machine_.is_any(ToyPhase::Down, ToyPhase::Up)) return {};
  return {fmt::format("uplink {}: {}", config_.parent()->name,
                      parent_ ? to_text(parent_->reason) : std::string_view("there is none of this name"))};
}

uplink::Kind toy_life() { return {&ToyConfig::kTraits, make, effect}; }

uplink::Kinds lives_with_toy() {
  static const std::vector<uplink::Kind> kinds = [] {
    const auto standard = uplink::standard_kinds();
    std::vector<uplink::Kind> all(standard.begin(), standard.end());
    all.push_back(toy_life());
    return all;
  }();
  return kinds;
}

}  // namespace michi::kit
