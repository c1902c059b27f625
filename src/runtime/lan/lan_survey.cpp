#include "runtime/lan/lan_survey.hpp"

#include <utility>

#include "wire/ether.hpp"

namespace michi::runtime {

LanSurvey::LanSurvey(Channels& channels, std::string lan, std::string device, const Mac& local, Random random)
    : channels_(channels),
      lan_(std::move(lan)),
      device_(std::move(device)),
      local_(local),
      survey_(local, std::move(random)) {}

bool LanSurvey::start(Instant now) {
  channels_.want(owner(), {{.id = channel()}}, now);
  if (!channels_.is_open(channel())) {
    channels_.want(owner(), {}, now);
    return false;
  }
  survey_.start(now);
  send();
  return true;
}

void LanSurvey::turn(Instant now) {
  channels_.take_frames(channel(), Channels::Look::WhereTold, [&](const ByteVec& frame) {
    const auto parsed = wire::ether::parse_frame(frame);
    if (parsed && parsed->header.type == wire::ether::kTypeIpv4)
      survey_.on_ip_frame(parsed->payload, parsed->header.source);
  });
  survey_.on_deadline(now);
  send();
}

void LanSurvey::finish(Instant now) {
  survey_.stop();
  channels_.want(owner(), {}, now);
}

void LanSurvey::send() {
  while (const auto packet = survey_.poll()) {
    Writer frame;
    wire::ether::write_header(frame, {Mac::broadcast(), local_, wire::ether::kTypeIpv4});
    frame.put(*packet);
    // A question that the kernel refuses is one that nobody answers; there is a second one.
    std::ignore = channels_.send(channel(), frame.view(), port::Priority::Normal);
  }
}

}  // namespace michi::runtime
