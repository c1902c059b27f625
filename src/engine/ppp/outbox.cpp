#include "engine/ppp/outbox.hpp"

#include <variant>

namespace michi::engine::ppp {

void Outbox::send(wire::ppp::Protocol protocol, wire::control::Code code, std::uint8_t id, Bytes data,
                  Urgency urgency) {
  if (cut_ || full()) return;
  const ByteVec packet = wire::control::write_packet(code, id, data);
  queue_.push_back(SendFrame{wire::ppp::write_frame(protocol, packet), urgency == Urgency::Urgent});
  ++counters.frames_out;
}

void Outbox::edge(std::string text) {
  if (!full()) queue_.push_back(Edge{std::move(text)});
}

std::optional<Output> Outbox::poll() {
  if (queue_.empty()) return std::nullopt;
  Output out = std::move(queue_.front());
  queue_.pop_front();
  return out;
}

void Outbox::cut() {
  cut_ = true;
  std::erase_if(queue_, [](const Output& output) { return std::holds_alternative<SendFrame>(output); });
}

}  // namespace michi::engine::ppp
