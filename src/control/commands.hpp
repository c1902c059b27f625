#pragma once
// Everything that can be asked of the daemon, as `daemon` implements it and the server calls it.
//
// Called on the loop's thread. Values come back at once; what takes time (a session that shall be
// up) is watched by the client through status and events.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/finding.hpp"
#include "model/snapshot.hpp"

namespace michi::control {

/// Why a command was not done. `code` is stable: "unknown-uplink", "bad-configuration", "bad-query",
/// "nothing-to-confirm", "not-ready".
struct Refusal {
  std::string code;
  std::string text;
  std::vector<std::string> details;  // e.g. one diagnostic a line
};

struct ReloadRequest {
  std::string path;  // empty: the file the daemon was started with
  bool dry_run = false;
  std::optional<Duration> confirm_within;
};
struct ReloadReply {
  struct Change {
    std::string uplink;
    std::string effect;  // "added", "removed", "in-place", "redialled"
  };
  std::vector<Change> changes;
  std::vector<std::string> differences;  // sentences
  std::vector<std::string> notes;        // warnings of the file
};

struct WhyRequest {
  std::string destination;
  std::string source;  // empty: the router itself
  std::string arrives_on;
  std::string protocol;  // "", "tcp", "udp", "icmp"
  std::uint16_t port = 0;
  std::uint16_t source_port = 0;
};
struct WhyReply {
  std::string verdict;  // "uplink", "main", "local", "unreachable", "published"
  std::string uplink;
  std::string carried_by;  // the uplink it stands on; empty: a line
  std::string translated_source;
  std::string device;  // where it leaves, if known
  std::string law;
  std::string rule;
  std::vector<std::string> reasons;
  std::vector<std::string> candidates;
};

/// Of the last examination; while it runs, what is known so far.
struct ExaminationReply {
  bool running = false;
  std::vector<model::Finding> findings;
};

/// One control frame of an uplink, or one packet of what it says in IPv6, for `trace`.
struct TracedFrame {
  enum class Link : std::uint8_t { Ethernet, Raw };  // Raw: begins with the header of IP
  std::int64_t wall_time_ns = 0;
  bool outgoing = false;
  Link link = Link::Ethernet;
  ByteVec frame;
  std::string text;  // decoded, one line
};

class Commands {
 public:
  virtual ~Commands() = default;
  virtual model::Snapshot snapshot() const = 0;
  virtual Result<void, Refusal> up(const std::string& uplink) = 0;
  virtual Result<void, Refusal> down(const std::string& uplink) = 0;
  virtual Result<void, Refusal> redial(const std::string& uplink) = 0;
  virtual Result<ReloadReply, Refusal> reload(const ReloadRequest& request) = 0;
  virtual Result<void, Refusal> confirm() = 0;
  virtual std::vector<std::string> plan() const = 0;
  virtual Result<WhyReply, Refusal> why(const WhyRequest& request) const = 0;
  virtual Result<void, Refusal> flush() = 0;
  /// Looks what is wrong with this uplink, or with everything when empty; takes a few seconds.
  virtual Result<void, Refusal> examine(const std::string& uplink) = 0;
  virtual ExaminationReply examination() const = 0;

  using TraceSink = std::function<void(const TracedFrame&)>;
  /// Frames of this uplink go to `sink` until cancel_trace() is called with the number returned.
  virtual Result<std::uint64_t, Refusal> trace(const std::string& uplink, TraceSink sink) = 0;
  virtual void cancel_trace(std::uint64_t number) = 0;
};

}  // namespace michi::control
