#include "daemon/daemon.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <net/if.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <set>
#include <stdexcept>

#include "base/digest.hpp"
#include "control/server.hpp"
#include "daemon/api.hpp"
#include "daemon/crash_points.hpp"
#include "daemon/loader.hpp"
#include "dataplane/planes.hpp"
#include "dataplane/tun/tun_plane.hpp"
#include "linux/host/capabilities.hpp"
#include "linux/host/entropy.hpp"
#include "linux/host/files.hpp"
#include "linux/host/notify.hpp"
#include "linux/host/processes.hpp"
#include "linux/host/store.hpp"
#include "linux/host/watcher.hpp"
#include "linux/loop/alarm.hpp"
#include "linux/loop/turns.hpp"
#include "linux/netlink/kernel_net.hpp"
#include "linux/nftables/firewall.hpp"
#include "linux/sockets/datagram_socket.hpp"
#include "linux/sockets/echo_socket.hpp"
#include "linux/sockets/frame_socket.hpp"
#include "linux/sockets/observer.hpp"
#include "observe/event_log.hpp"
#include "runtime/core/core.hpp"

namespace michi::daemon {

namespace {

constexpr auto kQuiet = std::chrono::milliseconds(500);  // without a change, before memory is given back
constexpr auto kReadyAnyway = std::chrono::seconds(5);   // after the start, settled or not
constexpr int kFlushed = 10;                             // exit status; packaging/systemd/michid.service knows it

std::int64_t wall_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(since).count();
}

/// The journal's level in front of the line, as sd-daemon(3) has it.
int journal_level(model::Severity severity) {
  switch (severity) {
    case model::Severity::Error:
      return 3;
    case model::Severity::Warning:
      return 4;
    case model::Severity::Notice:
      return 5;
    case model::Severity::Info:
      return 6;
    case model::Severity::Debug:
      return 7;
  }
  return 6;
}

void require_capabilities(linux::Work work) {
  const auto missing = linux::missing_capabilities(work);
  if (missing.empty()) return;
  std::string text = "this process or kernel lacks what michid needs:";
  for (const auto& thing : missing) text += fmt::format("\n  {}: {} ({})", thing.code, thing.text, thing.remedy);
  throw std::runtime_error(text);
}

void require_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return;
  throw std::runtime_error(port::OsError{"make directory " + path, errno}.text());
}

/// Interfaces that are not michi's: no uplink may take their names.
std::set<std::string> foreign_devices(const port::Files& files) {
  std::set<std::string> names;
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> list(::if_nameindex(),
                                                                                  &::if_freenameindex);
  for (const auto* entry = list.get(); entry && entry->if_index != 0; ++entry) {
    const auto alias = files.read(fmt::format("/sys/class/net/{}/ifalias", entry->if_name));
    if (!alias || !alias->starts_with("michi")) names.insert(entry->if_name);
  }
  return names;
}

Random::Key fresh_key() {
  auto key = linux::Entropy().key();
  if (!key) throw std::runtime_error(key.error().text());
  return *key;
}

/// The preferred one first.
std::vector<std::unique_ptr<port::DataPlane>> all_planes(boost::asio::io_context& loop) {
  std::vector<std::unique_ptr<port::DataPlane>> planes;
  planes.push_back(std::make_unique<dataplane::tun::TunPlane>(loop));
  return planes;
}

}  // namespace

struct Daemon::Parts {
  explicit Parts(Options given)
      : options(std::move(given)),
        key(fresh_key()),
        start_id(to_hex(sha1({key})).substr(0, 8)),
        events(start_id),
        alarm(loop),
        frames(loop),
        datagrams(loop),
        echoes(loop),
        kernel(loop),
        firewall(loop),
        planes(loop, all_planes(loop)),
        store(loop, options.paths.run, options.paths.state),
        processes(loop),
        watcher(loop),
        core(
            {alarm, frames, datagrams, echoes, observers, kernel, firewall, planes, store, processes, files},
            {.run_directory = options.paths.run,
             .resolver = options.flush ? runtime::ResolverMode::Off : options.resolver,
             .crash_point = crash_at(options.crash_at)},
            Random(key), [this] { turns.ask(); }, [this](const model::Event& event, Instant now) { tell(event, now); }),
        api({.core = core,
             .alarm = alarm,
             .files = files,
             .paths = options.paths,
             .start_id = start_id,
             .started = alarm.now(),
             .applied = [this](const Bundle& bundle) { applied(bundle); },
             .flushed = [this] { flush_commanded = true; }}),
        signals(loop, SIGTERM, SIGINT, SIGHUP),
        watchdog(loop),
        tidy(loop),
        ready(loop) {}

