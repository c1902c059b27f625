#include "engine/ppp/echo.hpp"

#include <algorithm>

namespace michi::engine::ppp {

namespace {

constexpr std::size_t kMostOutstanding = 16;
constexpr unsigned kPathAttempts = 3;
constexpr Duration kPathInterval = seconds(1);
/// Intervals from one question of ours to the next, at most, however often the peer asks.
constexpr int kLongestQuiet = 3;
constexpr std::uint16_t kSmallest = wire::control::kHeaderSize + 4;

}  // namespace

Echo::Echo(const EchoSettings& settings, Outbox& outbox) : settings_(settings), outbox_(outbox) {}

void Echo::on_link(std::uint32_t magic, std::uint16_t path_size, std::uint8_t first_id, Instant now) {
  off();
  magic_ = magic;
  id_ = first_id;
  path_size_ = path_size;
  path_attempts_ = 0;
  // Asked at once: where it is answered the proof costs no time. Some answer only once a network
  // protocol is open (trap 38), so the verdict waits for that.
  if (path_size_ != 0) send(now, path_size_);
}

void Echo::off() {
  outstanding_.clear();
  unanswered_ = 0;
  next_tick_.reset();
  verdict_at_.reset();
  path_deadline_.reset();
  path_size_ = 0;
  networking_ = false;
  asked_at_.reset();
  rejected_ = false;
}

void Echo::on_network(Instant now) {
  if (networking_) return;
  networking_ = true;
  traffic_seen_ = false;
  if (path_size_ != 0) path_deadline_ = now + kPathInterval, ++path_attempts_, send(now, path_size_);
  if (settings_.interval == Duration::zero() || rejected_) return;
  miss(now);
  next_tick_ = now + settings_.interval;
}

void Echo::on_rejected() {
  rejected_ = true;
  next_tick_.reset();
  verdict_at_.reset();
}

void Echo::on_traffic(std::uint64_t packets_in, Instant) {
  if (packets_in > packets_in_) traffic_seen_ = traffic_alone_ = true;
  packets_in_ = packets_in;
}

void Echo::on_request(Instant now) {
  asked_at_ = now;
  if (const auto later = put_off(now); later && next_tick_) next_tick_ = std::max(*next_tick_, *later);
}

void Echo::probe(Instant now) { send(now, kSmallest); }

void Echo::send(Instant now, std::uint16_t size) {
  if (outstanding_.size() == kMostOutstanding) outstanding_.pop_front();
  outstanding_.push_back({++id_, now, size > kSmallest});
  ++outbox_.counters.echo_sent;
  const ByteVec padding(size - kSmallest);
  outbox_.send(wire::ppp::Protocol::Lcp, wire::control::Code::EchoRequest, id_, wire::lcp::write_echo(magic_, padding),
               Urgency::Urgent);
}

Echo::Verdict Echo::on_reply(std::uint8_t id, const wire::lcp::Echo& reply, Instant now) {
  const auto found = std::ranges::find(outstanding_, id, &Sent::id);
  // Our own magic number in a reply: our own answer to our own question came back.
  const bool looped = magic_ != 0 && reply.magic == magic_;
  if (found == outstanding_.end() || looped) {
    ++outbox_.counters.unexpected;
    return Verdict::Nothing;
  }
  const bool full_size = found->full_size && path_size_ != 0 && reply.data.size() + kSmallest >= path_size_;
  round_trip_ = now - found->at;
  outstanding_.erase(outstanding_.begin(), std::next(found));
  ++outbox_.counters.echo_answered;
  unanswered_ = 0;
  verdict_at_.reset();
  peer_echoes_ = true;
  if (!full_size) return Verdict::Nothing;
  path_size_ = 0;
  path_deadline_.reset();
  return Verdict::PathProved;
}

/// One echo more that waits for its reply.
void Echo::miss(Instant now) {
  if (unanswered_++ == 0) {
    unanswered_since_ = now;
    traffic_alone_ = false;
  }
  if (unanswered_ >= settings_.failures) verdict_at_ = now + patience();
  ticked_at_ = now;
  send(now, kSmallest);
}

Duration Echo::patience() const {
  return std::min(settings_.interval, std::max(settings_.interval / 2, 4 * round_trip_.value_or(Duration::zero())));
}

std::optional<Instant> Echo::one_way_at() const {
  // A peer that never answered an echo cannot be judged by its silence.
  if (settings_.one_way == Duration::zero() || !next_tick_ || !peer_echoes_ || unanswered_ == 0) return std::nullopt;
  return unanswered_since_ + settings_.one_way;
}

std::optional<Instant> Echo::deadline() const {
  std::optional<Instant> next;
  for (const auto& at : {next_tick_, verdict_at_, path_deadline_, traffic_alone_ ? one_way_at() : std::nullopt})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

Echo::Verdict Echo::on_deadline(Instant now) {
  if (path_deadline_ && now >= *path_deadline_) {
    if (const Verdict verdict = on_path_deadline(now); verdict != Verdict::Nothing) return verdict;
  }
  const auto one_way = one_way_at();
  if (traffic_alone_ && one_way && now >= *one_way) {
    next_tick_.reset();
    verdict_at_.reset();
    return Verdict::OneWay;
  }
  if (verdict_at_ && now >= *verdict_at_) {
    verdict_at_.reset();
    if (!traffic_seen_) {
      next_tick_.reset();
      return Verdict::Timeout;
    }
  }
  return next_tick_ && now >= *next_tick_ ? tick(now) : Verdict::Nothing;
}

Echo::Verdict Echo::on_path_deadline(Instant now) {
  if (path_attempts_ < kPathAttempts) {
    ++path_attempts_;
    path_deadline_ = now + kPathInterval;
    send(now, path_size_);
    return Verdict::Nothing;
  }
  path_deadline_.reset();
  path_size_ = 0;
  return Verdict::PathFailed;
}

/// A peer that never answered is asked as often as the settings say: its questions may be all it does.
std::optional<Instant> Echo::put_off(Instant now) const {
  if (!asked_at_ || unanswered_ != 0 || !peer_echoes_) return std::nullopt;
  const Instant at = std::min(*asked_at_ + settings_.interval, ticked_at_ + kLongestQuiet * settings_.interval);
  return at > now ? std::optional(at) : std::nullopt;
}

Echo::Verdict Echo::tick(Instant now) {
  traffic_seen_ = false;
  if (const auto later = put_off(now)) {
    next_tick_ = later;
    return Verdict::Nothing;
  }
  next_tick_ = now + settings_.interval;
  miss(now);
  return Verdict::Nothing;
}

}  // namespace michi::engine::ppp
