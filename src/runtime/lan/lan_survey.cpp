#include "runtime/lan/lan_survey.hpp"

#include <utility>

#include "wire/ether.hpp"

namespace michi::runtime {

namespace {

/// Offers are few; what a flood leaves behind waits for the next turn.
constexpr std::size_t kFramesPerTurn = 64;

}  // namespace

LanSurvey::LanSurvey(std::unique_ptr<port::FrameSocket> socket, const Mac& local, Random random)
    : socket_(std::move(socket)), local_(local), survey_(local, std::move(random)) {}

void LanSurvey::start(Instant now) {
  survey_.start(now);
  send();
}

bool LanSurvey::turn(Instant now) {
  std::size_t taken = 0;
  for (; socket_ && taken < kFramesPerTurn; ++taken) {
    const auto frame = socket_->poll();
    if (!frame) break;
    const auto parsed = wire::ether::parse_frame(*frame);
    if (parsed && parsed->header.type == wire::ether::kTypeIpv4)
      survey_.on_ip_frame(parsed->payload, parsed->header.source);
  }
  survey_.on_deadline(now);
  send();
  return taken == kFramesPerTurn;
}

void LanSurvey::finish() {
  survey_.stop();
  socket_.reset();
}

void LanSurvey::send() {
  while (const auto packet = survey_.poll()) {
    Writer frame;
    wire::ether::write_header(frame, {Mac::broadcast(), local_, wire::ether::kTypeIpv4});
    frame.put(*packet);
    // A question that the kernel refuses is one that nobody answers; there is a second one.
    if (socket_) std::ignore = socket_->send(frame.view(), port::Priority::Normal);
  }
}

}  // namespace michi::runtime
