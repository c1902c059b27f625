#include "engine/dhcp6/retransmission.hpp"

#include <algorithm>

namespace michi::engine::dhcp6 {
namespace {

constexpr int kRandPart = 10;  // RAND is within ±0.1

}  // namespace

void Retransmission::open(const Exchange& exchange, Instant first, std::optional<Instant> until) {
  exchange_ = exchange;
  open_ = true;
  count_ = 0;
  rt_ = {};
  due_ = first;
  first_.reset();
  until_ = until;
}

void Retransmission::sent(Instant now, Random& random) {
  if (count_ == 0) first_ = now;
  Duration base = count_ == 0 ? exchange_.irt : 2 * rt_;
  // RFC 8415 §18.2.1: the first timeout of a Solicit is strictly greater than IRT, so that whoever waits
  // for every Advertise waits at least that long.
  const bool above = count_ == 0 && exchange_.message == wire::dhcp6::MessageType::Solicit;
  const auto rand = [&](Duration of) { return random.between(above ? Duration(1) : -of / kRandPart, of / kRandPart); };
  rt_ = base + rand(count_ == 0 ? base : rt_);
  if (exchange_.mrt > Duration::zero() && rt_ > exchange_.mrt) rt_ = exchange_.mrt + rand(exchange_.mrt);
  ++count_;
  due_ = now + rt_;
}

bool Retransmission::is_over(Instant now) const {
  if (!open_) return false;
  if (until_ && now >= *until_) return true;
  return exchange_.mrc != 0 && count_ >= exchange_.mrc && now >= due_;
}

std::optional<Instant> Retransmission::due() const {
  if (!open_) return std::nullopt;
  return until_ ? std::min(due_, *until_) : due_;
}

std::uint16_t Retransmission::elapsed(Instant now) const {
  if (!first_) return 0;
  const std::int64_t hundredths = whole_milliseconds(now - *first_) / 10;
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(hundredths, 0, 0xffff));
}

Instant SendLimit::earliest() const {
  const auto& oldest = sent_[oldest_];
  return oldest ? *oldest + kWindow : Instant::min();
}

void SendLimit::sent(Instant now) {
  sent_[oldest_] = now;
  oldest_ = (oldest_ + 1) % kMost;
}

}  // namespace michi::engine::dhcp6
