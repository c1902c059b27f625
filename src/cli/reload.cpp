// michi reload [FILE] [--dry-run] [--confirm SECONDS], michi confirm

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>

#include "cli/app.hpp"
#include "cli/text.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

struct Order {
  std::string file;
  bool dry_run = false;
  unsigned confirm = 0;
};

std::string effect_text(const std::string& effect, bool dry_run) {
  const std::string will = dry_run ? "would be " : "is ";
  if (effect == "added") return will + "added";
  if (effect == "removed") return will + "taken down and removed";
  if (effect == "in-place") return dry_run ? "would change without a new session" : "changes without a new session";
  if (effect == "redialled") return dry_run ? "would lose its session and be dialled again" : "is dialled again";
  return effect;
}

int reload(Context& context, const Order& order) {
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

}  // namespace

void add_reload(CLI::App& app, Context& context) {
  auto order = std::make_shared<Order>();
  auto* verb = app.add_subcommand("reload", "apply a configuration; sessions that do not change stay");
  verb->add_option("FILE", order->file, "default: the file the daemon was started with");
  verb->add_flag("--dry-run", order->dry_run, "only say what would change");
  verb->add_option("--confirm", order->confirm, "seconds until the old one comes back unless confirmed")
      ->check(CLI::Range(1u, 86400u));
  verb->callback([&context, order] { context.chosen = [&context, order] { return reload(context, *order); }; });

  app.add_subcommand("confirm", "keep the configuration that was loaded with --confirm")->callback([&context] {
    context.chosen = [&context] {
      int status = kDone;
      const auto answer = answer_of(context, context.client().post("/v1/confirm", ""), status);
      if (answer && !print_json(context, *answer)) context.out << "confirmed\n";
      return status;
    };
  });
}

}  // namespace michi::cli
