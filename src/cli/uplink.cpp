// michi up | down | redial NAME [--wait SECONDS]

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLook = std::chrono::milliseconds(50);

/// Until the uplink is where the verb sends it. An uplink that needs a person will not get there.
int wait_for(Context& context, const UplinkOrder& order, Clock::time_point begin) {
  const std::string goal = order.verb == "down" ? "down" : "up";
  for (;;) {
    int status = kDone;
    const auto answer =
        answer_of(context, context.client().get("/v1/status/" + control::percent_encoded(order.name)), status);
    if (!answer) return status;
    const auto* uplink = value_at(*answer, "uplink");
    if (uplink == nullptr) return tell_failure(context, "broken-answer", "the daemon's answer has no uplink");
    const auto state = text_at(*uplink, "state");
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
    // A redialled uplink is still up for a moment: only an up that began after the command counts.
    const bool fresh = order.verb != "redial" || number_at(*uplink, "since_ms").value_or(0) <= elapsed;
    if (state == goal && fresh) {
      if (!print_json(context, *answer)) {
        const auto addresses = joined(texts_at(*uplink, "addresses"));
        context.out << fmt::format("{} is {}{} after {}\n", order.name, state,
                                   addresses.empty() ? "" : " with " + addresses, duration_text(elapsed));
      }
      return kDone;
    }
    const bool hopeless = state == "failed" && goal == "up";
    if (hopeless || elapsed >= static_cast<std::int64_t>(order.wait) * 1000) {
      return tell_failure(context, hopeless ? "failed" : "timeout",
                          fmt::format("{} is {} ({}) {}", order.name, state, text_at(*uplink, "reason"),
                                      hopeless ? "and needs a person" : fmt::format("after {} s", order.wait)),
                          {text_at(*uplink, "detail"), text_at(*uplink, "remedy")});
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

int give(Context& context, const UplinkOrder& order) {
  const auto begin = Clock::now();
  int status = kDone;
  const auto target = fmt::format("/v1/uplinks/{}/{}", control::percent_encoded(order.name), order.verb);
  const auto answer = answer_of(context, context.client().post(target, ""), status);
  if (!answer) return status;
  if (order.wait > 0) return wait_for(context, order, begin);
  print_json(context, *answer);
  return kDone;
}

}  // namespace michi::cli
