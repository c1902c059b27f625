#include "uplink/uplink.hpp"

#include <utility>

#include "uplink/life.hpp"

namespace michi::uplink {

Uplink::Uplink(model::UplinkConfig config, std::optional<Secret> secret, Random random,
               std::optional<model::SessionRecord> orphan)
    : life_(std::make_unique<Life>(std::move(config), std::move(secret), std::move(random), std::move(orphan))) {}
Uplink::~Uplink() = default;
Uplink::Uplink(Uplink&&) noexcept = default;
Uplink& Uplink::operator=(Uplink&&) noexcept = default;

void Uplink::start(Instant now) {
  if (life_->phase == Phase::Ending || life_->phase == Phase::Failed) {
    life_->redial("start", now);
  } else if (life_->phase == Phase::Down) {
    life_->back_offs.forget();
    life_->dial("start", now);
  }
  life_->settle(now);
}

void Uplink::stop(Instant now) {
  life_->stop(now);
  life_->settle(now);
}

void Uplink::redial(Instant now) {
  life_->redial("redial", now);
  life_->settle(now);
}

void Uplink::on_interface(std::optional<InterfaceFacts> facts, Instant now) {
  life_->on_interface(std::move(facts), now);
  life_->settle(now);
}

void Uplink::on_frame(Bytes frame, Instant now) {
  life_->on_frame(frame, now);
  life_->settle(now);
}

void Uplink::on_turn(Instant now) {
  life_->on_turn(now);
  life_->settle(now);
}

void Uplink::on_traffic(std::uint64_t packets_in, Instant now) {
  if (life_->ppp) life_->ppp->on_traffic(packets_in, now);
  life_->settle(now);
}

void Uplink::on_duplicate_address(bool duplicate, Instant now) {
  life_->on_duplicate(duplicate, now);
  life_->settle(now);
}

void Uplink::recall(Ipv6Memory memory, Instant now) {
  life_->recall(std::move(memory), now);
  life_->settle(now);
}

void Uplink::on_device(std::optional<Ipv6> link_local, Instant now) {
  if (life_->device == link_local) return;
  life_->device = link_local;
  life_->settle(now);
}

void Uplink::on_datagram(const Heard& datagram, Instant now) {
  if (life_->ipv6) life_->ipv6->on_datagram(datagram, now);
  life_->settle(now);
}

void Uplink::on_plane_fault(std::string text, Instant now) {
  if (life_->giving_back)
    life_->finish_ending(Farewell::Padt, "plane fault", now);
  else if (life_->facts.attached)
    life_->lose({FailureClass::Plane, model::Reason::PlaneFailed, std::move(text)}, Farewell::Padt, "plane fault", now);
  life_->settle(now);
}

void Uplink::on_deadline(Instant now) {
  life_->on_deadline(now);
  life_->settle(now);
}

std::optional<Instant> Uplink::next_deadline() const { return life_->next_deadline(); }

std::optional<Output> Uplink::poll() {
  if (life_->outputs.empty()) return std::nullopt;
  Output out = std::move(life_->outputs.front());
  life_->outputs.pop_front();
  return out;
}

const model::UplinkFacts& Uplink::facts() const { return life_->facts; }
const model::UplinkConfig& Uplink::config() const { return life_->config; }
std::string_view Uplink::phase() const { return life_->row().name; }
std::string Uplink::protocol_state() const { return life_->protocol_state(); }
std::optional<Instant> Uplink::next_renewal(Instant now) const {
  return life_->ipv6 ? life_->ipv6->next_renewal(now) : std::nullopt;
}
Ipv6Diagnosis Uplink::ipv6_diagnosis() const { return life_->ipv6 ? life_->ipv6->diagnosis() : Ipv6Diagnosis{}; }
void Uplink::ask_again(Instant now) {
  if (!life_->ipv6) return;
  life_->ipv6->ask_again(now);
  life_->settle(now);
}
std::vector<std::string> Uplink::waiting_for() const { return life_->waiting_for(); }
std::optional<model::SessionRecord> Uplink::take_orphan() { return std::exchange(life_->orphan, std::nullopt); }

bool Uplink::settled_down() const { return life_->phase == Phase::Down; }

}  // namespace michi::uplink
