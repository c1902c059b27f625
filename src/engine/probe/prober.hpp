#pragma once
// The probe of one uplink in one family: asks the next hop, and targets beyond it, for an echo once an interval, and
// says whether anything comes back.
//
// Targets decide where there are some: one that answers is enough, so that a target which dies condemns no line.
// Without targets the next hop decides, but one that has never answered condemns nothing: many routers answer no
// echo. A late answer is an answer: a full line is slow, not dead. It never judges by a single echo, knows no
// route and no policy, and takes no answer but to a question of its own.
//
// RFC 792 and RFC 4443 §4.1, §4.2 (echo; the identifier, the sequence number and the data come back as they were).

#include <deque>
#include <list>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/address.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace michi::engine::probe {

inline constexpr std::size_t kMostTargets = 8;
inline constexpr unsigned kMostFailures = 100;

struct Settings {
  Family family = Family::V4;
  std::vector<Address> targets;  // of this family; those beyond kMostTargets are not asked
  Duration interval = seconds(1);
  unsigned failures = 3;  // intervals in a row without an answer make it dead
  unsigned recovery = 3;  // intervals in a row with an answer make it good again
  bool operator==(const Settings&) const = default;
};

enum class Verdict : std::uint8_t {
  Unknown,  // nothing has answered yet, and nothing follows from that
  Good,
  Dead
};
/// Where a dead line ends, as far as can be told.
enum class Stage : std::uint8_t {
  None,     // it is not dead
  NextHop,  // the next hop answered once and does not now
  Beyond,   // the next hop answers, nothing beyond it does
  Anywhere  // no target answers, and the next hop never has
};

struct Judgement {
  Verdict verdict = Verdict::Unknown;
  Stage stage = Stage::None;
  bool operator==(const Judgement&) const = default;
};

/// An ICMP message to be sent on the uplink's device; the checksum of ICMPv6 is left to who knows the source.
struct Ask {
  Address to;
  ByteVec message;
};
using Output = std::variant<Ask, Judgement>;

struct Counters {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t late = 0;     // of these, after more than an interval
  std::uint64_t refused = 0;  // messages that answer nothing asked
};

/// What is known of one destination.
struct Destination {
  Address address;
  bool is_next_hop = false;
  bool answers = false;
  std::optional<Duration> round_trip{};
  std::optional<Instant> last_answer{};
};

class Prober {
 public:
  Prober(Settings settings, Random random);

  /// From nothing: the first questions go out at once.
  void start(std::optional<Address> next_hop, Instant now);
  /// Asks nothing more, and has no opinion.
  void stop();
  /// Another one begins without a past.
  void on_next_hop(std::optional<Address> next_hop, Instant now);
  void on_message(Bytes icmp, const Address& source, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const { return next_round_; }
  std::optional<Output> poll();

  bool running() const { return next_round_.has_value(); }
  const Judgement& judgement() const { return judgement_; }
  const Counters& counters() const { return counters_; }
  const Settings& settings() const { return settings_; }
  std::vector<Destination> destinations() const;

 private:
  struct Question {
    std::uint16_t sequence = 0;
    ByteVec token;
    Instant at{};
  };
  struct Aim {
    explicit Aim(const Address& to) : address(to) {}
    Address address;
    std::deque<Question> open;    // of the last rounds
    bool answered_round = false;  // since the last questions
    unsigned silent = 0;          // rounds in a row without an answer
    unsigned steady = 0;          // rounds in a row with one
    std::optional<Duration> round_trip;
    std::optional<Instant> last_answer;
  };

  bool heard(const Aim& aim) const { return aim.last_answer.has_value(); }
  bool silenced(const Aim& aim) const { return aim.silent >= settings_.failures; }
  bool answers(const Aim& aim) const { return heard(aim) && !silenced(aim); }
  bool recovered(const Aim& aim) const { return aim.steady >= settings_.recovery; }

  void ask(Aim& aim, Instant now);
  void close_round(Aim& aim) const;
  bool take(Aim& aim, std::uint16_t sequence, Bytes token, Instant now);
  void judge();
  Verdict by_next_hop() const;
  Verdict by_targets() const;
  Stage stage_of_death() const;

  Settings settings_;
  Random random_;
  std::uint16_t identifier_ = 0, sequence_ = 0;
  std::optional<Aim> next_hop_;
  std::vector<Aim> targets_;
  std::optional<Instant> next_round_;
  Judgement judgement_;
  std::list<Output> outputs_;
  Counters counters_;
};

}  // namespace michi::engine::probe
