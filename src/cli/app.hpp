#pragma once
// `michi`: what all verbs share. Each verb has a file that adds its options and says what to do.
//
// Exit status: 0 done, 1 failed, 2 usage or configuration, 3 daemon not reachable. With --json one
// object (or one a line) goes to standard output, also for a failure.

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "control/client.hpp"

namespace CLI {
class App;
}

namespace michi::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotReachable = 3;
inline constexpr std::string_view kDefaultSocket = "/run/michi/control.sock";

struct Context {
  std::ostream& out;
  std::ostream& err;
  std::string socket{kDefaultSocket};
  bool json = false;
  /// What the chosen verb does; set while the arguments are read.
  std::function<int()> chosen;

  control::Client client() const { return control::Client(socket); }
};

/// The whole program.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

// One per file.
void add_check(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_uplink(CLI::App& app, Context& context);  // up, down, redial
void add_kernel(CLI::App& app, Context& context);  // plan, flush
void add_reload(CLI::App& app, Context& context);  // reload, confirm
void add_why(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_events(CLI::App& app, Context& context);
void add_trace(CLI::App& app, Context& context);

/// What failed, to the right place in the right form; gives the exit status.
int tell_failure(Context& context, const control::ClientFailure& failure);
int tell_failure(Context& context, const std::string& code, const std::string& text,
                 const std::vector<std::string>& details = {}, int status = kFailed);
/// The object of a good answer. Otherwise the failure is told and `status` set.
std::optional<boost::json::value> answer_of(Context& context,
                                            const Result<control::Response, control::ClientFailure>& result,
                                            int& status);
/// Prints `value` when --json was given; true if so.
bool print_json(Context& context, const boost::json::value& value);

}  // namespace michi::cli
