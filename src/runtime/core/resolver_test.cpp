#include "runtime/core/resolver.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <utility>

namespace michi::runtime {
namespace {

struct RecordingProcesses final : port::Processes {
  void spawn(port::Spawn, port::Ticket ticket) override { running.push_back(ticket); }
  void signal(port::Ticket ticket, int number) override { signals.emplace_back(ticket, number); }
  Result<void, port::OsError> signal_pid_file(const std::string& path, const std::string& argument,
                                              int number) override {
    by_file.push_back(path + " " + argument + " " + std::to_string(number));
    return {};
  }
  std::optional<port::ProcessReport> poll() override { return std::nullopt; }
  void on_wake(port::Wake) override {}
  std::vector<port::Ticket> running;
  std::vector<std::string> by_file;
  std::vector<std::pair<port::Ticket, int>> signals;
};

struct OnlyWritten final : port::Files {
  Result<std::string, port::OsError> read(const std::string&) const override { return Fault(port::OsError{"read", 2}); }
  Result<port::FileStatus, port::OsError> status(const std::string&) const override {
    return Fault(port::OsError{"stat", 2});
  }
  Result<void, port::OsError> write(const std::string& path, std::string_view text, std::uint32_t) override {
    files[path] = text;
    return {};
  }
  Result<std::vector<std::string>, port::OsError> executables(const std::string&) const override {
    return std::vector<std::string>{};
  }
  Result<std::string, port::OsError> read_sysctl(const std::string&) const override { return std::string(); }
  Result<void, port::OsError> write_sysctl(const std::string&, std::string_view) override { return {}; }
  std::map<std::string, std::string> files;
};

class ResolverChild : public ::testing::Test {
 protected:
  ResolverChild() {
    config.global.resolv_conf = model::ResolvConf::Local;
    resolver.on_config(config, now);
    resolver.turn(now, Pass::First);
  }

  port::Ticket child() const { return processes.running.back(); }
  void ends() { EXPECT_TRUE(resolver.on_report(port::Exited{child(), 137, false, ""}, now)); }
  void at(Duration later) {
    now += later;
    resolver.turn(now, Pass::First);
  }

  RecordingProcesses processes;
  OnlyWritten files;
  Tickets tickets;
  std::vector<model::Event> events() {
    std::vector<model::Event> out;
    while (auto event = resolver.poll_event()) out.push_back(*event);
    return out;
  }
  Resolver resolver{processes, files, tickets, ResolverMode::Child, "/run/michi"};
  model::Config config;
  Instant now = Instant{} + seconds(100);
};

TEST_F(ResolverChild, EndsTheOneAnEarlierLifeLeftBeforeItStartsItsOwn) {
  EXPECT_EQ(processes.by_file,
            (std::vector<std::string>{"/run/michi/dnsmasq.pid --conf-file=/run/michi/dnsmasq.conf 15"}));
  EXPECT_EQ(processes.running.size(), 1u);
}

TEST_F(ResolverChild, ThatHangsOnSigtermIsKilledAfterABoundedWait) {
  ASSERT_EQ(processes.running.size(), 1u);
  resolver.end(Ending::Stop, now);
  ASSERT_EQ(processes.signals.size(), 1u);
  EXPECT_EQ(processes.signals[0], std::pair(child(), SIGTERM));
  ASSERT_EQ(resolver.next_deadline(), now + kTermToKill);
  at(kTermToKill - milliseconds(1));
  EXPECT_EQ(processes.signals.size(), 1u);
  at(milliseconds(1));
  ASSERT_EQ(processes.signals.size(), 2u);
  EXPECT_EQ(processes.signals[1], std::pair(child(), SIGKILL));
  const auto told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].code, "resolver.killed");
  EXPECT_FALSE(resolver.next_deadline());
  ends();
  EXPECT_FALSE(!resolver.idle());
}

TEST_F(ResolverChild, ThatHangsWhenItsConfigurationChangesIsKilledAndStartedAnew) {
  config.lans = {{.name = "home", .interface = "lan0", .addresses = {}, .uplink = {}, .dhcp = {}, .domain = {}}};
  config.lans[0].dns = true;
  resolver.on_config(config, now);
  at(seconds(1));
  config.lans[0].interface = "lan1";
  resolver.on_config(config, now);  // told again: no new wait
  at(seconds(1));
  EXPECT_EQ(processes.signals.back(), std::pair(child(), SIGKILL));
  ends();
  at({});
  EXPECT_EQ(processes.running.size(), 2u);
}

TEST_F(ResolverChild, ThatEndsInTimeIsNotKilled) {
  resolver.end(Ending::Stop, now);
  at(seconds(1));
  ends();
  at(seconds(5));
  EXPECT_EQ(processes.signals.size(), 1u);
  EXPECT_TRUE(events().empty());
}

}  // namespace
}  // namespace michi::runtime