  void turn() {
    core.turn();
    after_turn();
  }

  void tell(const model::Event& event, Instant now) {
    const auto number = events.add(event, wall_ms(), now);
    if (!number || event.severity == model::Severity::Debug) return;
    const auto& uplink = event.uplink;
    std::fprintf(stderr, "<%d>%s%s%s: %s\n", journal_level(event.severity), event.code.c_str(),
                 uplink.empty() ? "" : " ", uplink.c_str(), event.text.c_str());
  }

  void after_turn() {
    if (core.settled()) announce("running");
    if (core.stopped()) return finish();
    follow_configuration();
    const bool derived = std::exchange(derivations, core.derivations()) != core.derivations();
    if (std::exchange(was_settled, core.settled()) != core.settled() || derived) tidy_up_soon();
  }

  void announce(const std::string& status) {
    if (std::exchange(announced, true)) return;
    ready.cancel();
    notify.ready(status);
  }

  /// One object that the kernel refuses must not make the service manager restart all sessions.
  void announce_anyway() {
    ready.expires_after(kReadyAnyway);
    ready.async_wait([this](const boost::system::error_code& error) {
      if (!error) announce("running; the kernel's state is not as wanted yet, see `michi plan`");
    });
  }

  /// The core may have gone back to the configuration before an unconfirmed one.
  void follow_configuration() {
    if (core.config() != current.config && core.config() == confirmed.config) adopt(confirmed);
    if (!core.awaiting_confirmation() && confirmed.config != current.config) confirmed = current;
    if (routes_changed && !core.awaiting_confirmation()) renew();
  }

  /// A routes file is data that others renew (R5): only it is read again, never a half-edited configuration.
  void renew() {
    routes_changed = false;
    auto renewed = renew_routes(files, current, foreign_devices(files));
    if (!renewed) {
      std::string text = "a routes file has errors; the prefixes stay as they were";
      for (const auto& diagnostic : renewed.error()) text += "\n" + config::to_text(diagnostic);
      tell({model::Severity::Error, "reload.refused", "", text, {}}, alarm.now());
      return;
    }
    core.apply(renewed->config, renewed->secrets);
    adopt(*renewed);
    tell({model::Severity::Notice, "reload.applied", "", "a routes file was read again", {}}, alarm.now());
  }

  /// What a change needed for a moment (dumps, the firewall's text) goes back to the system when it is quiet again.
  void tidy_up_soon() {
    tidy.expires_after(kQuiet);
    tidy.async_wait([](const boost::system::error_code& error) {
      if (!error) ::malloc_trim(0);
    });
  }

  void adopt(const Bundle& adopted) {
    current = adopted;
    const Bundle& bundle = current;
    watcher.watch({bundle.watched.begin(), bundle.watched.end()});
    if (server) server->set_others_may_look(bundle.config->control.others_may_look);
    for (const auto& note : bundle.notes)
      tell({note.severity == config::Severity::Warning ? model::Severity::Warning : model::Severity::Info,
            "configuration.note",
            "",
            config::to_text(note),
            {}},
           alarm.now());
  }

  void applied(const Bundle& bundle) {
    std::string text = bundle.path == options.paths.config
                           ? "the configuration was read again"
                           : bundle.path + " was applied; the next start reads " + options.paths.config;
    if (core.awaiting_confirmation()) text += "; it waits for `michi confirm`";
    tell({model::Severity::Notice, "reload.applied", "", std::move(text), {}}, alarm.now());
    adopt(bundle);
  }

  void reload() {
    notify.reloading();
    auto done = api.reload({});
    if (!done) {
      std::string text = done.error().text;
      for (const auto& line : done.error().details) text += "\n" + line;
      tell({model::Severity::Error, "reload.refused", "", text, {}}, alarm.now());
    }
    notify.ready("running");
  }

