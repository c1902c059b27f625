#include "control/router.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "control/schema.hpp"
#include "kit/fake_commands.hpp"

namespace michi::control {
namespace {

class Router : public testing::Test {
 protected:
  Answer answer(const std::string& method, const std::string& target, const std::string& body = "",
                Rights rights = Rights::Command) {
    return route({.method = method, .target = target, .body = body, .rights = rights}, commands, events);
  }
  Reply reply(const std::string& method, const std::string& target, const std::string& body = "",
              Rights rights = Rights::Command) {
    auto given = answer(method, target, body, rights);
    EXPECT_TRUE(std::holds_alternative<Reply>(given)) << target;
    return std::holds_alternative<Reply>(given) ? std::get<Reply>(given) : Reply{};
  }

  kit::FakeCommands commands;
  observe::EventLog events{"a1"};
};

TEST_F(Router, EveryCommandReachesTheDaemon) {
  EXPECT_EQ(reply("POST", "/v1/uplinks/isp/up").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/uplinks/isp/down").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/uplinks/lte/redial").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/reload").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/reload", R"({"path":"/x.toml","dry_run":true,"confirm":60})").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/confirm").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/flush").status, 200u);
  EXPECT_EQ(reply("POST", "/v1/doctor?uplink=isp").status, 200u);
  EXPECT_EQ(commands.asked,
            (std::vector<std::string>{"up isp", "down isp", "redial lte", "reload ", "reload /x.toml dry confirm 60000",
                                      "confirm", "flush", "examine isp"}));
}

TEST_F(Router, OthersLookAndStrangersDoNotEvenThat) {
  EXPECT_EQ(reply("GET", "/v1/status", "", Rights::Look).status, 200u);
  EXPECT_EQ(reply("GET", "/v1/plan", "", Rights::Look).status, 200u);
  EXPECT_EQ(reply("POST", "/v1/uplinks/isp/down", "", Rights::Look).status, 403u);
  EXPECT_EQ(reply("GET", "/v1/trace/isp", "", Rights::Look).status, 403u);
  const auto refused = reply("GET", "/v1/status", "", Rights::Refused);
  EXPECT_EQ(refused.status, 403u);
  EXPECT_NE(refused.body.find("group michi"), std::string::npos);
  EXPECT_TRUE(commands.asked.empty());
}

TEST_F(Router, RefusalsKeepTheirCodeAndGetAFittingStatus) {
  commands.refuse = Refusal{"bad-configuration", "it has errors", {"michi.toml:1:1: error: x"}};
  const auto given = reply("POST", "/v1/reload");
  EXPECT_EQ(given.status, 400u);
  EXPECT_EQ(
      given.body,
      R"({"schema":1,"error":{"code":"bad-configuration","text":"it has errors","details":["michi.toml:1:1: error: x"]}})"
      "\n");
  commands.refuse = Refusal{"nothing-to-confirm", "none", {}};
  EXPECT_EQ(reply("POST", "/v1/confirm").status, 409u);
  EXPECT_EQ(reply("GET", "/v1/status/nobody").status, 404u);
}

TEST_F(Router, NonsenseIsAnsweredAndNeverDone) {
  for (const char* target : {"", "/", "//", "/v2/status", "/v1", "/v1/", "/v1/uplinks", "/v1/uplinks/isp", "/v1/%zz",
                             "/v1/uplinks/isp/explode", "/v1/status/isp/more", "?", "/v1/reload/x"}) {
    EXPECT_EQ(reply("POST", target).status, 404u) << target;
  }
  EXPECT_EQ(reply("DELETE", "/v1/status").status, 405u);
  for (const char* body : {"{", "[]", R"({"confirm":0})", R"({"confirm":"60"})", R"({"dry-run":true})", "\xff\xfe"}) {
    EXPECT_EQ(reply("POST", "/v1/reload", body).status, 400u) << body;
  }
  EXPECT_EQ(reply("GET", "/v1/why").status, 400u);
  EXPECT_EQ(reply("GET", "/v1/why?dst=192.0.2.1&port=70000").status, 400u);
  EXPECT_EQ(reply("GET", "/v1/why?dst=192.0.2.1&protocol=tcp").status, 400u);
  EXPECT_EQ(reply("GET", "/v1/events?sinc=3").status, 400u);
  EXPECT_EQ(reply("GET", "/v1/events?since=x").status, 400u);
  EXPECT_TRUE(commands.asked.empty());
}

