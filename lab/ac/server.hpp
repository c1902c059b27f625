#pragma once
// The access concentrator as a program: the engine, its control frames, its clock, the data path, and
// the commands of a scenario.
//
// Every edge of a session is one JSON line on standard output. Commands and answers are described in
// README.md.

#include <memory>
#include <string>
#include <string_view>

#include "lab/ac/control_frames.hpp"
#include "lab/ac/data_path.hpp"
#include "lab/ac/options.hpp"
#include "lab/ac/setup_clock.hpp"
#include "linux/loop/alarm.hpp"
#include "linux/loop/readiness.hpp"

namespace boost::json {
class object;
}

namespace michi::lab {

class Server {
 public:
  Server(boost::asio::io_context& loop, Options options);

  Result<void, port::OsError> open();
  /// One command, one answer; both a JSON object.
  std::string command(std::string_view line);
  /// PADT for every session.
  void stop();

 private:
  void pump();
  void session_up(const engine::pppoe::SessionInfo& session);
  void session_down(const engine::pppoe::SessionDown& down);
  void kill(const boost::json::object& request, boost::json::object& answer);
  void set(const boost::json::object& request);
  /// A prefix to the one session that is meant, with the kernel's route; or both away again.
  void delegate(const boost::json::object& request, boost::json::object& answer);
  void withdraw(const std::vector<Prefix>& prefixes);
  boost::json::object sessions_answer() const;
  boost::json::object counters_answer() const;
  /// The sessions a command means: "sid", "user", "address6", or all of them.
  std::vector<std::uint16_t> chosen(const boost::json::object& request) const;

  Options options_;
  linux::Alarm alarm_;
  linux::Poster settle_;  // the next deadline is looked up once a turn, not once a frame
  ControlFrames frames_;
  DataPath data_;
  SetupClock setups_;
  std::unique_ptr<engine::pppoe::AccessConcentrator> engine_;
  std::map<std::uint16_t, Instant> up_since_;
  std::uint64_t sessions_up_ = 0, sessions_down_ = 0;
};

}  // namespace michi::lab
