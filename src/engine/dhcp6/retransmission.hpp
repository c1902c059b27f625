#pragma once
// When a message goes out and goes out again: the algorithm of RFC 8415 §15, and the limit on all
// messages of a client that §14.1 demands.
//
// It knows no message and sends none. RAND is drawn from the generator that is passed in.

#include <array>
#include <cstdint>
#include <optional>

#include "base/random.hpp"
#include "base/time.hpp"
#include "engine/dhcp6/table.hpp"

namespace michi::engine::dhcp6 {

class Retransmission {
 public:
  /// The first message is due at `first`; the exchange ends at `until` at the latest (MRD).
  void open(const Exchange& exchange, Instant first, std::optional<Instant> until);
  void close() { open_ = false; }
  /// A message has gone out: the next timeout is drawn.
  void sent(Instant now, Random& random);
  /// The message that is due may not go out before this.
  void defer(Instant to) { due_ = to; }
  /// A peer has named another MRT (RFC 8415 §21.24, §21.25); for the timeouts to come.
  void set_mrt(Duration mrt) { exchange_.mrt = mrt; }

  bool is_due(Instant now) const { return open_ && now >= *due(); }
  /// MRC or MRD is reached and the last timeout is over: nothing more is to be sent.
  bool is_over(Instant now) const;
  std::optional<Instant> due() const;
  unsigned count() const { return count_; }
  /// Since the first message, in hundredths of a second, as option Elapsed Time wants it (§21.9).
  std::uint16_t elapsed(Instant now) const;

 private:
  Exchange exchange_;
  bool open_ = false;
  unsigned count_ = 0;
  Duration rt_{};
  Instant due_{};
  std::optional<Instant> first_;
  std::optional<Instant> until_;
};

/// Twenty messages in twenty seconds, the example of RFC 8415 §14.1.
class SendLimit {
 public:
  static constexpr std::size_t kMost = 20;
  static constexpr Duration kWindow = seconds(20);

  /// When the next message may go out; not later than now if it may at once.
  Instant earliest() const;
  void sent(Instant now);

 private:
  std::array<std::optional<Instant>, kMost> sent_{};
  std::size_t oldest_ = 0;
};

}  // namespace michi::engine::dhcp6
