#pragma once
// Doors to the rest of the machine: time's alarm, entropy, files, sysctls, the store, processes.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "port/door.hpp"

namespace michi::port {

/// Reads CLOCK_BOOTTIME and rings once at an instant. `runtime` is the only one who asks.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual Instant now() const = 0;
  /// Seconds since 1970 as the machine believes, for what is read again after a reboot; may be far off and may jump.
  virtual std::int64_t wall_seconds() const = 0;
  virtual void set(std::optional<Instant> at) = 0;
  virtual void on_wake(Wake wake) = 0;
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual Result<Random::Key, OsError> key() = 0;
};

/// Small files, read and written whole. Writing is atomic (temporary file, rename).
struct FileStatus {
  std::uint32_t mode = 0;  // permission bits
  std::uint32_t uid = 0, gid = 0;
  std::string owner, group;  // names, or the numbers where there is no name
};
class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::string, OsError> read(const std::string& path) const = 0;
  virtual Result<FileStatus, OsError> status(const std::string& path) const = 0;
  virtual Result<void, OsError> write(const std::string& path, std::string_view text, std::uint32_t mode) = 0;
  /// Names of the regular files in a directory that we may execute, sorted (hooks).
  virtual Result<std::vector<std::string>, OsError> executables(const std::string& directory) const = 0;
  /// Without the leading /proc/sys/.
  virtual Result<std::string, OsError> read_sysctl(const std::string& path) const = 0;
  virtual Result<void, OsError> write_sysctl(const std::string& path, std::string_view value) = 0;
};

/// Says which of some files changed, appeared or went away.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// Replaces the set; a directory that does not exist is not followed.
  virtual void watch(std::set<std::string> paths) = 0;
  virtual std::optional<std::string> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Records by name. `Volatile` ones live in /run and are written at once without fsync; `Durable`
/// ones in /var/lib, written behind on a helper thread. A failed write is reported, never fatal.
enum class Lifetime : std::uint8_t { Volatile, Durable };
struct Put {
  Lifetime lifetime;
  std::string key;
  std::string value;
};
struct Erase {
  Lifetime lifetime;
  std::string key;
};
using StoreOp = std::variant<Put, Erase>;
class Store {
 public:
  virtual ~Store() = default;
  /// All records of a kind, read at start.
  virtual Result<std::map<std::string, std::string>, OsError> load(Lifetime lifetime) = 0;
  virtual void submit(StoreOp op, Ticket ticket) = 0;
  virtual std::optional<Completion> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

/// Child processes: hooks and dnsmasq. Never a shell.
struct Spawn {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value", complete
  std::string input;                     // on standard input, then closed
  Duration deadline{};                   // zero: none; then SIGTERM, and SIGKILL two seconds later
  bool drop_capabilities = true;
};
struct Exited {
  Ticket ticket = 0;
  int status = 0;  // exit status, or 128 + signal
  bool timed_out = false;
  std::string output;  // the last 4 KiB of standard output and error
};
struct SpawnFailed {
  Ticket ticket = 0;
  OsError error;
};
using ProcessReport = std::variant<Exited, SpawnFailed>;
class Processes {
 public:
  virtual ~Processes() = default;
  virtual void spawn(Spawn what, Ticket ticket) = 0;
  virtual void signal(Ticket ticket, int number) = 0;
  /// To the process whose number stands in this file, if it was started with this argument (dnsmasq as a
  /// unit of its own, or left by an earlier life); ESRCH when it is gone or the number is another's now.
  virtual Result<void, OsError> signal_pid_file(const std::string& path, const std::string& argument, int number) = 0;
  virtual std::optional<ProcessReport> poll() = 0;
  virtual void on_wake(Wake wake) = 0;
};

}  // namespace michi::port
