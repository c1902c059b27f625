#include "lab/ac/setup_clock.hpp"

#include "wire/pppoe.hpp"

namespace michi::lab {

namespace pppoe = wire::pppoe;

namespace {
constexpr std::size_t kAttempts = 4096;
}  // namespace

void SetupClock::on_frame(Bytes frame, Instant now) {
  const auto framed = pppoe::parse_frame(frame);
  if (!framed || framed->header.type != wire::ether::kTypePppoeDiscovery) return;
  const pppoe::Code code = framed->packet.code;
  if (code != pppoe::Code::Padi && code != pppoe::Code::Pado && code != pppoe::Code::Pads) return;
  const auto tags = pppoe::parse_tags(framed->packet.payload);
  if (!tags) return;
  const pppoe::Tag* unique = pppoe::find_tag(*tags, pppoe::TagType::HostUniq);
  const Attempt attempt{code == pppoe::Code::Padi ? framed->header.source : framed->header.destination,
                        unique != nullptr ? unique->value : ByteVec{}};
  if (code == pppoe::Code::Padi) {
    // A repeated PADI belongs to the attempt that began with the first one.
    if (!attempts_.emplace(attempt, SetupTimes{now, std::nullopt}).second) return;
    order_.push_back(attempt);
    if (order_.size() > kAttempts) {
      attempts_.erase(order_.front());
      order_.pop_front();
    }
    return;
  }
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end()) return;
  if (code == pppoe::Code::Pado) {
    if (!found->second.pado) found->second.pado = now;
  } else if (framed->packet.session_id != pppoe::kNoSession) {
    sessions_[framed->packet.session_id] = found->second;
  }
}

std::optional<SetupTimes> SetupClock::of(std::uint16_t session_id) const {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return std::nullopt;
  return found->second;
}

}  // namespace michi::lab
