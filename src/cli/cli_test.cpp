#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/app.hpp"
#include "cli/pcapng.hpp"
#include "cli/text.hpp"
#include "control/server.hpp"
#include "kit/fake_commands.hpp"

namespace michi::cli {
namespace {

struct Outcome {
  int status = 0;
  std::string out, err;
};

Outcome michi(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  const int status = run(arguments, out, err);
  return {status, out.str(), err.str()};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Arguments, WhatIsWrongGivesStatusTwoAndASentence) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"explode"},
                                                       {"up"},
                                                       {"up", "isp", "lte"},
                                                       {"up", "isp", "--wait", "soon"},
                                                       {"reload", "--confirm", "0"},
                                                       {"why"},
                                                       {"why", "192.0.2.1", "--proto", "ipx"},
                                                       {"why", "192.0.2.1", "--port", "70000"},
                                                       {"check"},
                                                       {"trace"},
                                                       {"status", "--verbose"}};
  for (const auto& arguments : wrong) {
    const auto outcome = michi(arguments);
    EXPECT_EQ(outcome.status, kUsage) << joined(arguments, " ");
    EXPECT_TRUE(outcome.err.starts_with("michi: ")) << joined(arguments, " ") << outcome.err;
    auto as_json = arguments;
    as_json.push_back("--json");
    const auto json = michi(as_json);
    EXPECT_EQ(json.status, kUsage);
    EXPECT_TRUE(json.out.starts_with(R"({"schema":1,"error":{"code":"usage")")) << json.out;
    EXPECT_EQ(json.err, "");
  }
}

TEST(Arguments, AVerbThatDoesNotExistIsNamed) {
  EXPECT_TRUE(has(michi({"explode"}).err, "there is no verb \"explode\"; there are: status, up, "));
  EXPECT_TRUE(has(michi({}).err, "a verb is missing; there are: status, up, "));
  EXPECT_TRUE(has(michi({"--verbose"}).err, "--verbose"));
  EXPECT_TRUE(has(michi({"why"}).err, "`michi why --help`"));
}

TEST(Arguments, HelpAndVersionAreNoFailures) {
  EXPECT_EQ(michi({"--help"}).status, kDone);
  EXPECT_TRUE(has(michi({"why", "--help"}).out, "--source-port"));
  EXPECT_TRUE(has(michi({"--version"}).out, "michi "));
}

TEST(Arguments, WithoutADaemonEveryVerbGivesStatusThreeAndARemedy) {
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"status"},
                                                                                    {"up", "isp"},
                                                                                    {"reload"},
                                                                                    {"confirm"},
                                                                                    {"plan"},
                                                                                    {"why", "192.0.2.1"},
                                                                                    {"events"},
                                                                                    {"events", "-f"},
                                                                                    {"trace", "isp"},
                                                                                    {"flush"}}) {
    auto arguments = verb;
    arguments.insert(arguments.end(), {"--socket", "/nonexistent/control.sock"});
    const auto outcome = michi(arguments);
    EXPECT_EQ(outcome.status, kNotReachable) << verb[0];
    EXPECT_TRUE(has(outcome.err, verb[0] == "flush" ? "michid --flush" : "systemctl start michid")) << outcome.err;
    arguments.push_back("--json");
    const auto json = michi(arguments);
    EXPECT_EQ(json.status, kNotReachable);
    EXPECT_TRUE(has(json.out, R"("code":"not-reachable")")) << json.out;
  }
}