TEST_F(Router, AnExaminationIsToldAsFarAsItHasCome) {
  commands.questions_while_running = 1;
  EXPECT_EQ(reply("GET", "/v1/doctor").body, "{\"schema\":1,\"running\":true,\"findings\":[]}\n");
  commands.findings = {{"session.no-offer", "isp", model::Verdict::Bad, "nobody answers", {"5 PADIs"}, "the cable"}};
  EXPECT_EQ(reply("GET", "/v1/doctor").body,
            R"({"schema":1,"running":false,"findings":[{"check":"session.no-offer","uplink":"isp","verdict":"bad",)"
            R"("text":"nobody answers","evidence":["5 PADIs"],"remedy":"the cable"}]})"
            "\n");
  EXPECT_EQ(reply("POST", "/v1/doctor", "", Rights::Look).status, 403u) << "it sends packets";
  EXPECT_EQ(reply("POST", "/v1/doctor?name=isp").status, 400u);
}

TEST_F(Router, QueriesAreDecoded) {
  const auto given = reply("GET", "/v1/why?dst=2001%3Adb8%3a%3a1&from=fe80%3A%3A1&proto=tcp&port=443");
  EXPECT_NE(given.body.find(R"("reasons":["2001:db8::1 fe80::1 tcp 443"])"), std::string::npos) << given.body;
  EXPECT_EQ(query_value("/x?a=1&b", "b"), "");
  EXPECT_EQ(query_value("/x?a=1&b", "c"), std::nullopt);
  EXPECT_EQ(query_value("/x?a=%4", "a"), std::nullopt);
}

TEST_F(Router, EventsStartAfterANumberOfThisStart) {
  for (int i = 0; i < 3; ++i) {
    model::Event event;
    event.code = "uplink.up";
    events.add(event, 0, Instant{});
  }
  const auto lines = [&](const std::string& target) { return std::ranges::count(reply("GET", target).body, '\n'); };
  EXPECT_EQ(lines("/v1/events"), 3);
  EXPECT_EQ(lines("/v1/events?since=2"), 1);
  EXPECT_EQ(lines("/v1/events?since=a1.2"), 1);
  EXPECT_EQ(lines("/v1/events?since=b7.2"), 3);  // another start: all of this one is new
  EXPECT_TRUE(std::holds_alternative<FollowEvents>(answer("GET", "/v1/events?follow=1&since=2")));
}

TEST(Schema, AnUplinkThatIsUpHasAllItsKeys) {
  const kit::FakeCommands commands;
  EXPECT_EQ(
      boost::json::serialize(to_json(commands.state.uplinks[0])),
      R"({"name":"isp","number":1,"interface":"wan0","plane":"tun","state":"up","since_ms":11520000,"reason":"none",)"
      R"("detail":"","remedy":"","next_attempt_ms":null,"attempts":0,"waiting_for":[],"attached":true,"mtu":1454,)"
      R"("auth":"chap-md5","protocol_state":"","last_setup_ms":null,"addresses":["203.0.113.5"],"dns":["192.0.2.53"],)"
      R"("ipv4":{"address":"203.0.113.5","peer":"203.0.113.1","dns":["192.0.2.53"]},"ipv6":null,)"
      R"("prefixes":[],"prefix_renewal_ms":null,"probes":[],)"
      R"("session":{"id":17,"interface":"wan0","local_mac":"00:00:00:00:00:00","peer_mac":"02:00:00:00:00:01",)"
      R"("ac_name":"ac1","service_name":""},"counters":{"rx_packets":0,"rx_bytes":1536,"tx_packets":0,"tx_bytes":0,)"
      R"("rx_dropped":0,"tx_dropped":0,"foreign_source":0,"interface":null,"shared_with":[]},"closed_routes":0,"routes_date":""})");
}

TEST(Schema, AProbeTellsItsVerdictAndWhatItKnowsOfEachDestination) {
  kit::FakeCommands commands;
  auto& isp = commands.state.uplinks[0];
  isp.probes = {{.family = Family::V4,
                 .health = {model::Health::Dead, "192.0.2.1 answers, nothing beyond it does"},
                 .probed = {{*parse_address("192.0.2.1"), true, true, microseconds(1234), milliseconds(500)},
                            {*parse_address("198.51.100.53"), false, false, std::nullopt, std::nullopt}}}};
  EXPECT_EQ(
      boost::json::serialize(to_json(isp).at("probes")),
      R"([{"family":"ipv4","health":"dead","detail":"192.0.2.1 answers, nothing beyond it does","probed":[)"
      R"({"address":"192.0.2.1","next_hop":true,"answers":true,"round_trip_us":1234,"last_answer_ms":500},)"
      R"({"address":"198.51.100.53","next_hop":false,"answers":false,"round_trip_us":null,"last_answer_ms":null}]}])");
}

