#include "runtime/core/hooks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace michi::runtime {
namespace {

model::UplinkFacts up() {
  model::UplinkFacts facts;
  facts.id = {"isp"};
  facts.state = model::UplinkState::Up;
  facts.attached = true;
  facts.detail = "hello \"world\"\nMICHI_UPLINK=evil";
  facts.v4 = model::Ipv4Facts{*parse_ipv4("203.0.113.7"), {}, {*parse_ipv4("192.0.2.53"), *parse_ipv4("192.0.2.54")}};
  return facts;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST(Hooks, TheEnvironmentNamesTheUplinkAndNotAUnitNumber) {
  const auto environment = hook_environment("up", up());
  EXPECT_TRUE(has(environment, "MICHI_UPLINK=isp"));
  EXPECT_TRUE(has(environment, "MICHI_EVENT=up"));
  EXPECT_TRUE(has(environment, "MICHI_LOCAL4=203.0.113.7"));
  EXPECT_TRUE(has(environment, "MICHI_DNS=192.0.2.53 192.0.2.54"));
}

TEST(Hooks, APeersWordsCannotAddAVariableOrBreakTheJson) {
  for (const auto& line : hook_environment("up", up())) EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = hook_json("up", up());
  EXPECT_NE(json.find(R"("detail":"hello \"world\"\nMICHI_UPLINK=evil")"), std::string::npos) << json;
}

struct RecordingProcesses final : port::Processes {
  void spawn(port::Spawn what, port::Ticket ticket) override {
    spawned.push_back(what.argv);
    running.push_back(ticket);
  }
  void signal(port::Ticket, int) override {}
  Result<void, port::OsError> signal_pid_file(const std::string&, const std::string&, int) override { return {}; }
  std::optional<port::ProcessReport> poll() override { return std::nullopt; }
  void on_wake(port::Wake) override {}
  std::vector<std::vector<std::string>> spawned;
  std::vector<port::Ticket> running;
};

struct TwoHooks final : port::Files {
  Result<std::string, port::OsError> read(const std::string&) const override { return Fault(port::OsError{"read", 2}); }
  Result<port::FileStatus, port::OsError> status(const std::string&) const override {
    return Fault(port::OsError{"stat", 2});
  }
  Result<void, port::OsError> write(const std::string&, std::string_view, std::uint32_t) override { return {}; }
  Result<std::vector<std::string>, port::OsError> executables(const std::string&) const override {
    return std::vector<std::string>{"10-first", "20-second"};
  }
  Result<std::string, port::OsError> read_sysctl(const std::string&) const override { return std::string(); }
  Result<void, port::OsError> write_sysctl(const std::string&, std::string_view) override { return {}; }
};

class HooksInOrder : public ::testing::Test {
 protected:
  RecordingProcesses processes;
  TwoHooks files;
  Tickets tickets;
  void configure() {
    model::Config config;
    config.global.hooks_dir = "/hooks";
    config.global.hook_timeout = seconds(1);
    hooks.on_config(config, Instant{});
  }
  Hooks hooks{processes, files, tickets};
};

TEST_F(HooksInOrder, RunOneAfterTheOtherByNameAndAFailureIsTold) {
  configure();
  hooks.on_facts({{"isp", up()}});
  ASSERT_EQ(processes.spawned.size(), 1u);
  EXPECT_EQ(processes.spawned[0], (std::vector<std::string>{"/hooks/10-first", "up", "isp"}));
  EXPECT_TRUE(hooks.on_report(port::Exited{processes.running[0], 3, false, "broken"}));
  const auto told = hooks.poll_event();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->code, "hook.failed");
  ASSERT_EQ(processes.spawned.size(), 2u);
  EXPECT_EQ(processes.spawned[1][0], "/hooks/20-second");
  EXPECT_TRUE(hooks.on_report(port::Exited{processes.running[1], 0, false, ""}));
  EXPECT_EQ(processes.spawned.size(), 2u);
}

TEST_F(HooksInOrder, RunAgainWhenThePrefixIsAnotherAndNotWhenOnlyItsTimeIs) {
  configure();
  auto facts = up();
  facts.v6 = model::Ipv6Facts{.local = *parse_ipv6("fe80::1"), .peer = *parse_ipv6("fe80::2")};
  hooks.on_facts({{"isp", facts}});
  facts.prefixes = {{.prefix = *parse_prefix("2001:db8:a::/56"), .confirmed = true},
                    {.prefix = *parse_prefix("2001:db8:b::/56"), .confirmed = false}};
  hooks.on_facts({{"isp", facts}});
  facts.prefixes[0].valid_until = Instant{} + seconds(60);
  hooks.on_facts({{"isp", facts}});
  for (std::size_t i = 0; i < processes.running.size(); ++i)
    hooks.on_report(port::Exited{processes.running[i], 0, false, ""});
  ASSERT_EQ(processes.spawned.size(), 4u);
  EXPECT_EQ(processes.spawned.back()[1], "change");
  facts.v6->dns = {*parse_ipv6("2001:db8::53")};
  const auto words = hook_environment("change", facts);
  EXPECT_EQ(std::ranges::count(words, "MICHI_PREFIX=2001:db8:a::/56"), 1);
  EXPECT_EQ(std::ranges::count(words, "MICHI_DNS6=2001:db8::53"), 1);
}

TEST_F(HooksInOrder, TheLastChangeIsNeverDroppedHoweverManyWait) {
  configure();
  auto facts = up();
  for (std::uint32_t i = 0; i < 50; ++i) {
    facts.v4->local.value += 1;
    hooks.on_facts({{"isp", facts}});
  }
  auto down = facts;
  down.state = model::UplinkState::Waiting;
  hooks.on_facts({{"isp", down}});
  for (std::size_t i = 0; i < processes.running.size(); ++i)
    hooks.on_report(port::Exited{processes.running[i], 0, false, ""});
  EXPECT_LE(processes.spawned.size(), 20u);
  EXPECT_EQ(processes.spawned.back()[1], "down");
}

TEST_F(HooksInOrder, AnUplinkThatIsRemovedGoesDownForItsHooks) {
  configure();
  hooks.on_facts({{"isp", up()}});
  hooks.on_facts({});
  EXPECT_FALSE(hooks.idle());
  for (std::size_t i = 0; i < processes.running.size(); ++i)
    hooks.on_report(port::Exited{processes.running[i], 0, false, ""});
  EXPECT_EQ(processes.spawned.size(), 4u);
  EXPECT_EQ(processes.spawned.back()[1], "down");
  EXPECT_TRUE(hooks.idle());
}

}  // namespace
}  // namespace michi::runtime
