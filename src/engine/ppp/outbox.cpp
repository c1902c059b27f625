#include "engine/ppp/outbox.hpp"

#include <algorithm>
#include <variant>

namespace michi::engine::ppp {

namespace {

bool is_answer(wire::ppp::Protocol protocol, wire::control::Code code) {
  using wire::control::Code;
  using wire::ppp::Protocol;
  if (protocol == Protocol::Pap) return false;
  if (protocol == Protocol::Chap) return code == Code{2};  // Response
  return code == Code::ConfigureAck || code == Code::ConfigureNak || code == Code::ConfigureReject ||
         code == Code::TerminateAck || code == Code::CodeReject || code == Code::ProtocolReject ||
         code == Code::EchoReply;
}

}  // namespace

void Outbox::earn(Instant now) {
  if (!earned_at_) earned_at_ = now;
  const auto fresh = (now - *earned_at_) / kAnswerEarned;
  answers_ = static_cast<unsigned>(std::min<std::int64_t>(kMostAnswers, answers_ + fresh));
  *earned_at_ += fresh * kAnswerEarned;
}

bool Outbox::withholds(wire::ppp::Protocol protocol, wire::control::Code code) {
  if (!is_answer(protocol, code)) return false;
  if (answers_ > 0) return --answers_, false;
  ++counters.withheld;
  return true;
}

void Outbox::send(wire::ppp::Protocol protocol, wire::control::Code code, std::uint8_t id, Bytes data,
                  Urgency urgency) {
  if (cut_ || full() || withholds(protocol, code)) return;
  Writer frame;
  wire::ppp::write_protocol(frame, protocol);
  wire::control::write_packet(frame, code, id, data);
  queue_.push_back(SendFrame{std::move(frame).take(), urgency == Urgency::Urgent});
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
