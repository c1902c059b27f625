// michi events [-f] [--since N]

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string_view>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

std::string event_text(const json::value& event) {
  std::string text =
      fmt::format("{} {:<7} ", time_text(number_at(event, "time_ms").value_or(0)), text_at(event, "severity"));
  if (const auto uplink = text_at(event, "uplink"); !uplink.empty()) text += "uplink=" + uplink + " ";
  text += text_at(event, "code") + ": " + text_at(event, "text");
  if (const auto left_out = number_at(event, "left_out")) text += fmt::format(" ({} like this left out)", *left_out);
  return text;
}

/// False when the daemon says that this reader was cut.
bool print_event(Context& context, std::string_view line) {
  boost::system::error_code error;
  const json::value event = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) return true;
  if (const auto cut = text_at(event, "cut"); !cut.empty()) {
    context.err << "michi: " << cut << "\n";
    return false;
  }
  context.out << (context.json ? std::string(line) : event_text(event)) << "\n" << std::flush;
  return true;
}

/// A number of another life of the daemon means nothing in this one. Said beside the events, never among them.
void tell_of_another_start(Context& context, const std::string& since) {
  const auto dot = since.rfind('.');
  if (dot == std::string::npos) return;
  const auto answer = context.client().get("/v1/status");
  if (!answer || answer->status != 200) return;  // asking for the events tells why
  boost::system::error_code error;
  const auto here = text_at(json::parse(answer->body, error), "start_id");
  if (error || here.empty() || here == std::string_view(since).substr(0, dot)) return;
  context.err << fmt::format(
      "michi: {} is of another start of michid: all events of this one ({}) are shown; those before are in the journal "
      "(`journalctl -u michid`)\n",
      since, here);
}

}  // namespace

int events(Context& context, const EventsOrder& order) {
  tell_of_another_start(context, order.since);
  std::string target = order.follow ? "/v1/events?follow=1" : "/v1/events?follow=0";
  if (!order.since.empty()) target += "&since=" + control::percent_encoded(order.since);
  bool cut = false;
  const auto result = context.client().follow(target, [&](std::string_view line) {
    cut = !print_event(context, line) || !context.out.good();
    return !cut;
  });
  if (!result) return tell_failure(context, result.error());
  if (result->status != 200) {
    int status = kDone;
    answer_of(context, result, status);
    return status;
  }
  // Without follow the lines came as one body.
  std::string_view rest = result->body;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (end > 0 && !print_event(context, rest.substr(0, end))) return kFailed;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return cut ? kFailed : kDone;
}

}  // namespace michi::cli
