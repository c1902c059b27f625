#include "uplink/uplink.hpp"

#include <algorithm>

#include "base/invariant.hpp"

namespace michi::uplink {
namespace {

const Kind& kind_of(const model::UplinkConfig& config, Kinds kinds) {
  const auto at = std::ranges::find(kinds, &config.traits(), &Kind::traits);
  MICHI_INVARIANT(at != kinds.end(), "a kind of uplink is in the table of kinds");
  return *at;
}

}  // namespace

Uplink::Uplink(Beginning beginning, Kinds kinds) : kinds_(kinds), random_(std::move(beginning.random)) {
  beginning.random = random_.fork();
  const Kind& kind = kind_of(beginning.config, kinds_);
  life_ = kind.make(std::move(beginning));
}

Applied Uplink::effect(const model::UplinkConfig& before, const model::UplinkConfig& after, bool secret_changed,
                       Kinds kinds) {
  if (&before.traits() != &after.traits()) return Applied::Redialled;
  return kind_of(after, kinds).effect(before, after, secret_changed);
}

Applied Uplink::configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) {
  if (&config.traits() == &this->config().traits()) return life_->configure(std::move(config), std::move(secret), now);
  return change_kind({.config = std::move(config), .secret = std::move(secret), .random = random_.fork()}, now);
}

Applied Uplink::change_kind(Beginning beginning, Instant now) {
  const bool running = !settled_down();
  life_->abandon(now);
  std::list<Output> said;
  while (auto output = poll()) said.push_back(std::move(*output));
  beginning.orphan = take_orphan();
  auto memory = life_->memory(now);
  const model::UplinkFacts told = facts();
  const Kind& kind = kind_of(beginning.config, kinds_);
  life_ = kind.make(std::move(beginning));
  // What the new life begins with, it takes for known.
  if (facts() != told) said.emplace_back(FactsChanged{facts()});
  leftover_outputs_ = std::move(said);
  recall(std::move(memory), now);
  if (running) start(now);
  return Applied::Redialled;
}

std::optional<Output> Uplink::poll() {
  if (leftover_outputs_.empty()) return life_->poll();
  Output out = std::move(leftover_outputs_.front());
  leftover_outputs_.pop_front();
  return out;
}

}  // namespace michi::uplink
