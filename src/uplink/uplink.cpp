#include "uplink/uplink.hpp"

#include <utility>

#include "uplink/ethernet/life.hpp"
#include "uplink/pppoe/life.hpp"

namespace michi::uplink {

Uplink::Uplink(model::UplinkConfig config, std::optional<Secret> secret, Random random,
               std::optional<model::SessionRecord> orphan, std::optional<HeldAddress> held)
    : random_(std::move(random)) {
  live(std::move(config), std::move(secret), std::move(orphan), held);
}

Uplink::~Uplink() = default;
Uplink::Uplink(Uplink&&) noexcept = default;
Uplink& Uplink::operator=(Uplink&&) noexcept = default;

void Uplink::live(model::UplinkConfig config, std::optional<Secret> secret, std::optional<model::SessionRecord> orphan,
                  std::optional<HeldAddress> held) {
  line_.reset();
  life_.reset();
  if (config.kind.is<model::PppoeConfig>())
    life_ = std::make_unique<Life>(std::move(config), std::move(secret), random_.fork(), std::move(orphan));
  else
    line_ = std::make_unique<EthernetLife>(std::move(config), held, random_.fork());
}

void Uplink::start(Instant now) {
  if (line_) return line_->start(now);
  if (life_->phase == Phase::Ending || life_->phase == Phase::Failed) {
    life_->redial("start", now);
  } else if (life_->phase == Phase::Down) {
    life_->back_offs.forget();
    life_->dial("start", now);
  }
  life_->settle(now);
}

void Uplink::stop(Instant now) {
  if (line_) return line_->stop(now);
  life_->stop(now);
  life_->settle(now);
}

void Uplink::redial(Instant now) {
  if (line_) return line_->redial("redial", now);
  life_->redial("redial", now);
  life_->settle(now);
}

Uplink::Applied Uplink::effect(const model::UplinkConfig& before, const model::UplinkConfig& after,
                               bool secret_changed) {
  if (&before.traits() != &after.traits()) return Applied::Redialled;
  if (!after.kind.is<model::PppoeConfig>()) return EthernetLife::effect(before, after);
  return effect_on_session(before, after, secret_changed);
}

Uplink::Applied Uplink::configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) {
  if (&config.traits() != &this->config().traits()) return change_kind(std::move(config), std::move(secret), now);
  if (line_) return line_->configure(std::move(config), now);
  return configure_session(std::move(config), std::move(secret), now);
}

/// A session has no time for Terminate-Request here: PADT alone has to do.
Uplink::Applied Uplink::change_kind(model::UplinkConfig config, std::optional<Secret> secret, Instant now) {
  const bool running = !settled_down();
  if (life_ && life_->row().session) {
    life_->close_session(Padt::Padt, "new configuration");
    life_->enter(Phase::Down, "new configuration", now);
    life_->settle(now);
  } else {
    stop(now);
  }
  std::list<Output> said;
  while (auto output = poll()) said.push_back(std::move(*output));
  auto orphan = take_orphan();
  auto memory = line_ ? line_->memory(now) : life_->memory(now);
  const model::UplinkFacts told = facts();
  live(std::move(config), std::move(secret), std::move(orphan), std::nullopt);
  // What the new life begins with, it takes for known.
  if (facts() != told) said.emplace_back(FactsChanged{facts()});
  leftover_outputs_ = std::move(said);
  recall(std::move(memory), now);
  if (running) start(now);
  return Applied::Redialled;
}

void Uplink::on_interface(std::optional<InterfaceFacts> facts, Instant now) {
  if (line_) return line_->on_interface(std::move(facts), now);
  life_->on_interface(std::move(facts), now);
  life_->settle(now);
}

void Uplink::on_frame(Bytes frame, Instant now) {
  if (line_) return line_->on_frame(frame, now);
  life_->hear(frame, now);
}

void Uplink::on_permit(Instant now) {
  if (line_) return;
  life_->on_permit(now);
  life_->settle(now);
}

void Uplink::on_traffic(std::uint64_t packets_in, Instant now) {
  if (line_) return;
  if (life_->ppp) life_->ppp->on_traffic(packets_in, now);
}

void Uplink::on_duplicate_address(bool duplicate, Instant now) {
  if (line_) return line_->on_duplicate_address(duplicate, now);
  life_->on_duplicate(duplicate, now);
  life_->settle(now);
}

void Uplink::recall(Ipv6Memory memory, Instant now) {
  if (line_) return line_->recall(std::move(memory), now);
  life_->recall(std::move(memory), now);
  life_->settle(now);
}

void Uplink::on_device(std::optional<Ipv6> link_local, Instant now) {
  if (line_) return line_->on_device(link_local, now);
  if (life_->device == link_local) return;
  life_->device = link_local;
  life_->settle(now);
}

void Uplink::on_datagram(const Heard& datagram, Instant now) {
  if (line_) return line_->on_datagram(datagram, now);
  if (life_->ipv6) life_->ipv6->on_datagram(datagram, now);
  life_->settle(now);
}

void Uplink::on_plane_fault(std::string text, Instant now) {
  if (line_) return;
  if (life_->giving_back)
    life_->finish_ending(Padt::Padt, "plane fault", now);
  else if (life_->facts.attached)
    life_->lose({FailureClass::Plane, model::Reason::PlaneFailed, std::move(text)}, Padt::Padt, "plane fault", now);
  life_->settle(now);
}

void Uplink::on_deadline(Instant now) {
  if (line_) return line_->on_deadline(now);
  life_->on_deadline(now);
  life_->settle(now);
}

std::optional<Instant> Uplink::next_deadline() const { return line_ ? line_->next_deadline() : life_->next_deadline(); }

std::optional<Output> Uplink::poll() {
  auto& said = leftover_outputs_.empty() && life_ ? life_->outputs : leftover_outputs_;
  if (said.empty()) return line_ ? line_->poll() : std::nullopt;
  Output out = std::move(said.front());
  said.pop_front();
  return out;
}

const model::UplinkFacts& Uplink::facts() const { return line_ ? line_->facts() : life_->facts; }
const model::UplinkConfig& Uplink::config() const { return line_ ? line_->config() : life_->config; }
std::string_view Uplink::phase() const { return line_ ? line_->phase() : life_->row().name; }
std::string Uplink::protocol_state() const { return line_ ? line_->protocol_state() : life_->protocol_state(); }
std::vector<std::string> Uplink::waiting_for() const { return line_ ? line_->waiting_for() : life_->waiting_for(); }
std::optional<Instant> Uplink::next_renewal(Instant now) const {
  if (line_) return line_->next_renewal(now);
  return life_->ipv6 ? life_->ipv6->next_renewal(now) : std::nullopt;
}

Ipv6Diagnosis Uplink::ipv6_diagnosis() const {
  const auto* side = line_ ? line_->ipv6() : life_->ipv6.get();
  return side ? side->diagnosis() : Ipv6Diagnosis{};
}

void Uplink::ask_again(Instant now) {
  if (line_) return line_->ask_again(now);
  if (!life_->ipv6) return;
  life_->ipv6->ask_again(now);
  life_->settle(now);
}

std::optional<model::SessionRecord> Uplink::take_orphan() {
  return life_ ? std::exchange(life_->orphan, std::nullopt) : std::nullopt;
}

bool Uplink::settled_down() const { return line_ ? line_->settled_down() : life_->phase == Phase::Down; }

}  // namespace michi::uplink
