// michi doctor [NAME]

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr auto kPatience = std::chrono::seconds(20);

/// One finding as people read it: the sentence, what was seen, what to do.
void show(std::ostream& out, const boost::json::value& finding) {
  const auto verdict = text_at(finding, "verdict");
  const auto uplink = text_at(finding, "uplink");
  const auto evidence = texts_at(finding, "evidence");
  if (verdict == "good") {
    out << fmt::format("good     {}{}{}\n", uplink.empty() ? "" : uplink + ": ", text_at(finding, "text"),
                       evidence.empty() ? "" : " (" + joined(evidence) + ")");
    return;
  }
  out << fmt::format("{:8} {}{}  [{}]\n", verdict == "bad" ? "BAD" : verdict, uplink.empty() ? "" : uplink + ": ",
                     text_at(finding, "text"), text_at(finding, "check"));
  for (const auto& line : evidence) out << "         - " << line << "\n";
  if (const auto remedy = text_at(finding, "remedy"); !remedy.empty()) out << "         remedy: " << remedy << "\n";
}

/// 0: nothing bad was found.
int report(Context& context, const boost::json::value& answer) {
  const auto* findings = value_at(answer, "findings");
  if (findings == nullptr || !findings->is_array())
    return tell_failure(context, "broken-answer", "the daemon's answer has no findings");
  std::size_t bad = 0;
  for (const auto& finding : findings->as_array()) bad += text_at(finding, "verdict") == "bad" ? 1U : 0U;
  if (!print_json(context, answer)) {
    for (const auto& finding : findings->as_array()) show(context.out, finding);
    context.out << fmt::format("{} looked at, {} bad\n", findings->as_array().size(), bad);
  }
  return bad == 0 ? kDone : kFailed;
}

}  // namespace

int doctor(Context& context, const std::string& name) {
  int status = kDone;
  const auto target = name.empty() ? "/v1/doctor" : "/v1/doctor?uplink=" + control::percent_encoded(name);
  if (!answer_of(context, context.client().post(target, ""), status)) return status;
  if (!context.json) context.err << "listening for a few seconds …\n";
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const auto answer = answer_of(context, context.client().get("/v1/doctor"), status);
    if (!answer) return status;
    if (!true_at(*answer, "running")) return report(context, *answer);
    if (std::chrono::steady_clock::now() >= until)
      return tell_failure(context, "timeout", "the examination does not end: `michi events` may tell why");
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace michi::cli
