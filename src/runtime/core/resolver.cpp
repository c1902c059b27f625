#include "runtime/core/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "policy/policy.hpp"

namespace michi::runtime {

namespace {

constexpr Duration kLongestPause = seconds(30);
constexpr Duration kChildhood = milliseconds(500);

bool answers(const model::Config& config) {
  return config.global.resolv_conf == model::ResolvConf::Local ||
         std::ranges::any_of(config.lans, [](const auto& lan) { return lan.dns || lan.dhcp; });
}

/// dnsmasq's own words for the usual conflict.
bool port_is_taken(const std::string& output) { return output.find("ddress already in use") != std::string::npos; }

}  // namespace

Resolver::Resolver(port::Processes& processes, port::Files& files, Tickets& tickets, ResolverMode mode,
                   std::string run_directory)
    : processes_(processes), files_(files), tickets_(tickets), mode_(mode), directory_(std::move(run_directory)) {}

void Resolver::write(const std::string& path, const std::string& text, const char* what) {
  if (auto written = files_.write(path, text, 0644); !written)
    tell({model::Severity::Error,
          "resolver.write-failed",
          "",
          fmt::format("cannot write {}: {}", what, written.error().text()),
          {{"path", path}}});
}

void Resolver::on_config(const model::Config& config, Instant now) {
  wanted_ = answers(config);
  auto text = policy::dnsmasq_config(config, directory_);
  const bool changed = text != std::exchange(config_text_, text);
  if (changed) write(directory_ + "/dnsmasq.conf", text, "dnsmasq's configuration");
  // michid may not write in /etc; the operator links /etc/resolv.conf to this file once.
  if (config.global.resolv_conf == model::ResolvConf::Local && changed)
    write(directory_ + "/resolv.conf", "# michi: dnsmasq answers here\nnameserver 127.0.0.1\n", "resolv.conf");
  if (mode_ != ResolverMode::Child) return;
  if (child_ && (changed || !wanted_)) {
    relaunch_ = wanted_;
    end_child(now);
  } else if (!child_ && wanted_) {
    restart_at_ = now;
  }
}

void Resolver::on_desired(const model::Desired& desired, Instant now) {
  const auto& want = desired.resolver;
  auto text = policy::dnsmasq_servers(want);
  if (text == std::exchange(servers_text_, text)) return;
  write(directory_ + "/dnsmasq.servers", text, "dnsmasq's servers");
  hang_up(now);
}

void Resolver::hang_up(Instant now) {
  if (mode_ == ResolverMode::Child && child_ && now - launched_ < kChildhood) {
    hang_up_at_ = launched_ + kChildhood;
    return;
  }
  if (mode_ == ResolverMode::Child && child_) processes_.signal(*child_, SIGHUP);
  // No unit running is no fault: it reads the file when it starts.
  if (mode_ == ResolverMode::Unit) std::ignore = processes_.signal_pid_file(pid_file(), conf_argument(), SIGHUP);
}

void Resolver::end_child(Instant now) {
  processes_.signal(*child_, SIGTERM);
  // Told again while it is ending, it gets no more time.
  if (!kill_at_) kill_at_ = now + kTermToKill;
}

void Resolver::launch(Instant now) {
  launched_ = now;
  // One of an earlier life that was killed: dnsmasq changes its user, and does not hear of its parent's death.
  std::ignore = processes_.signal_pid_file(pid_file(), conf_argument(), SIGTERM);
  child_ = tickets_.next();
  port::Spawn spawn;
  spawn.argv = {"/usr/sbin/dnsmasq", "--keep-in-foreground", conf_argument(), "--pid-file=" + pid_file()};
  spawn.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  spawn.drop_capabilities = false;  // it binds ports 53 and 67
  processes_.spawn(std::move(spawn), *child_);
}

bool Resolver::on_report(const port::ProcessReport& report, Instant now) {
  const auto ticket = std::visit([](const auto& r) { return r.ticket; }, report);
  if (ticket != child_) return false;
  child_.reset();
  kill_at_.reset();
  if (stopping_) return true;
  if (std::exchange(relaunch_, false)) {
    restart_at_ = now;
    return true;
  }
  if (!wanted_) return true;
  if (now - launched_ > kLongestPause) pause_ = kFirstPause;
  restart_at_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  std::string text;
  if (const auto* failed = std::get_if<port::SpawnFailed>(&report)) {
    text = fmt::format("dnsmasq does not start: {}; install dnsmasq-base", failed->error.text());
  } else {
    const auto& exited = std::get<port::Exited>(report);
    text = fmt::format("dnsmasq ended with status {}: {}", exited.status, exited.output);
    if (port_is_taken(exited.output))
      text +=
          " (another DNS or DHCP server holds port 53 or 67 on this interface: stop it, or set dns = false and "
          "leave out dhcp for that LAN)";
  }
  tell({model::Severity::Error, "resolver.failed", "", text, {}});
  return true;
}

std::optional<Instant> Resolver::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& at : {restart_at_, hang_up_at_, kill_at_})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

bool Resolver::turn(Instant now, Pass) {
  run_deadlines(now);
  return false;
}

void Resolver::run_deadlines(Instant now) {
  if (child_ && kill_at_ && *kill_at_ <= now) {
    kill_at_.reset();
    processes_.signal(*child_, SIGKILL);
    tell({model::Severity::Warning,
          "resolver.killed",
          "",
          fmt::format("dnsmasq did not end within {} s of SIGTERM and was killed",
                      whole_milliseconds(kTermToKill) / 1000),
          {}});
  }
  if (hang_up_at_ && *hang_up_at_ <= now) {
    hang_up_at_.reset();
    hang_up(now);
  }
  if (!restart_at_ || *restart_at_ > now) return;
  restart_at_.reset();
  if (!child_ && wanted_ && !stopping_) launch(now);
}

void Resolver::end(Ending, Instant now) {
  stopping_ = true;
  restart_at_.reset();
  hang_up_at_.reset();
  if (child_) end_child(now);
}

}  // namespace michi::runtime
