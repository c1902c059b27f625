#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "observe/catalogue.hpp"
#include "observe/counters.hpp"
#include "observe/event_log.hpp"

namespace michi::observe {
namespace {

model::Event event(const std::string& code, const std::string& uplink = "isp") {
  return {.severity = model::Severity::Notice, .code = code, .uplink = uplink, .text = "x", .fields = {}};
}

std::string one_space(const std::string& text) { return std::regex_replace(text, std::regex("\\s+"), " "); }

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(EventLog, NumbersGrowByOneAndOldRecordsLeaveTheRing) {
  EventLog log("a1", {.capacity = 3});
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(log.add(event("uplink.up"), i, Instant{}), static_cast<std::uint64_t>(i));
  EXPECT_EQ(log.since(0).size(), 3u);
  EXPECT_EQ(log.since(0).front().number, 3u);
  ASSERT_EQ(log.since(4).size(), 1u);
  EXPECT_EQ(log.since(4).front().wall_time_ms, 5);
  EXPECT_TRUE(log.since(5).empty());
  EXPECT_TRUE(log.since(99).empty());
}

TEST(EventLog, WhatRepeatsTooOftenIsLeftOutAndCounted) {
  EventLog log("a1", {.capacity = 100, .burst = 3, .refill = milliseconds(100)});
  Instant now{};
  for (int i = 0; i < 10; ++i) log.add(event("uplink.lost"), 0, now);
  EXPECT_EQ(log.since(0).size(), 3u);
  EXPECT_TRUE(log.add(event("uplink.lost", "other"), 0, now));  // another uplink is another kind
  now += milliseconds(99);
  EXPECT_FALSE(log.add(event("uplink.lost"), 0, now));
  now += milliseconds(1);
  const auto number = log.add(event("uplink.lost"), 0, now);
  ASSERT_TRUE(number);
  EXPECT_EQ(log.since(*number - 1).front().left_out, 8u);
  EXPECT_EQ(log.left_out(), 8u);
}

TEST(EventLog, MemoryOfKindsIsBounded) {
  EventLog log("a1", {.capacity = 10});
  for (int i = 0; i < 20'000; ++i) log.add(event("uplink.up", std::to_string(i)), 0, Instant{milliseconds(i)});
  EXPECT_EQ(log.since(0).size(), 10u);
}

TEST(EventLog, ALineIsOneJsonObjectWhateverAPeerSays) {
  EventLog log("a1");
  auto hostile = event("uplink.failed");
  hostile.text = "says \"no\\\"\n\x01\xff\xc3\xa9\xe2\x82";
  hostile.fields = {{"reason", "auth-failed"}, {"n", "1"}};
  log.add(hostile, 1700000000123, Instant{});
  EXPECT_EQ(log.line(log.since(0).front()),
            R"({"seq":"a1.1","n":1,"time_ms":1700000000123,"severity":"notice","code":"uplink.failed","uplink":"isp",)"
            R"("text":"says \"no\\\"\n\u0001\ufffd)"
            "\xc3\xa9"
            R"(\ufffd\ufffd","fields":{"reason":"auth-failed","n":"1"}})");
}

TEST(EventLog, ListenersHearEveryRecordAndMayLeaveWhileTheyAreTold) {
  EventLog log("a1");
  int heard = 0;
  std::uint64_t second = 0;
  log.listen([&](const Record&) {
    ++heard;
    log.forget(second);
  });
  second = log.listen([&](const Record&) { heard += 100; });
  log.add(event("uplink.up"), 0, Instant{});
  log.add(event("uplink.down"), 0, Instant{});
  EXPECT_EQ(heard, 2);
}

TEST(Counters, AreMadeOnFirstUse) {
  Counters counters;
  counters.add("frames.refused");
  counters.add("frames.refused", 4);
  counters.set("events.kept", 7);
  EXPECT_EQ(counters.value("frames.refused"), 5u);
  EXPECT_EQ(counters.value("nothing"), 0u);
  EXPECT_EQ(counters.all().size(), 2u);
}

TEST(Catalogue, EveryCodeStandsInTheOperatorsManualWithItsParagraph) {
  const auto manual = one_space(read(std::filesystem::path(MICHI_VECTORS) / "../../docs/operator/events.md"));
  ASSERT_FALSE(manual.empty());
  for (const auto& message : catalogue()) {
    const auto heading =
        "### `" + std::string(message.code) + "` (" + std::string(model::to_text(message.severity)) + ") ";
    EXPECT_NE(manual.find(heading + one_space(std::string(message.paragraph))), std::string::npos) << message.code;
    EXPECT_EQ(find_message(message.code), &message);
  }
  EXPECT_EQ(find_message("no.such-code"), nullptr);
  const std::regex heading("### `");
  EXPECT_EQ(std::distance(std::sregex_iterator(manual.begin(), manual.end(), heading), {}),
            static_cast<std::ptrdiff_t>(catalogue().size()));
}

// An event's code stands in the sources as a string of its own: no room may use one that is not in
// the catalogue.
TEST(Catalogue, EveryCodeThatARoomUsesIsInIt) {
  const std::regex code(
      R"x("((?:uplink|configuration|kernel|hook|store|resolver|reload|host|interface|ppp|daemon|control)\.[a-z][a-z-]+)")x");
  std::set<std::string> missing;
  const auto sources = std::filesystem::path(MICHI_VECTORS) / "../../src";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sources)) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() != ".cpp" || name.ends_with("_test.cpp")) continue;
    if (entry.path().string().find("/config/") != std::string::npos) continue;  // keys of the file look alike
    const auto text = read(entry.path());
    for (auto at = std::sregex_iterator(text.begin(), text.end(), code); at != std::sregex_iterator(); ++at) {
      if (find_message((*at)[1].str()) == nullptr) missing.insert((*at)[1].str() + " in " + name);
    }
  }
  EXPECT_TRUE(missing.empty()) << *missing.begin();
}

}  // namespace
}  // namespace michi::observe
