#pragma once
// control::Commands over made-up uplinks, for tests of the server and the command line.

#include <map>
#include <string>
#include <vector>

#include "control/commands.hpp"

namespace michi::kit {

class FakeCommands final : public control::Commands {
 public:
  model::Snapshot state;
  std::vector<std::string> asked;  // every command, in words
  std::vector<std::string> plan_lines;
  std::vector<model::Finding> findings;
  mutable int questions_while_running = 0;
  std::optional<control::Refusal> refuse;
  std::map<std::uint64_t, TraceSink> sinks;

  /// Two uplinks: isp is up, lte waits after an attempt without an answer.
  FakeCommands() {
    state.version = "0.1.0";
    state.start_id = "a1";
    state.uptime = seconds(3600);
    state.config_path = "/etc/michi/michi.toml";
    state.settled = true;
    state.firewall = {{"leaks", 0, 0}, {"refused", 12, 720}};
    model::UplinkSnapshot isp;
    isp.facts.id = {"isp"};
    isp.facts.state = model::UplinkState::Up;
    isp.facts.reason = model::Reason::None;
    isp.facts.attached = true;
    isp.facts.mtu = 1454;
    isp.facts.auth = "chap-md5";
    isp.facts.v4 =
        model::Ipv4Facts{*parse_ipv4("203.0.113.5"), *parse_ipv4("203.0.113.1"), {*parse_ipv4("192.0.2.53")}};
    model::SessionRecord session;
    session.uplink = {"isp"};
    session.interface = "wan0";
    session.session_id = 17;
    session.peer = *parse_mac("02:00:00:00:00:01");
    session.ac_name = "ac1";
    isp.facts.session = session;
    isp.number = 1;
    isp.interface = "wan0";
    isp.in_state = minutes(192);
    isp.traffic.rx_bytes = 1536;
    model::UplinkSnapshot lte;
    lte.facts.id = {"lte"};
    lte.facts.state = model::UplinkState::Waiting;
    lte.facts.reason = model::Reason::NoAnswer;
    lte.facts.detail = "no PADO on wan1 after 5 PADIs";
    lte.facts.attempts = 3;
    lte.number = 2;
    lte.interface = "wan1";
    lte.in_state = seconds(12);
    lte.next_attempt = milliseconds(8000);
    lte.waiting_for = {"the next attempt"};
    isp.plane = "tun";
    state.uplinks = {isp, lte};
    state.lans = {{.name = "home",
                   .device = "lan0",
                   .state = "advertising",
                   .default_router = true,
                   .prefixes = {{*parse_prefix("2001:db8:1::/64"), seconds(2700), seconds(5400)},
                                {*parse_prefix("2001:db8:2::/64"), Duration::zero(), seconds(60)},
                                {*parse_prefix("fd00:1::/64"), std::nullopt, std::nullopt}},
                   .foreign_routers = {{*parse_ipv6("fe80::99"), true, {"MTU", "prefix"}}},
                   .advertisements = 12,
                   .answers = 2,
                   .solicitations = 3}};
    state.passed = {{.session = {.line = "wan0",
                                 .lan = "lan0",
                                 .client = *parse_mac("02:00:00:00:00:05"),
                                 .concentrator = *parse_mac("02:00:00:00:00:01"),
                                 .session_id = 18},
                     .lan_name = "home",
                     .age = seconds(90),
                     .traffic = {.rx_packets = 3, .rx_bytes = 1536}}};
    state.policies = {{"policy 1", {"isp", "lte"}, {"isp"}, {}}};
  }

  model::Snapshot snapshot() const override { return state; }
  Result<void, control::Refusal> up(const std::string& uplink) override { return note("up " + uplink); }
  Result<void, control::Refusal> down(const std::string& uplink) override { return note("down " + uplink); }
  Result<void, control::Refusal> redial(const std::string& uplink) override { return note("redial " + uplink); }
  Result<control::ReloadReply, control::Refusal> reload(const control::ReloadRequest& request) override {
    std::string words = "reload " + request.path + (request.dry_run ? " dry" : "");
    if (request.confirm_within) words += " confirm " + std::to_string(whole_milliseconds(*request.confirm_within));
    if (auto done = note(words); !done) return Fault(done.error());
    return control::ReloadReply{{{"isp", "redialled"}}, {"uplink.isp: mtu 1454 becomes 1492"}, {}};
  }
  Result<void, control::Refusal> confirm() override { return note("confirm"); }
  std::vector<std::string> plan() const override { return plan_lines; }
  Result<control::WhyReply, control::Refusal> why(const control::WhyRequest& request) const override {
    if (refuse) return Fault(*refuse);
    return control::WhyReply{.verdict = "uplink",
                             .uplink = "isp",
                             .carried_by = request.destination == "192.0.2.46" ? "hikari" : "",
                             .translated_source = "203.0.113.5",
                             .device = "isp",
                             .law = "7 policy 1",
                             .rule = "michi.toml:31",
                             .reasons = {request.destination + " " + request.source + " " + request.protocol + " " +
                                         std::to_string(request.port)},
                             .candidates = {}};
  }
  Result<void, control::Refusal> flush() override { return note("flush"); }
  Result<void, control::Refusal> examine(const std::string& uplink) override { return note("examine " + uplink); }
  control::ExaminationReply examination() const override { return {questions_while_running-- > 0, findings}; }
  Result<std::uint64_t, control::Refusal> trace(const std::string& uplink, TraceSink sink) override {
    if (uplink != "isp") return Fault(control::Refusal{"unknown-uplink", "there is no uplink " + uplink, {}});
    sinks.emplace(sinks.size() + 1, std::move(sink));
    return sinks.size();
  }
  void cancel_trace(std::uint64_t number) override { sinks.erase(number); }

 private:
  Result<void, control::Refusal> note(const std::string& words) {
    asked.push_back(words);
    if (refuse) return Fault(*refuse);
    return {};
  }
};

}  // namespace michi::kit