TEST(Schema, PrefixesSayWhetherTheyHoldAndForHowLong) {
  kit::FakeCommands commands;
  auto& isp = commands.state.uplinks[0];
  isp.facts.v6 = model::Ipv6Facts{.local = *parse_ipv6("fe80::1"),
                                  .peer = *parse_ipv6("fe80::2"),
                                  .addresses = {*parse_ipv6("2001:db8::1")},
                                  .dns = {*parse_ipv6("2001:db8::53")},
                                  .domains = {"example.jp"},
                                  .mtu = 1454};
  isp.prefixes = {{*parse_prefix("2001:db8:a::/56"), seconds(60), std::nullopt, true, false},
                  {*parse_prefix("2001:db8:b:1::/64"), Duration{}, seconds(120), false, true,
                   model::ProxySnapshot{
                       .lan = "home", .state = "remembered", .hosts = 2, .asked = 9, .answered = 7, .withheld = 1}}};
  isp.next_renewal = seconds(30);
  const auto value = to_json(isp);
  EXPECT_EQ(boost::json::serialize(value.at("prefixes")),
            R"([{"prefix":"2001:db8:a::/56","state":"confirmed","preferred_ms":60000,"valid_ms":null,"on_link":false,)"
            R"("proxy":null},)"
            R"({"prefix":"2001:db8:b:1::/64","state":"remembered","preferred_ms":0,"valid_ms":120000,"on_link":true,)"
            R"("proxy":{"lan":"home","state":"remembered","hosts":2,"asked":9,"answered":7,"withheld":1}}])");
  EXPECT_EQ(value.at("prefix_renewal_ms").as_int64(), 30000);
  EXPECT_EQ(boost::json::serialize(value.at("ipv6")),
            R"({"address":"fe80::1","peer":"fe80::2","addresses":["2001:db8::1"],"dns":["2001:db8::53"],)"
            R"("domains":["example.jp"],"mtu":1454})");
  EXPECT_EQ(boost::json::serialize(value.at("dns")), R"(["192.0.2.53","2001:db8::53"])");
}

TEST(Schema, AWaitingUplinkSaysWhyAndWhatToDo) {
  const kit::FakeCommands commands;
  const auto value = to_json(commands.state);
  const auto& lte = value.at("uplinks").at(1);
  EXPECT_EQ(value.at("schema").as_int64(), 1);
  EXPECT_EQ(lte.at("reason").as_string(), "no-answer");
  EXPECT_EQ(lte.at("next_attempt_ms").as_int64(), 8000);
  EXPECT_TRUE(lte.at("mtu").is_null());
  EXPECT_FALSE(lte.at("remedy").as_string().empty());
  EXPECT_EQ(boost::json::serialize(value.at("policies")),
            R"([{"label":"policy 1","use":["isp","lte"],"in_use":["isp"],"in_use6":[]}])");
}

TEST(Schema, ARemedyNamesTheUplink) {
  kit::FakeCommands commands;
  commands.state.uplinks[1].facts.reason = model::Reason::NegotiationFailed;
  const auto value = to_json(commands.state.uplinks[1]);
  EXPECT_NE(std::string(value.at("remedy").as_string()).find("michi trace lte"), std::string::npos);
}

TEST(Rights, RootTheGroupAndTheDaemonsOwnUserCommand) {
  const std::optional<gid_t> michi = 300;
  EXPECT_EQ(rights_of(Peer{0, 0, {}}, michi, 990, false), Rights::Command);
  EXPECT_EQ(rights_of(Peer{1000, 300, {}}, michi, 990, false), Rights::Command);
  EXPECT_EQ(rights_of(Peer{1000, 1000, {4, 300}}, michi, 990, false), Rights::Command);
  EXPECT_EQ(rights_of(Peer{990, 990, {}}, michi, 990, false), Rights::Command);
  EXPECT_EQ(rights_of(Peer{1000, 1000, {4}}, michi, 990, false), Rights::Refused);
  EXPECT_EQ(rights_of(Peer{1000, 1000, {4}}, michi, 990, true), Rights::Look);
  EXPECT_EQ(rights_of(Peer{1000, 0, {0}}, std::nullopt, 990, true), Rights::Look);
  EXPECT_EQ(rights_of(std::nullopt, michi, 990, true), Rights::Refused);
}

}  // namespace
}  // namespace michi::control
