#include "cli/app.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>

#include "cli/text.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  if (!app.get_subcommands().empty()) return error.what();
  std::string verbs;
  for (const auto* verb : app.get_subcommands({})) verbs += (verbs.empty() ? "" : ", ") + verb->get_name();
  const auto rest = app.remaining();
  const auto word = std::ranges::find_if(rest, [](const std::string& each) { return !each.starts_with('-'); });
  if (word != rest.end()) return fmt::format("there is no verb \"{}\"; there are: {}", *word, verbs);
  if (!rest.empty()) return fmt::format("there is no option {}, and a verb is missing", rest.front());
  return "a verb is missing; there are: " + verbs;
}

std::string help_for(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? "`michi --help` says what each does"
                       : fmt::format("`michi {} --help` shows how it is used", verbs.front()->get_name());
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Context context{.out = out, .err = err, .chosen = {}};
  CLI::App app("michi: several roads to the internet, from one file", "michi");
  app.set_version_flag("--version", std::string("michi " MICHI_VERSION));
  app.add_flag("--json", context.json, "one JSON object (or one a line) instead of text");
  app.add_option("--socket", context.socket, "the daemon's control socket")->capture_default_str();
  app.require_subcommand(1);
  app.fallthrough();
  add_status(app, context);
  add_uplink(app, context);
  add_check(app, context);
  add_reload(app, context);
  add_kernel(app, context);
  add_why(app, context);
  add_doctor(app, context);
  add_events(app, context);
  add_trace(app, context);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help and --version come this way, too
      app.exit(error, out, err);
      return kDone;
    }
    context.json = std::ranges::find(arguments, "--json") != arguments.end();
    return tell_failure(context, "usage", what_is_wrong(app, error), {help_for(app)}, kUsage);
  }
  return context.chosen();
}

int tell_failure(Context& context, const std::string& code, const std::string& text,
                 const std::vector<std::string>& details, int status) {
  if (context.json) {
    context.out << json::object{{"schema", 1},
                                {"error", json::object{{"code", code},
                                                       {"text", text},
                                                       {"details", json::array(details.begin(), details.end())}}}}
                << "\n";
    return status;
  }
  context.err << "michi: " << text << "\n";
  for (const auto& detail : details) context.err << "  " << detail << "\n";
  return status;
}

int tell_failure(Context& context, const control::ClientFailure& failure) {
  std::vector<std::string> details;
  if (!failure.remedy.empty()) details.push_back(failure.remedy);
  switch (failure.kind) {
    case control::ClientFailure::Kind::NotReachable:
      return tell_failure(context, "not-reachable", "the daemon is not reachable: " + failure.text, details,
                          kNotReachable);
    case control::ClientFailure::Kind::NotAllowed:
      return tell_failure(context, "forbidden", "the daemon's socket may not be used: " + failure.text, details);
    case control::ClientFailure::Kind::Broken:
      return tell_failure(context, "broken-answer", failure.text, details);
  }
  return kFailed;
}

std::optional<json::value> answer_of(Context& context, const Result<control::Response, control::ClientFailure>& result,
                                     int& status) {
  if (!result) {
    status = tell_failure(context, result.error());
    return std::nullopt;
  }
  boost::system::error_code error;
  json::value value = json::parse(result->body, error);
  if (error) {
    status = tell_failure(context, "broken-answer", "the daemon's answer is no JSON");
    return std::nullopt;
  }
  if (result->status == 200) return value;
  const auto* refusal = value_at(value, "error");
  const auto code = refusal == nullptr ? std::string("failed") : text_at(*refusal, "code");
  const auto text = refusal == nullptr ? fmt::format("status {}", result->status) : text_at(*refusal, "text");
  const bool usage = code == "bad-configuration" || code == "bad-query" || code == "unknown-uplink";
  status =
      tell_failure(context, code, text, refusal == nullptr ? std::vector<std::string>{} : texts_at(*refusal, "details"),
                   usage ? kUsage : kFailed);
  return std::nullopt;
}

bool print_json(Context& context, const json::value& value) {
  if (context.json) context.out << json::serialize(value) << "\n";
  return context.json;
}

}  // namespace michi::cli
