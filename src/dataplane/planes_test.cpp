// Planes over two planes that do as they are told, one completion at a time.

#include "dataplane/planes.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>

#include "base/overloaded.hpp"

namespace michi::dataplane {
namespace {

using Words = std::vector<std::string>;

/// Writes down what it is asked, answers when the test says so.
class ScriptedPlane final : public port::DataPlane {
 public:
  ScriptedPlane(model::PlaneFacts facts, Words& journal) : facts_(std::move(facts)), journal_(journal) {}

  std::vector<model::PlaneFacts> facts() const override { return {facts_}; }
  void submit(port::PlaneOp op, port::Ticket ticket) override {
    journal_.push_back(facts_.name + ": " + words(op));
    asked_.push_back({std::move(op), ticket});
  }
  std::optional<port::PlaneReport> poll() override {
    if (reports_.empty()) return std::nullopt;
    auto report = std::move(reports_.front());
    reports_.pop_front();
    return report;
  }
  void on_wake(port::Wake wake) override { wake_ = std::move(wake); }
  port::PlaneCounters counters(const model::UplinkId&) const override { return counted; }
  std::string carried_by(const model::UplinkId& uplink) const override {
    return carried_.contains(uplink.name) ? facts_.name : "";
  }

  void answer(int error = 0) {
    ASSERT_FALSE(asked_.empty());
    auto [op, ticket] = std::move(asked_.front());
    asked_.pop_front();
    if (error == 0) did(op);
    reports_.push_back(
        port::Completion{ticket, error == 0 ? std::nullopt : std::optional(port::OsError{words(op), error})});
  }
  void fault(const std::string& uplink) { reports_.push_back(port::PlaneFault{{uplink}, {facts_.name, ENODEV}}); }
  void ring() const { wake_(); }
  std::size_t asked() const { return asked_.size(); }

  port::PlaneCounters counted;

 private:
  struct Asked {
    port::PlaneOp op;
    port::Ticket ticket;
  };
  static std::string words(const port::PlaneOp& op) {
    return std::visit(Overloaded{[](const port::EnsureDevice& o) { return "make " + o.name; },
                                 [](const port::RemoveDevice& o) { return "remove " + o.name; },
                                 [](const port::Attach& o) { return "attach " + o.session.uplink.name; },
                                 [](const port::Detach& o) { return "detach " + o.uplink.name; }},
                      op);
  }
  void did(const port::PlaneOp& op) {
    if (const auto* attach = std::get_if<port::Attach>(&op)) carried_.insert(attach->session.uplink.name);
    if (const auto* detach = std::get_if<port::Detach>(&op)) carried_.erase(detach->uplink.name);
  }

  model::PlaneFacts facts_;
  Words& journal_;
  std::deque<Asked> asked_;
  std::deque<port::PlaneReport> reports_;
  std::set<std::string> carried_;
  port::Wake wake_;
};

class PlanesTest : public ::testing::Test {
 protected:
  static constexpr port::Ticket kAnyTicket = 7;

  PlanesTest() {
    std::vector<std::unique_ptr<port::DataPlane>> all;
    for (auto [name, makes] : {std::pair("fast", false), std::pair("slow", true)})
      all.push_back(std::make_unique<ScriptedPlane>(model::PlaneFacts{name, makes, true}, journal));
    fast = static_cast<ScriptedPlane*>(all[0].get());
    slow = static_cast<ScriptedPlane*>(all[1].get());
    planes = std::make_unique<Planes>(loop, std::move(all));
  }

  static model::AttachWant want(const std::string& plane, std::uint16_t session = 1,
                                const std::string& uplink = "isp") {
    return {.uplink = {uplink},
            .device = uplink,
            .plane = plane,
            .carriage = model::EthernetSession{.interface = "wan0", .local = {}, .peer = {}, .session_id = session}};
  }
  void attach(const model::AttachWant& session, port::Ticket ticket = kAnyTicket) {
    planes->submit(port::Attach{session}, ticket);
  }
  /// All that is told now: "7", "7 Operation not supported" or "fault isp".
  Words told() {
    Words lines;
    while (auto report = planes->poll())
      lines.push_back(std::visit(Overloaded{[](const port::Completion& done) {
                                              return std::to_string(done.ticket) +
                                                     (done.error ? " " + done.error->text() : "");
                                            },
                                            [](const port::PlaneFault& fault) { return "fault " + fault.uplink.name; }},
                                 *report));
    return lines;
  }
  Words asked() { return std::exchange(journal, {}); }
  /// On `slow`, and settled.
  void begin_on_slow() {
    attach(want("slow"));
    slow->answer();
    told();
    asked();
  }

