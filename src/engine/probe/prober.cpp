#include "engine/probe/prober.hpp"

#include <algorithm>
#include <utility>

#include "wire/icmp4.hpp"
#include "wire/icmp6.hpp"

namespace michi::engine::probe {
namespace {

using wire::icmp6::Echo;

/// What nobody guesses who does not see the question.
constexpr std::size_t kTokenLength = 16;

ByteVec written(Family family, const Echo& echo) {
  return family == Family::V4 ? wire::icmp4::write_echo(echo) : wire::icmp6::write_message(echo);
}

std::optional<Echo> reply_in(Family family, Bytes icmp) {
  std::optional<Echo> echo;
  if (family == Family::V4) {
    if (auto read = wire::icmp4::parse_echo(icmp)) echo = std::move(*read);
  } else if (auto read = wire::icmp6::parse_message(icmp)) {
    if (auto* found = std::get_if<Echo>(&*read)) echo = std::move(*found);
  }
  if (echo && echo->kind != Echo::Kind::Reply) echo.reset();
  return echo;
}

}  // namespace

Prober::Prober(Settings settings, Random random) : settings_(std::move(settings)), random_(std::move(random)) {
  std::erase_if(settings_.targets, [&](const Address& target) { return target.family() != settings_.family; });
  if (settings_.targets.size() > kMostTargets) settings_.targets.resize(kMostTargets);
  settings_.failures = std::clamp(settings_.failures, 1U, kMostFailures);
  settings_.recovery = std::max(settings_.recovery, 1U);
}

void Prober::start(std::optional<Address> next_hop, Instant now) {
  stop();
  identifier_ = static_cast<std::uint16_t>(random_.u32());
  sequence_ = static_cast<std::uint16_t>(random_.u32());
  if (next_hop) next_hop_.emplace(*next_hop);
  for (const Address& target : settings_.targets) targets_.emplace_back(target);
  if (next_hop_) ask(*next_hop_, now);
  for (Aim& target : targets_) ask(target, now);
  next_round_ = now + settings_.interval;
}

void Prober::stop() {
  next_hop_.reset();
  targets_.clear();
  next_round_.reset();
  outputs_.remove_if([](const Output& output) { return std::holds_alternative<Ask>(output); });
  judge();
}

void Prober::on_next_hop(std::optional<Address> next_hop, Instant now) {
  const bool same = next_hop_ ? next_hop == next_hop_->address : !next_hop;
  if (same || !running()) return;
  next_hop_.reset();
  if (next_hop) {
    next_hop_.emplace(*next_hop);
    ask(*next_hop_, now);
  }
  judge();
}

void Prober::ask(Aim& aim, Instant now) {
  ++sequence_;
  aim.open.push_back({sequence_, random_.bytes(kTokenLength), now});
  if (aim.open.size() > settings_.failures + 1) aim.open.pop_front();
  const Echo echo{Echo::Kind::Request, identifier_, sequence_, aim.open.back().token};
  outputs_.emplace_back(Ask{aim.address, written(settings_.family, echo)});
  ++counters_.asked;
}

void Prober::close_round(Aim& aim) const {
  if (std::exchange(aim.answered_round, false)) return;
  if (aim.silent < settings_.failures) ++aim.silent;
  aim.steady = 0;
}

void Prober::on_deadline(Instant now) {
  if (!next_round_ || now < *next_round_) return;
  // After a suspend it is one round: nobody was asked meanwhile.
  *next_round_ = std::max(*next_round_ + settings_.interval, now + settings_.interval / 2);
  if (next_hop_) close_round(*next_hop_);
  for (Aim& target : targets_) close_round(target);
  judge();
  if (next_hop_) ask(*next_hop_, now);
  for (Aim& target : targets_) ask(target, now);
}

bool Prober::take(Aim& aim, std::uint16_t sequence, Bytes token, Instant now) {
  const auto question = std::ranges::find(aim.open, sequence, &Question::sequence);
  if (question == aim.open.end() || !equal_in_constant_time(question->token, token)) return false;
  aim.round_trip = now - question->at;
  aim.last_answer = now;
  if (*aim.round_trip > settings_.interval) ++counters_.late;
  aim.open.erase(question);  // a second answer to it is none
  aim.silent = 0;
  if (!std::exchange(aim.answered_round, true)) aim.steady = std::min(aim.steady + 1, settings_.recovery);
  ++counters_.answered;
  return true;
}

void Prober::on_message(Bytes icmp, const Address& source, Instant now) {
  if (!running()) return;
  const auto reply = reply_in(settings_.family, icmp);
  bool taken = false;
  if (reply && reply->identifier == identifier_) {
    if (next_hop_ && next_hop_->address == source) taken = take(*next_hop_, reply->sequence, reply->data, now);
    for (Aim& target : targets_)
      if (!taken && target.address == source) taken = take(target, reply->sequence, reply->data, now);
  }
  if (!taken) {
    ++counters_.refused;
    return;
  }
  judge();
}

Verdict Prober::by_next_hop() const {
  if (!next_hop_ || !heard(*next_hop_)) return Verdict::Unknown;
  if (silenced(*next_hop_)) return Verdict::Dead;
  if (judgement_.verdict == Verdict::Dead && !recovered(*next_hop_)) return Verdict::Dead;
  return Verdict::Good;
}

Verdict Prober::by_targets() const {
  const auto any = [&](auto is_so) { return std::ranges::any_of(targets_, is_so); };
  if (judgement_.verdict == Verdict::Dead)
    return any([&](const Aim& aim) { return recovered(aim); }) ? Verdict::Good : Verdict::Dead;
  if (!any([&](const Aim& aim) { return !silenced(aim); })) return Verdict::Dead;
  return any([&](const Aim& aim) { return answers(aim); }) ? Verdict::Good : Verdict::Unknown;
}

Stage Prober::stage_of_death() const {
  if (targets_.empty()) return Stage::NextHop;
  if (!next_hop_ || !heard(*next_hop_)) return Stage::Anywhere;
  return silenced(*next_hop_) ? Stage::NextHop : Stage::Beyond;
}

void Prober::judge() {
  Judgement now;
  if (running()) now.verdict = targets_.empty() ? by_next_hop() : by_targets();
  if (now.verdict == Verdict::Dead) now.stage = stage_of_death();
  if (now == judgement_) return;
  judgement_ = now;
  outputs_.emplace_back(now);
}

std::optional<Output> Prober::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

std::vector<Destination> Prober::destinations() const {
  std::vector<Destination> out;
  const auto add = [&](const Aim& aim, bool is_next_hop) {
    out.push_back({.address = aim.address,
                   .is_next_hop = is_next_hop,
                   .answers = answers(aim),
                   .round_trip = aim.round_trip,
                   .last_answer = aim.last_answer});
  };
  if (next_hop_) add(*next_hop_, true);
  for (const Aim& target : targets_) add(target, false);
  return out;
}

}  // namespace michi::engine::probe
