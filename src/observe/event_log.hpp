#pragma once
// The event log: every event gets a number and a time, is kept for a while, and is handed to those
// who listen.
//
// A bounded ring in memory; numbers count from 1 within one life of the daemon and are shown as
// `<start id>.<n>`. What repeats too often is left out, and the next one that passes says how many
// were. It reads no clock: both times are passed in. It writes no file: who wants lines listens.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/event.hpp"

namespace michi::observe {

struct Record {
  std::uint64_t number = 0;
  std::int64_t wall_time_ms = 0;  // since 1970, UTC
  std::uint64_t left_out = 0;     // of the same kind, since the last one shown
  model::Event event;
};

struct EventLogLimits {
  std::size_t capacity = 2048;  // records kept
  unsigned burst = 50;          // of one code and uplink at once
  Duration refill = milliseconds(200);
};

class EventLog {
 public:
  explicit EventLog(std::string start_id, EventLogLimits limits = {});

  /// The event's number; nullopt when it was left out.
  std::optional<std::uint64_t> add(model::Event event, std::int64_t wall_time_ms, Instant now);

  /// Kept records with a number above `number`, oldest first.
  std::vector<Record> since(std::uint64_t number) const;
  std::uint64_t last() const { return last_; }
  const std::string& start_id() const { return start_id_; }
  std::uint64_t left_out() const { return left_out_; }

  /// One JSON object without a line's end.
  std::string line(const Record& record) const;

  using Listener = std::function<void(const Record&)>;
  std::uint64_t listen(Listener listener);
  void forget(std::uint64_t listener);

 private:
  struct Bucket {
    unsigned tokens = 0;
    Instant filled{};
    std::uint64_t left_out = 0;
  };
  Bucket& bucket_of(const model::Event& event, Instant now);

  std::string start_id_;
  EventLogLimits limits_;
  std::deque<Record> ring_;
  std::uint64_t last_ = 0;
  std::uint64_t left_out_ = 0;
  std::map<std::pair<std::string, std::string>, Bucket> buckets_;
  std::map<std::uint64_t, Listener> listeners_;
  std::uint64_t last_listener_ = 0;
};

/// "uplink=isp up: …" for the journal and for `michi events`.
std::string plain_line(const Record& record);
/// The text as a JSON string, with its quotes. Octets that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace michi::observe
