#include "cli/app.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/text.hpp"

namespace michi::cli {

namespace json = boost::json;

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