TEST(Text, DurationsSizesAndTablesAreShort) {
  EXPECT_EQ(duration_text(850), "850 ms");
  EXPECT_EQ(duration_text(59'999), "59 s");
  EXPECT_EQ(duration_text(185'000), "3 m 5 s");
  EXPECT_EQ(duration_text(11'520'000), "3 h 12 m");
  EXPECT_EQ(duration_text(2 * 86'400'000), "2 d");
  EXPECT_EQ(duration_text(-5), "0 ms");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(table_text({{"A", "BB"}, {"AAA", ""}}), "A    BB\nAAA\n");
}

TEST(Pcapng, APacketBlockCarriesTimeLengthAndDirection) {
  const auto text = pcapng_packet(0x0102030405060708, true, CaptureLink::Ethernet, *from_hex("aabbcc"));
  const std::string length = "30000000";
  EXPECT_EQ(to_hex(bytes_of(text)), "06000000" + length + "00000000" + "04030201" + "08070605" + "03000000" +
                                        "03000000" + "aabbcc00" + "02000400" + "02000000" + "00000000" + length);
}

TEST(Pcapng, TheFileHasAnInterfaceForFramesAndOneForPackets) {
  const auto header = to_hex(bytes_of(pcapng_header("isp")));
  EXPECT_NE(header.find("0100000000000000"), std::string::npos) << "LINKTYPE_ETHERNET";
  EXPECT_NE(header.find("6500000000000000"), std::string::npos) << "LINKTYPE_RAW";
  const auto packet = to_hex(bytes_of(pcapng_packet(0, false, CaptureLink::Raw, *from_hex("60"))));
  EXPECT_EQ(packet.substr(16, 8), "01000000");
}

class WithDaemon : public testing::Test {
 protected:
  WithDaemon() {
    char name[] = "/tmp/michi-cli-XXXXXX";
    directory = mkdtemp(name);
    control::ServerOptions options;
    options.path = directory + "/control.sock";
    server = std::make_unique<control::Server>(context, commands, events, options);
    EXPECT_TRUE(server->listen());
    loop = std::jthread([this] { context.run(); });
  }
  ~WithDaemon() override {
    context.stop();
    loop.join();
    server.reset();
    std::filesystem::remove_all(directory);
  }
  Outcome ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", directory + "/control.sock"});
    return michi(std::move(arguments));
  }

  boost::asio::io_context context;
  kit::FakeCommands commands;
  observe::EventLog events{"a1"};
  std::unique_ptr<control::Server> server;
  std::string directory;
  std::jthread loop;
};

TEST_F(WithDaemon, StatusIsATableWithRemediesBelow) {
  const auto outcome = ask({"status"});
  EXPECT_EQ(outcome.status, kDone);
  EXPECT_TRUE(has(outcome.out, "isp   up       3 h 12 m  203.0.113.5  wan0")) << outcome.out;
  EXPECT_TRUE(has(outcome.out, "no-answer, next attempt in 8 s"));
  EXPECT_TRUE(has(outcome.out, "lte: remedy: no access concentrator answered"));
  EXPECT_TRUE(has(outcome.out, "packets stopped: leaks 0, refused 12, by the data plane 0\n"));
  EXPECT_TRUE(
      has(ask({"--json", "status"}).out, R"("firewall":{"leaks":{"packets":0,"bytes":0},"refused":{"packets":12,)"));
  EXPECT_TRUE(has(outcome.out, "home  lan0       advertising  yes             14              3\n")) << outcome.out;
  EXPECT_TRUE(has(outcome.out, "home: 2001:db8:1::/64 preferred for 45 m, valid for 1 h 30 m\n")) << outcome.out;
  EXPECT_TRUE(has(outcome.out, "home: 2001:db8:2::/64 deprecated, valid for 1 m\n"));
  EXPECT_TRUE(has(outcome.out, "home: fd00:1::/64 preferred without an end, valid without an end\n"));
  EXPECT_TRUE(has(outcome.out, "home: another router, fe80::99, a default router, contradicts MTU, prefix\n"));
  EXPECT_TRUE(has(ask({"--json", "status"}).out,
                  R"("lans":[{"name":"home","interface":"lan0","state":"advertising","default_router":true,)"
                  R"("prefixes":[{"prefix":"2001:db8:1::/64","deprecated":false,"preferred_ms":2700000,)"));
  EXPECT_TRUE(has(outcome.out, "02:00:00:00:00:05  home  wan0  02:00:00:00:00:01  0x0012   1 m 30 s  1.5 KiB   0 B"))
      << outcome.out;
  EXPECT_TRUE(has(ask({"--json", "status"}).out,
                  R"("passed":[{"line":"wan0","lan":"home","client":"02:00:00:00:00:05","ac":"02:00:00:00:00:01",)"
                  R"("session":18,"age_ms":90000,"rx_packets":3,"rx_bytes":1536,"tx_packets":0,"tx_bytes":0}])"));
  EXPECT_TRUE(has(ask({"status", "isp"}).out, "session       0x0011 at ac1"));
  commands.state.uplinks[0].prefixes = {
      {*parse_prefix("2001:db8:b:1::/64"), seconds(60), seconds(120), true, true,
       model::ProxySnapshot{.lan = "home", .state = "answering", .hosts = 2, .asked = 9, .answered = 7}}};
  EXPECT_TRUE(has(ask({"status"}).out, "isp: 2001:db8:b:1::/64 shared with LAN home by proxy (answering, hosts: 2)\n"));
  EXPECT_TRUE(has(ask({"status", "isp"}).out,
                  "2001:db8:b:1::/64 confirmed, the line's own, shared with LAN home by proxy (answering, hosts: 2), "
                  "preferred for 1 m, valid for 2 m\n"));
  EXPECT_TRUE(has(ask({"--json", "status"}).out, R"({"schema":1,"version":"0.1.0")"));
  EXPECT_EQ(ask({"status", "nobody"}).status, kUsage);
}

TEST_F(WithDaemon, CommandsAreGivenAndWaitedFor) {
  EXPECT_EQ(ask({"up", "isp", "--wait", "1"}).status, kDone);
  const auto late = ask({"up", "lte", "--wait", "1"});
  EXPECT_EQ(late.status, kFailed);
  EXPECT_TRUE(has(late.err, "lte is waiting (no-answer) after 1 s")) << late.err;
  commands.state.uplinks[1].facts.state = model::UplinkState::Failed;
  EXPECT_TRUE(has(ask({"up", "lte", "--wait", "60"}).err, "needs a person"));
  commands.state.uplinks[0].in_state = Duration{};
  EXPECT_EQ(ask({"redial", "isp", "--wait", "5"}).status, kDone);
  EXPECT_EQ(commands.asked, (std::vector<std::string>{"up isp", "up lte", "up lte", "redial isp"}));
}

TEST_F(WithDaemon, ReloadSaysWhatItCosts) {
  const auto outcome = ask({"reload", "--dry-run"});
  EXPECT_TRUE(has(outcome.out, "uplink isp would lose its session")) << outcome.out;
  ask({"reload", "x.toml", "--confirm", "60"});
  EXPECT_TRUE(has(commands.asked.back(), "/x.toml confirm 60000")) << commands.asked.back();
  EXPECT_TRUE(commands.asked.back().starts_with("reload /"));  // absolute
  commands.refuse = control::Refusal{"bad-configuration", "it has errors", {"x.toml:1:1: error"}};
  const auto refused = ask({"reload"});
  EXPECT_EQ(refused.status, kUsage);
  EXPECT_TRUE(has(refused.err, "x.toml:1:1: error"));
}

TEST_F(WithDaemon, PlanWhyEventsAndTheRestReadWell) {
  EXPECT_TRUE(has(ask({"plan"}).out, "as it should be"));
  commands.plan_lines = {"+ route 10.0.0.0/8 table 20000"};
  EXPECT_EQ(ask({"plan"}).out, "+ route 10.0.0.0/8 table 20000\n");
  const auto why = ask({"why", "192.0.2.9", "--proto", "tcp", "--port", "443"});
  EXPECT_TRUE(has(why.out, "192.0.2.9 goes out by uplink isp as 203.0.113.5")) << why.out;
  EXPECT_TRUE(has(why.out, "192.0.2.9  tcp 443"));
  EXPECT_FALSE(has(why.out, "carried by"));
  EXPECT_TRUE(has(ask({"why", "192.0.2.46"}).out, "by uplink isp as 203.0.113.5, carried by hikari\n"));
  model::Event event{
      .severity = model::Severity::Notice, .code = "uplink.up", .uplink = "isp", .text = "it is up", .fields = {}};
  events.add(event, 0, Instant{});
  EXPECT_TRUE(has(ask({"events"}).out, "notice  uplink=isp uplink.up: it is up"));
  EXPECT_TRUE(has(ask({"events", "--json"}).out, R"({"seq":"a1.1")"));
  EXPECT_EQ(ask({"events", "--since", "1"}).out, "");
  EXPECT_EQ(ask({"confirm"}).status, kDone);
  EXPECT_EQ(ask({"flush"}).status, kDone);
  EXPECT_EQ(ask({"trace", "nobody"}).status, kUsage);
}

TEST_F(WithDaemon, TheDoctorIsWaitedForAndSaysWhatToDo) {
  commands.questions_while_running = 2;
  commands.findings = {
      {"prefix.not-accepted", "isp", model::Verdict::Bad, "it is dropped", {"3 answers passed"}, "accept it"},
      {"kernel", "", model::Verdict::Good, "as it should be", {}, ""}};
  const auto seen = ask({"doctor", "isp"});
  EXPECT_EQ(seen.status, kFailed) << "something is bad";
  EXPECT_TRUE(has(seen.out, "BAD      isp: it is dropped  [prefix.not-accepted]\n")) << seen.out;
  EXPECT_TRUE(has(seen.out, "- 3 answers passed\n"));
  EXPECT_TRUE(has(seen.out, "remedy: accept it\n"));
  EXPECT_TRUE(has(seen.out, "good     as it should be\n"));
  EXPECT_EQ(commands.asked, std::vector<std::string>{"examine isp"});
  commands.findings.erase(commands.findings.begin());
  EXPECT_EQ(ask({"doctor"}).status, kDone);
  commands.refuse = control::Refusal{"unknown-uplink", "there is no uplink lte", {}};
  EXPECT_EQ(ask({"doctor", "lte"}).status, kUsage);
}

TEST_F(WithDaemon, ANumberOfAnotherStartShowsAllOfThisOneAndSaysSo) {
  events.add(
      {.severity = model::Severity::Notice, .code = "uplink.up", .uplink = "isp", .text = "it is up", .fields = {}}, 0,
      Instant{});
  const auto here = ask({"events", "--since", "a1.0"});
  EXPECT_TRUE(has(here.out, "it is up"));
  EXPECT_EQ(here.err, "");
  const auto other = ask({"events", "--since", "b7.1"});
  EXPECT_EQ(other.status, kDone);
  EXPECT_TRUE(has(other.out, "it is up"));
  EXPECT_TRUE(has(other.err, "b7.1 is of another start of michid")) << other.err;
  EXPECT_TRUE(has(other.err, "all events of this one (a1)")) << other.err;
  const auto lines = ask({"events", "--json", "--since", "b7.1"});
  EXPECT_TRUE(lines.out.starts_with(R"({"seq":"a1.1")")) << "only events where a program reads: " << lines.out;
  EXPECT_EQ(lines.err, other.err);
}

TEST(Check, ShowsFindingsWithTheirPlaceAndGivesStatusTwo) {
  char name[] = "/tmp/michi-check-XXXXXX";
  const std::string directory = mkdtemp(name);
  const std::string file = directory + "/michi.toml";
  std::ofstream(file) << "[uplink.isp]\nkind = \"pppoe\"\ninterface = \"wan0\"\nuser = \"u\"\nmtuu = 1454\n";
  const auto outcome = michi({"check", file});
  EXPECT_EQ(outcome.status, kUsage);
  EXPECT_TRUE(has(outcome.err, "michi.toml:5:1: error")) << outcome.err;
  EXPECT_TRUE(has(michi({"check", file, "--json"}).out, R"("ok":false)"));
  EXPECT_EQ(michi({"check", directory + "/nothing.toml"}).status, kUsage);
  const std::string pipe = directory + "/pipe.toml";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(has(michi({"check", pipe}).err, "is no regular file"));
  std::filesystem::remove_all(directory);
}

TEST(Check, ASecretsFileThatOthersCanReadIsRefusedWhenNamed) {
  char name[] = "/tmp/michi-check-XXXXXX";
  const std::string directory = mkdtemp(name);
  const auto file = directory + "/michi.toml";
  const auto secrets = directory + "/passwords.toml";
  std::ofstream(file)
      << "[uplink.isp]\nkind = \"pppoe\"\ninterface = \"wan0\"\nuser = \"u@isp\"\n[[policy]]\nuse = [\"isp\"]\n";
  std::ofstream(secrets) << "isp = \"geheim\"\n";
  chmod(secrets.c_str(), 0644);
  const auto refused = michi({"check", file, "--secrets", secrets});
  EXPECT_EQ(refused.status, kUsage);
  EXPECT_FALSE(has(refused.err, "geheim"));
  chmod(secrets.c_str(), 0600);
  const auto accepted = michi({"check", file, "--secrets", secrets});
  EXPECT_EQ(accepted.status, kDone) << accepted.err;
  EXPECT_EQ(michi({"check", file, "--secrets", directory + "/nothing.toml"}).status, kUsage);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace michi::cli