  void watch_files() {
    watcher.on_wake([this] {
      while (auto path = watcher.poll())
        routes_changed = routes_changed || (*path != current.path && *path != options.paths.secrets);
      follow_configuration();
    });
  }

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        reload();
      } else {
        notify.stopping();
        core.stop();
      }
      wait_for_signal();
    });
  }

  void feed_watchdog(Duration period) {
    watchdog.expires_after(period / 3);
    watchdog.async_wait([this, period](const boost::system::error_code& error) {
      if (error) return;
      notify.alive();
      feed_watchdog(period);
    });
  }

  int flush() {
    if (control::somebody_listens(options.paths.socket))
      throw std::runtime_error("another michid is running there: use `michi flush`");
    core.begin(nullptr, {});
    core.flush();
    turns.run();
    return report_end();
  }

  int report_end() const {
    const int status = flush_commanded ? kFlushed : core.gave_up() ? 1 : 0;
    if (!core.gave_up()) return status;
    std::fprintf(stderr, "<4>michid: ended before everything was done; left over:\n");
    for (const auto& line : core.plan()) std::fprintf(stderr, "<4>  %s\n", line.c_str());
    return status;
  }

  void finish() {
    if (std::exchange(finished, true)) return;
    if (server) server->close();
    signals.cancel();
    watchdog.cancel();
    tidy.cancel();
    ready.cancel();
    boost::asio::post(loop, [this] { loop.stop(); });
  }

  Options options;
  Random::Key key;
  std::string start_id;
  // Other threads post to it and do no more: its sockets and timers are this thread's alone.
  boost::asio::io_context loop{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  linux::Turns turns{loop, [this] { turn(); }};
  observe::EventLog events;
  linux::Notify notify;
  linux::Alarm alarm;
  linux::FrameSockets frames;
  linux::DatagramSockets datagrams;
  linux::EchoSockets echoes;
  linux::Observers observers;
  linux::KernelNet kernel;
  linux::Firewall firewall;
  dataplane::Planes planes;
  linux::Store store;
  linux::Processes processes;
  linux::Files files;
  linux::Watcher watcher;
  runtime::Core core;
  Api api;
  std::unique_ptr<control::Server> server;
  boost::asio::signal_set signals;
  boost::asio::steady_timer watchdog;
  boost::asio::steady_timer tidy;
  boost::asio::steady_timer ready;
  Bundle current;    // what the core runs
  Bundle confirmed;  // what it goes back to
  bool routes_changed = false;
  bool announced = false;
  bool was_settled = false;
  std::uint64_t derivations = 0;  // as the core counted them in the last turn
  bool finished = false;
  bool flush_commanded = false;
};

Daemon::Daemon(Options options) {
  // A flush reads what an earlier run left, if there is anything, and leaves nothing of its own.
  require_capabilities(options.flush ? linux::Work::Flush : linux::Work::Run);
  if (!options.flush) {
    require_directory(options.paths.run);
    require_directory(options.paths.state);
  }
  parts_ = std::make_unique<Parts>(std::move(options));
}

Daemon::~Daemon() = default;

int Daemon::run() {
  auto& p = *parts_;
  p.wait_for_signal();
  if (p.options.flush) return p.flush();
  auto bundle = load_bundle(p.files, p.options.paths, p.options.paths.config, Asked::Start, foreign_devices(p.files));
  if (!bundle) {
    for (const auto& diagnostic : bundle.error()) std::fprintf(stderr, "%s\n", config::to_text(diagnostic).c_str());
    std::fprintf(stderr, "michid: the configuration has errors; nothing was touched\n");
    return 2;
  }
  p.server = std::make_unique<control::Server>(
      p.loop, p.api, p.events,
      control::ServerOptions{.path = p.options.paths.socket,
                             .others_may_look = bundle->config->control.others_may_look});
  if (auto listening = p.server->listen(); !listening) throw std::runtime_error(listening.error());
  p.watch_files();
  p.adopt(*bundle);
  p.confirmed = *bundle;
  p.announce_anyway();
  if (const auto period = p.notify.watchdog_period()) p.feed_watchdog(*period);
  p.core.begin(bundle->config, bundle->secrets);
  p.turns.run();
  return p.report_end();
}

}  // namespace michi::daemon
