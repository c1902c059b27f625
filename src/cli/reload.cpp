// michi reload [FILE] [--dry-run] [--confirm SECONDS], michi confirm

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

std::string effect_text(const std::string& effect, bool dry_run) {
  const std::string will = dry_run ? "would be " : "is ";
  if (effect == "added") return will + "added";
  if (effect == "removed") return will + "taken down and removed";
  if (effect == "in-place") return dry_run ? "would change without a new session" : "changes without a new session";
  if (effect == "redialled") return dry_run ? "would lose its session and be dialled again" : "is dialled again";
  return effect;
}

}  // namespace

int reload(Context& context, const ReloadOrder& order) {
  json::object body{{"dry_run", order.dry_run}};
  if (!order.file.empty()) {
    // The daemon's working directory is another one.
    body["path"] = std::filesystem::absolute(order.file).string();
  }
  if (order.confirm > 0) body["confirm"] = static_cast<std::int64_t>(order.confirm);
  int status = kDone;
  const auto answer = answer_of(context, context.client().post("/v1/reload", json::serialize(body)), status);
  if (!answer || print_json(context, *answer)) return status;
  for (const auto& note : texts_at(*answer, "notes")) context.out << note << "\n";
  for (const auto& difference : texts_at(*answer, "differences")) context.out << difference << "\n";
  const auto* changes = value_at(*answer, "changes");
  const bool any = changes != nullptr && changes->is_array() && !changes->as_array().empty();
  if (any) {
    for (const auto& change : changes->as_array()) {
      context.out << fmt::format("uplink {} {}\n", text_at(change, "uplink"),
                                 effect_text(text_at(change, "effect"), order.dry_run));
    }
  } else {
    context.out << (order.dry_run ? "no uplink would change\n" : "no uplink changes\n");
  }
  if (order.confirm > 0 && !order.dry_run) {
    context.out << fmt::format("`michi confirm` within {} s keeps this; else the old configuration comes back\n",
                               order.confirm);
  }
  return status;
}

int confirm(Context& context) {
  int status = kDone;
  const auto answer = answer_of(context, context.client().post("/v1/confirm", ""), status);
  if (answer && !print_json(context, *answer)) context.out << "confirmed\n";
  return status;
}

}  // namespace michi::cli
