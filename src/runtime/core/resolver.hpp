#pragma once
// Keeps dnsmasq in step: its static configuration, the servers file that follows the uplinks, and the
// process, as a child or as a unit of its own.
//
// It never answers DNS itself and never writes resolv.conf unless the file says so.

#include <optional>
#include <string>

#include "base/time.hpp"
#include "model/config.hpp"
#include "model/event.hpp"
#include "model/kernel.hpp"
#include "port/system.hpp"
#include "runtime/part.hpp"
#include "runtime/tickets.hpp"

namespace michi::runtime {

inline constexpr Duration kFirstPause = milliseconds(500);
/// From SIGTERM to SIGKILL, well within the time that the daemon's own end may take.
inline constexpr Duration kTermToKill = seconds(2);

enum class ResolverMode : std::uint8_t {
  Off,    // only the files are written
  Child,  // dnsmasq is our child
  Unit    // michi-dnsmasq.service runs it; we signal the process of its pid file
};

class Resolver final : public Part {
 public:
  Resolver(port::Processes& processes, port::Files& files, Tickets& tickets, ResolverMode mode,
           std::string run_directory);

  void on_config(const model::Config& config, Instant now) override;
  void on_desired(const model::Desired& desired, Instant now) override;
  /// True when the report was about our child.
  bool on_report(const port::ProcessReport& report, Instant now);
  bool turn(Instant now, Pass pass) override;
  std::optional<Instant> next_deadline() const override;
  void end(Ending how, Instant now) override;
  bool idle() const override { return !child_; }

 private:
  void run_deadlines(Instant now);
  void launch(Instant now);
  void hang_up(Instant now);
  std::string conf_argument() const { return "--conf-file=" + directory_ + "/dnsmasq.conf"; }
  std::string pid_file() const { return directory_ + "/dnsmasq.pid"; }
  void end_child(Instant now);
  void write(const std::string& path, const std::string& text, const char* what);

  port::Processes& processes_;
  port::Files& files_;
  Tickets& tickets_;
  ResolverMode mode_;
  std::string directory_;
  std::string config_text_;
  std::string servers_text_;
  bool wanted_ = false;
  bool stopping_ = false;
  bool relaunch_ = false;  // the child was told to end because its configuration changed
  std::optional<port::Ticket> child_;
  std::optional<Instant> restart_at_;
  std::optional<Instant> kill_at_;     // a child that was told to end and does not
  std::optional<Instant> hang_up_at_;  // a young child would die of SIGHUP: it has no handler yet
  Instant launched_{};
  Duration pause_ = kFirstPause;
};

}  // namespace michi::runtime