  boost::asio::io_context loop;
  Words journal;
  ScriptedPlane* fast = nullptr;
  ScriptedPlane* slow = nullptr;
  std::unique_ptr<Planes> planes;
};

TEST_F(PlanesTest, ThePlaneThatTheAttachmentNamesCarriesItAndTheOneThatMakesDevicesMakesThem) {
  planes->submit(port::EnsureDevice{"isp"}, 1);
  attach(want("fast"), 2);
  EXPECT_EQ(asked(), (Words{"slow: make isp", "fast: attach isp"}));
  EXPECT_EQ(planes->carried_by({"isp"}), "") << "it has not said so";
  slow->answer();
  fast->answer();
  EXPECT_EQ(told(), (Words{"2", "1"}));
  EXPECT_EQ(planes->carried_by({"isp"}), "fast");
  planes->submit(port::Detach{{"isp"}}, 3);
  planes->submit(port::RemoveDevice{"isp"}, 4);
  EXPECT_EQ(asked(), (Words{"fast: detach isp", "slow: remove isp"}));
  EXPECT_EQ(planes->carried_by({"isp"}), "");
}

TEST_F(PlanesTest, ASessionMovesByAttachingAtTheNewPlaneBeforeTheOldOneLetsGo) {
  begin_on_slow();
  attach(want("fast"), 9);
  EXPECT_EQ(asked(), Words{"fast: attach isp"});
  EXPECT_EQ(planes->carried_by({"isp"}), "slow");
  fast->answer();
  EXPECT_EQ(told(), Words{}) << "the old one has it still";
  EXPECT_EQ(asked(), Words{"slow: detach isp"});
  EXPECT_EQ(planes->carried_by({"isp"}), "fast");
  slow->answer();
  EXPECT_EQ(told(), Words{"9"});
  planes->submit(port::Detach{{"isp"}}, 10);
  EXPECT_EQ(asked(), Words{"fast: detach isp"});
}

TEST_F(PlanesTest, AMoveThatTheNewPlaneRefusesLeavesTheSessionWhereItIs) {
  begin_on_slow();
  attach(want("fast"), 9);
  fast->answer(ENOMEM);
  EXPECT_EQ(told().at(0).substr(0, 2), "9 ");
  EXPECT_EQ(planes->carried_by({"isp"}), "slow");
  EXPECT_EQ(asked(), Words{"fast: attach isp"});
  slow->fault("isp");
  EXPECT_EQ(told(), Words{"fault isp"});
}

TEST_F(PlanesTest, WhatFollowsAMoveWaitsForItsEndInOrder) {
  begin_on_slow();
  attach(want("fast"), 9);
  planes->submit(port::Detach{{"isp"}}, 10);
  planes->submit(port::RemoveDevice{"isp"}, 11);
  EXPECT_EQ(asked(), Words{"fast: attach isp"});
  fast->answer();
  told();
  slow->answer();
  EXPECT_EQ(told(), Words{"9"});
  EXPECT_EQ(asked(), (Words{"slow: detach isp", "fast: detach isp", "slow: remove isp"}));
}

TEST_F(PlanesTest, AFaultOfThePlaneThatIsBeingLeftCountsOnlyIfTheMoveFails) {
  begin_on_slow();
  attach(want("fast"), 9);
  slow->fault("isp");
  EXPECT_EQ(told(), Words{});
  fast->answer();
  slow->fault("isp");
  told();
  slow->answer();
  EXPECT_EQ(told(), Words{"9"});
  slow->fault("isp");
  EXPECT_EQ(told(), Words{}) << "it has been left";
  fast->fault("isp");
  EXPECT_EQ(told(), Words{"fault isp"});

  attach(want("slow"), 10);
  fast->fault("isp");
  slow->answer(ENOMEM);
  const auto lines = told();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "fault isp");
}

TEST_F(PlanesTest, ThePlaneThatDoesNotLetGoIsAskedAgain) {
  begin_on_slow();
  attach(want("fast"), 9);
  fast->answer();
  told();
  slow->answer(EBUSY);
  EXPECT_EQ(told().at(0).substr(0, 2), "9 ");
  asked();
  attach(want("fast"), 10);
  fast->answer();
  EXPECT_EQ(told(), Words{});
  EXPECT_EQ(asked(), (Words{"fast: attach isp", "slow: detach isp"}));
  slow->answer();
  EXPECT_EQ(told(), Words{"10"});
}

TEST_F(PlanesTest, CountersAreOfThisSessionAtAllPlanesThatHaveCarriedIt) {
  begin_on_slow();
  slow->counted.rx_packets = 3;
  fast->counted.rx_packets = 100;
  EXPECT_EQ(planes->counters({"isp"}).rx_packets, 3u);
  attach(want("fast"), 9);
  fast->counted.rx_packets = 4;  // a new session counts from nought
  fast->answer();
  told();
  slow->answer();
  told();
  EXPECT_EQ(planes->counters({"isp"}).rx_packets, 7u);
  attach(want("fast", 2), 10);
  fast->counted.rx_packets = 1;
  EXPECT_EQ(planes->counters({"isp"}).rx_packets, 1u) << "another session";
  planes->submit(port::RemoveDevice{"isp"}, 11);
  EXPECT_EQ(planes->counters({"isp"}).rx_packets, 0u);
}

TEST_F(PlanesTest, WhatNoPlaneCanDoIsRefusedAndRung) {
  unsigned rung = 0;
  planes->on_wake([&] { ++rung; });
  attach(want(""), 1);
  attach(want("other", 1, "lte"), 2);
  EXPECT_EQ(rung, 0u) << "never from inside submit()";
  loop.poll();
  EXPECT_EQ(rung, 1u);
  const auto lines = told();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("find a data plane for isp: "), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("find a data plane \"other\" for lte: "), std::string::npos) << lines[1];
  fast->ring();
  EXPECT_EQ(rung, 2u);
  planes->submit(port::Detach{{"nobody"}}, 3);
  EXPECT_EQ(told(), Words{"3"});
}

TEST_F(PlanesTest, SessionsThatStayWhereTheyAreDoNotWaitForEachOther) {
  attach(want("fast", 1, "isp"), 1);
  attach(want("fast", 2, "lte"), 2);
  planes->submit(port::Detach{{"isp"}}, 3);
  EXPECT_EQ(fast->asked(), 3u);
}

}  // namespace
}  // namespace michi::dataplane
