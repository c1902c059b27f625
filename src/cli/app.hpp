#pragma once
// `michi`: what all verbs share. verbs.hpp lists them, arguments.cpp reads them.
//
// Exit status: 0 done, 1 failed, 2 usage or configuration, 3 daemon not reachable. With --json one
// object (or one a line) goes to standard output, also for a failure.

#include <boost/json/value.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "control/client.hpp"

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

  control::Client client() const { return control::Client(socket); }
};

/// The whole program.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

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
