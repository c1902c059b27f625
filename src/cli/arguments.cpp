// Which verbs and options there are. The only file of this room that includes CLI11.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>

#include "cli/app.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace {

/// What the chosen verb does; set while the arguments are read.
using Chosen = std::function<int(Context&)>;

/// The verb's own order, filled while the arguments are read.
template <typename Order>
std::shared_ptr<Order> chooses(CLI::App& verb, Chosen& chosen, int (*act)(Context&, const Order&), Order first = {}) {
  auto order = std::make_shared<Order>(std::move(first));
  verb.callback([&chosen, order, act] { chosen = [order, act](Context& context) { return act(context, *order); }; });
  return order;
}

void add_plain(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& text, int (*act)(Context&)) {
  app.add_subcommand(name, text)->callback([&chosen, act] { chosen = act; });
}

void add_status(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("status", "uplinks: state, address, reason, what they wait for");
  verb->add_option("NAME", *chooses(*verb, chosen, status), "one uplink in detail");
}

void add_uplink(CLI::App& app, Chosen& chosen) {
  const auto add = [&](const std::string& name, const std::string& text) {
    auto* verb = app.add_subcommand(name, text);
    const auto order = chooses(*verb, chosen, give, UplinkOrder{.verb = name, .name = {}, .wait = 0});
    verb->add_option("NAME", order->name, "the uplink")->required();
    verb->add_option("--wait", order->wait, "seconds to wait until it is done")->check(CLI::Range(1u, 3600u));
  };
  add("up", "start an uplink");
  add("down", "end an uplink's session and leave it down");
  add("redial", "end an uplink's session and dial again at once");
}

void add_check(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("check", "all findings of a configuration, without a daemon");
  const auto order = chooses(*verb, chosen, check);
  verb->add_option("FILE", order->file, "the configuration")->required();
  verb->add_option("--secrets", order->secrets, "default: secrets.toml beside it");
}

void add_reload(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("reload", "apply a configuration; sessions that do not change stay");
  const auto order = chooses(*verb, chosen, reload);
  verb->add_option("FILE", order->file, "default: the file the daemon was started with");
  verb->add_flag("--dry-run", order->dry_run, "only say what would change");
  verb->add_option("--confirm", order->confirm, "seconds until the old one comes back unless confirmed")
      ->check(CLI::Range(1u, 86400u));
  add_plain(app, chosen, "confirm", "keep the configuration that was loaded with --confirm", confirm);
}

void add_kernel(CLI::App& app, Chosen& chosen) {
  add_plain(app, chosen, "plan", "desired against actual kernel state, as a diff", plan);
  add_plain(app, chosen, "flush", "end all sessions and take everything of michi's out of the kernel", flush);
}

void add_why(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("why", "which uplink a flow takes, by which rule, and why");
  const auto flow = chooses(*verb, chosen, why);
  verb->add_option("DST", flow->destination, "destination address")->required();
  verb->add_option("--from", flow->source, "source address; default: this machine");
  verb->add_option("--in", flow->interface, "interface it comes in by; default: found from the source");
  verb->add_option("--proto", flow->protocol, "tcp, udp or icmp")->check(CLI::IsMember({"tcp", "udp", "icmp"}));
  verb->add_option("--port", flow->port, "destination port")->check(CLI::Range(1, 65535));
  verb->add_option("--source-port", flow->source_port, "source port")->check(CLI::Range(1, 65535));
}

void add_doctor(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("doctor", "look for what is wrong, and say what to do");
  verb->add_option("NAME", *chooses(*verb, chosen, doctor),
                   "this uplink only; default: all of them, the LANs and the machine");
}

void add_events(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("events", "the event log");
  const auto order = chooses(*verb, chosen, events);
  verb->add_flag("-f,--follow", order->follow, "go on with what comes");
  verb->add_option("--since", order->since, "only after this number (17, or STARTID.17)");
}

void add_trace(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("trace", "the control protocols of one uplink, decoded, live");
  const auto order = chooses(*verb, chosen, trace);
  verb->add_option("NAME", order->name, "the uplink")->required();
  verb->add_option("-w,--write", order->file, "also write them to this pcapng file; - is standard output");
}

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
  Context context{.out = out, .err = err};
  Chosen chosen;
  CLI::App app("michi: several roads to the internet, from one file", "michi");
  app.set_version_flag("--version", std::string("michi " MICHI_VERSION));
  app.add_flag("--json", context.json, "one JSON object (or one a line) instead of text");
  app.add_option("--socket", context.socket, "the daemon's control socket")->capture_default_str();
  app.require_subcommand(1);
  app.fallthrough();
  add_status(app, chosen);
  add_uplink(app, chosen);
  add_check(app, chosen);
  add_reload(app, chosen);
  add_kernel(app, chosen);
  add_why(app, chosen);
  add_doctor(app, chosen);
  add_events(app, chosen);
  add_trace(app, chosen);
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
  return chosen(context);
}

}  // namespace michi::cli
