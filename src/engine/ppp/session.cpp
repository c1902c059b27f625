#include "engine/ppp/session.hpp"

#include "engine/ppp/link.hpp"

namespace michi::engine::ppp {

struct Session::Parts : Link {
  using Link::Link;
};

Session::Session(Settings settings, Random random, std::vector<Account> accounts)
    : parts_(std::make_unique<Parts>(std::move(settings), random, std::move(accounts))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::start(Instant now) { parts_->start(now); }
void Session::stop(Instant now) { parts_->stop(now); }
void Session::abort(Instant now) { parts_->abort(now); }
void Session::rechallenge(Instant now) { parts_->rechallenge(now); }
void Session::renegotiate(Instant now) { parts_->renegotiate(now); }
void Session::on_frame(Bytes frame, Instant now) { parts_->on_frame(frame, now); }
void Session::on_traffic(std::uint64_t packets_in, Instant now) { parts_->on_traffic(packets_in, now); }
void Session::probe(Instant now) { parts_->probe(now); }
void Session::on_deadline(Instant now) { parts_->on_deadline(now); }
std::optional<Instant> Session::next_deadline() const { return parts_->next_deadline(); }
std::optional<Output> Session::poll() { return parts_->outbox().poll(); }
bool Session::ended() const { return parts_->ended(); }
std::optional<Ended> Session::verdict() const { return parts_->ended() ? parts_->verdict() : std::nullopt; }
std::string Session::state_text() const { return parts_->state_text(); }
bool Session::awaits_network() const { return parts_->awaits_network(); }
bool Session::peer_echoes() const { return parts_->echo().peer_echoes(); }
std::optional<Duration> Session::echo_round_trip() const { return parts_->echo().round_trip(); }
const Counters& Session::counters() const { return parts_->outbox().counters; }

}  // namespace michi::engine::ppp
