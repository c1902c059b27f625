#pragma once
// Two ends of one PPP link in virtual time, and the wire between them: latency, and a fate per frame.
//
// Nothing here decides anything: it moves frames and time, and keeps what was reported.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/ppp/session.hpp"
#include "wire/control.hpp"
#include "wire/ppp.hpp"

namespace michi::kit {

namespace ppp = michi::engine::ppp;

enum class From : std::uint8_t { Client, Server };

/// When copies of a frame arrive, counted from its sending; empty: lost.
using Fate = std::function<std::vector<Duration>(From, Bytes)>;

inline Fate perfect(Duration latency) {
  return [latency](From, Bytes) { return std::vector{latency}; };
}

/// Loses, doubles and delays at random; percentages.
inline Fate rough(Random random, Duration latency, unsigned loss, unsigned copies, Duration jitter) {
  return [random, latency, loss, copies, jitter](From, Bytes) mutable {
    std::vector<Duration> arrivals;
    if (random.below(100) >= loss) arrivals.push_back(latency + random.between(Duration::zero(), jitter));
    if (random.below(100) < copies) arrivals.push_back(latency + random.between(Duration::zero(), jitter));
    return arrivals;
  };
}

struct End {
  explicit End(ppp::Session s) : session(std::move(s)) {}

  ppp::Session session;
  std::vector<ppp::Output> reports;  // everything but frames and edges
  std::vector<std::string> edges;
  std::vector<ByteVec> sent;

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& report : reports)
      if (const T* one = std::get_if<T>(&report)) found.push_back(*one);
    return found;
  }
  template <class T>
  bool has() const {
    return !all<T>().empty();
  }
  template <class T>
  T last() const {
    const auto found = all<T>();
    return found.empty() ? T{} : found.back();
  }
  bool up4() const {
    bool up = false;
    for (const auto& r : reports)
      up = std::holds_alternative<ppp::Ipv4Up>(r) || (up && !std::holds_alternative<ppp::Ipv4Down>(r));
    return up;
  }
};

class PppPair {
 public:
  PppPair(ppp::Settings client_settings, ppp::Settings server_settings, std::vector<ppp::Account> accounts, Fate fate,
          std::uint64_t seed = 1)
      : client(ppp::Session(std::move(client_settings), Random::seeded(seed))),
        server(ppp::Session(std::move(server_settings), Random::seeded(seed + 0x5e4e), std::move(accounts))),
        fate_(std::move(fate)) {}

  End client;
  End server;
  Instant now{};
  std::string transcript;

  void start() {
    server.session.start(now);
    client.session.start(now);
    drain();
  }

  void set_fate(Fate fate) { fate_ = std::move(fate); }

  /// Also between two deadlines: what a test does to a session by hand is drained here.
  void drain() {
    drain(client, From::Client);
    drain(server, From::Server);
  }

  std::optional<Instant> next() const {
    std::optional<Instant> at = client.session.next_deadline();
    if (const auto s = server.session.next_deadline(); s && (!at || *s < *at)) at = s;
    if (!flying_.empty() && (!at || flying_.begin()->first < *at)) at = flying_.begin()->first;
    return at;
  }

  bool step(Instant limit) {
    const auto at = next();
    if (!at || *at > limit) return false;
    now = std::max(now, *at);
    if (!flying_.empty() && flying_.begin()->first <= now) {
      const Flight flight = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      End& to = flight.from == From::Client ? server : client;
      to.session.on_frame(flight.frame, now);
    } else {
      client.session.on_deadline(now);
      server.session.on_deadline(now);
    }
    drain();
    return true;
  }

  void run_for(Duration time) {
    const Instant end = now + time;
    while (step(end)) {
    }
    now = end;
  }

  template <class Done>
  bool run_until(Done done, Duration limit) {
    const Instant end = now + limit;
    while (!done())
      if (!step(end)) return done();
    return true;
  }

 private:
  struct Flight {
    From from;
    ByteVec frame;
  };

  void drain(End& end, From from) {
    while (auto output = end.session.poll()) {
      if (auto* send = std::get_if<ppp::SendFrame>(&*output)) {
        note(from, send->frame);
        for (const Duration delay : fate_(from, send->frame)) flying_.emplace(now + delay, Flight{from, send->frame});
        end.sent.push_back(std::move(send->frame));
      } else if (auto* edge = std::get_if<ppp::Edge>(&*output)) {
        end.edges.push_back(std::move(edge->text));
      } else {
        end.reports.push_back(std::move(*output));
      }
    }
  }

  void note(From from, Bytes frame) {
    const auto parsed = wire::ppp::parse_frame(frame);
    if (!parsed) return;
    transcript += fmt::format("t={:.3f} {} {} {}\n", std::chrono::duration<double>(now.time_since_epoch()).count(),
                              from == From::Client ? ">" : "<", wire::ppp::to_text(parsed->protocol),
                              to_hex(parsed->information));
  }

  Fate fate_;
  std::multimap<Instant, Flight> flying_;
};

/// A client that wants everything and a server that gives it, with one account: "user" / "secret".
inline ppp::Settings client_settings() {
  ppp::Settings settings;
  settings.user = "user";
  settings.password = Secret("secret");
  return settings;
}

inline ppp::Settings server_settings(ppp::AuthMethod method) {
  ppp::Settings settings;
  settings.role = ppp::Role::Server;
  settings.timing = ppp::Timing::rfc1661();
  settings.demanded = method;
  settings.server_address = *parse_ipv4("192.0.2.1");
  settings.assigned_address = *parse_ipv4("192.0.2.77");
  settings.assigned_dns = {*parse_ipv4("192.0.2.53"), *parse_ipv4("192.0.2.54")};
  return settings;
}

inline std::vector<ppp::Account> accounts() { return {{"user", Secret("secret")}}; }

}  // namespace michi::kit
