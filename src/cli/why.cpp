// michi why DST [--from SRC] [--in DEV] [--proto P --port N --source-port N]

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace {

std::string verdict_line(const WhyOrder& flow, const boost::json::value& answer) {
  const auto verdict = text_at(answer, "verdict");
  const auto uplink = text_at(answer, "uplink");
  const auto as = text_at(answer, "translated_source");
  std::string text = flow.destination + " ";
  if (verdict == "uplink") text += "goes out by uplink " + uplink + (as.empty() ? "" : " as " + as);
  if (verdict == "published") text += "is published on uplink " + uplink;
  const auto device = text_at(answer, "device");
  if (verdict == "main") text += "goes by the main routing table" + (device.empty() ? "" : " on " + device);
  if (verdict == "local")
    text += text_at(answer, "law") == "group address" ? "stays on its network" : "is this machine";
  if (verdict == "unreachable") text += "is unreachable";
  if (const auto below = text_at(answer, "carried_by"); !below.empty()) text += ", carried by " + below;
  return text;
}

}  // namespace

int why(Context& context, const WhyOrder& flow) {
  std::string target = "/v1/why?dst=" + control::percent_encoded(flow.destination);
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) target += fmt::format("&{}={}", key, control::percent_encoded(value));
  };
  add("from", flow.source);
  add("iif", flow.interface);
  add("proto", flow.protocol);
  if (flow.port != 0) add("port", std::to_string(flow.port));
  if (flow.source_port != 0) add("source_port", std::to_string(flow.source_port));
  int status = kDone;
  const auto answer = answer_of(context, context.client().get(target), status);
  if (!answer || print_json(context, *answer)) return status;
  context.out << verdict_line(flow, *answer) << "\n";
  if (const auto law = text_at(*answer, "law"); !law.empty()) context.out << "law:   " << law << "\n";
  if (const auto rule = text_at(*answer, "rule"); !rule.empty()) context.out << "rule:  " << rule << "\n";
  if (const auto all = texts_at(*answer, "candidates"); all.size() > 1) {
    context.out << "shared by: " << joined(all) << "\n";
  }
  for (const auto& reason : texts_at(*answer, "reasons")) context.out << "- " << reason << "\n";
  return status;
}

}  // namespace michi::cli
