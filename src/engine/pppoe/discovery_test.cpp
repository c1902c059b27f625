#include "engine/pppoe/discovery.hpp"

#include <gtest/gtest.h>

namespace michi::engine::pppoe {
namespace {

using wire::pppoe::Code;
using wire::pppoe::Tag;
using wire::pppoe::Tags;
using wire::pppoe::TagType;

constexpr Mac kUs{{2, 0, 0, 0, 0, 1}};
constexpr Mac kOne{{2, 0, 0, 0, 0, 0xa1}};
constexpr Mac kTwo{{2, 0, 0, 0, 0, 0xa2}};

class DiscoveryTest : public testing::Test {
 protected:
  explicit DiscoveryTest() { settings.local = kUs; }

  void start() {
    discovery.emplace(settings, Random::seeded(1));
    discovery->start(now);
    drain();
  }
  void drain() {
    while (auto output = discovery->poll()) {
      if (auto* send = std::get_if<SendFrame>(&*output)) {
        sent.push_back(std::move(send->frame));
        uniq = value(last().second, TagType::HostUniq);
      } else if (auto* done = std::get_if<Succeeded>(&*output)) {
        agreed = done->session;
      } else if (auto* no = std::get_if<Failed>(&*output)) {
        failed = *no;
      }
    }
  }
  std::pair<wire::pppoe::Framed, Tags> last() const {
    const auto framed = *wire::pppoe::parse_frame(sent.back());
    return {framed, *wire::pppoe::parse_tags(framed.packet.payload)};
  }
  Code last_code() const { return last().first.packet.code; }
  static ByteVec value(const Tags& tags, TagType type) {
    const Tag* tag = wire::pppoe::find_tag(tags, type);
    return tag != nullptr ? tag->value : ByteVec{};
  }
  Tags offer(std::string_view ac) const {
    return {wire::pppoe::text_tag(TagType::AcName, ac), wire::pppoe::text_tag(TagType::ServiceName, ""),
            wire::pppoe::bytes_tag(TagType::HostUniq, uniq)};
  }
  void hear(const Mac& from, Code code, std::uint16_t id, const Tags& tags) {
    discovery->on_frame(wire::pppoe::write_discovery(kUs, from, code, id, tags), now);
    drain();
  }
  void confirm(const Mac& from, std::uint16_t id) {
    hear(from, Code::Pads, id, {wire::pppoe::bytes_tag(TagType::HostUniq, uniq)});
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (discovery->next_deadline() && *discovery->next_deadline() <= end) {
      now = *discovery->next_deadline();
      discovery->on_deadline(now);
      drain();
    }
    now = end;
  }

  Settings settings;
  std::optional<Discovery> discovery;
  Instant now{};
  std::vector<ByteVec> sent;
  ByteVec uniq;
  std::optional<Agreed> agreed;
  std::optional<Failed> failed;
};

TEST_F(DiscoveryTest, ReturnsCookieAndRelaySessionIdUnmodified) {
  start();
  Tags tags = offer("one");
  const ByteVec cookie = *from_hex("00ff0102000000");
  tags.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, cookie));
  tags.push_back(wire::pppoe::bytes_tag(TagType::RelaySessionId, *from_hex("beef")));
  hear(kOne, Code::Pado, 0, tags);
  ASSERT_EQ(last_code(), Code::Padr);
  EXPECT_EQ(value(last().second, TagType::AcCookie), cookie);
  EXPECT_EQ(value(last().second, TagType::RelaySessionId), *from_hex("beef"));
  confirm(kOne, 7);
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->session_id, 7);
  EXPECT_EQ(agreed->cookie, cookie);
}

TEST_F(DiscoveryTest, AnEmptyCookieIsReturnedEmptyAndAMissingOneNotAtAll) {
  start();
  Tags tags = offer("one");
  tags.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, {}));
  hear(kOne, Code::Pado, 0, tags);
  EXPECT_NE(wire::pppoe::find_tag(last().second, TagType::AcCookie), nullptr);
  EXPECT_EQ(wire::pppoe::find_tag(last().second, TagType::RelaySessionId), nullptr);
}

TEST_F(DiscoveryTest, NothingOfARejectedOfferReachesAnotherAccessConcentrator) {
  settings.ac_names = {"two"};
  settings.ac_required = true;
  settings.max_payload = 1500;
  start();
  Tags wrong = offer("one");
  wrong.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, *from_hex("0101")));
  wrong.push_back(wire::pppoe::max_payload_tag(1492));
  hear(kOne, Code::Pado, 0, wrong);
  EXPECT_EQ(last_code(), Code::Padi);
  Tags right = offer("two");
  right.push_back(wire::pppoe::max_payload_tag(1500));
  hear(kTwo, Code::Pado, 0, right);
  ASSERT_EQ(last_code(), Code::Padr);
  EXPECT_EQ(last().first.header.destination, kTwo);
  EXPECT_EQ(wire::pppoe::find_tag(last().second, TagType::AcCookie), nullptr);
  confirm(kTwo, 1);
  EXPECT_EQ(agreed->max_payload, 1500);
}

TEST_F(DiscoveryTest, HostUniqHasEightRandomOctetsOrIsTheConfiguredOne) {
  start();
  const ByteVec first = uniq;
  EXPECT_EQ(first.size(), 8U);
  discovery->start(now + seconds(5));
  drain();
  EXPECT_NE(uniq, first);
  settings.host_uniq = *from_hex("aabb");
  start();
  EXPECT_EQ(uniq, *from_hex("aabb"));
}

TEST_F(DiscoveryTest, AnswersWithoutOurHostUniqAreStrangersUnlessTheQuirkIsOn) {
  start();
  Tags tags = offer("one");
  tags.back().value[0] ^= std::byte{1};
  hear(kOne, Code::Pado, 0, tags);
  tags.pop_back();
  hear(kOne, Code::Pado, 0, tags);
  EXPECT_EQ(discovery->state(), State::Soliciting);
  EXPECT_EQ(discovery->counters().foreign, 2U);
  settings.accept_missing_host_uniq = true;
  start();
  hear(kOne, Code::Pado, 0, tags);
  EXPECT_EQ(discovery->state(), State::Requesting);
}

TEST_F(DiscoveryTest, PadiIsRepeatedAtOneThreeSevenElevenSecondsAndThenGivenUp) {
  start();
  for (const int at : {1000, 3000, 7000, 11000}) {
    const auto before = sent.size();
    wait(Instant{} + milliseconds(at - 1) - now);
    EXPECT_EQ(sent.size(), before) << at;
    wait(milliseconds(1));
    EXPECT_EQ(sent.size(), before + 1) << at;
  }
  wait(milliseconds(3999));
  EXPECT_FALSE(failed);
  wait(milliseconds(1));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->cause, FailCause::NoOffer);
}

TEST_F(DiscoveryTest, ANewAttemptDoesNotSendASecondPadiWithinASecond) {
  start();
  discovery->stop(now);
  discovery->start(now + milliseconds(10));
  drain();
  EXPECT_EQ(sent.size(), 1U);
  wait(milliseconds(999));
  EXPECT_EQ(sent.size(), 1U);
  wait(milliseconds(1));
  EXPECT_EQ(sent.size(), 2U);
}

TEST_F(DiscoveryTest, WaitsForThePreferredOneAndTakesTheOtherWhenItDoesNotCome) {
  settings.ac_names = {"two"};
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  EXPECT_EQ(discovery->state(), State::Choosing);
  wait(milliseconds(499));
  EXPECT_EQ(discovery->state(), State::Choosing);
  wait(milliseconds(1));
  EXPECT_EQ(last().first.header.destination, kOne);
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  hear(kTwo, Code::Pado, 0, offer("two"));
  EXPECT_EQ(last().first.header.destination, kTwo);
}

TEST_F(DiscoveryTest, ARefusalLeadsToTheNextCandidateAndItsWordsAreKept) {
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  hear(kTwo, Code::Pado, 0, offer("two"));
  Tags error{wire::pppoe::bytes_tag(TagType::HostUniq, uniq),
             wire::pppoe::text_tag(TagType::AcSystemError, "full\r\n")};
  hear(kOne, Code::Pads, 0, error);
  EXPECT_EQ(last().first.header.destination, kTwo);
  hear(kTwo, Code::Pads, 0, error);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->cause, FailCause::AcSystemError);
  EXPECT_NE(failed->detail.find("full"), std::string::npos);
  EXPECT_EQ(failed->detail.find('\r'), std::string::npos);
}

TEST_F(DiscoveryTest, SessionIdsZeroAndAllOnesAreNoSessions) {
  for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{0xffff}}) {
    failed.reset();
    start();
    hear(kOne, Code::Pado, 0, offer("one"));
    confirm(kOne, id);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->cause, FailCause::BadSessionId);
  }
}

TEST_F(DiscoveryTest, ALatePadsIsAnsweredWithPadtAndAForeignOneIsNot) {
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  const ByteVec old = uniq;
  discovery->stop(now);
  hear(kOne, Code::Pads, 9, {wire::pppoe::bytes_tag(TagType::HostUniq, old)});
  ASSERT_EQ(last_code(), Code::Padt);
  EXPECT_EQ(last().first.packet.session_id, 9);
  const auto count = sent.size();
  hear(kOne, Code::Pads, 10, {wire::pppoe::bytes_tag(TagType::HostUniq, *from_hex("0102030405060708"))});
  hear(kOne, Code::Pads, 10, {});
  EXPECT_EQ(sent.size(), count);
}

TEST_F(DiscoveryTest, ARepeatedPadsOfTheAgreedSessionIsNotItsEndButASecondSessionIsEnded) {
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  const ByteVec ours = uniq;
  confirm(kOne, 7);
  const auto count = sent.size();
  confirm(kOne, 7);
  EXPECT_EQ(sent.size(), count);
  hear(kOne, Code::Pads, 8, {wire::pppoe::bytes_tag(TagType::HostUniq, ours)});
  EXPECT_EQ(sent.size(), count + 1);
  EXPECT_EQ(last().first.packet.session_id, 8);
}

TEST_F(DiscoveryTest, AFloodOfLatePadsIsAnsweredSixteenTimesAnAttempt) {
  start();
  hear(kOne, Code::Pado, 0, offer("one"));
  const ByteVec ours = uniq;
  confirm(kOne, 7);
  const auto count = sent.size();
  for (std::uint16_t id = 100; id < 300; ++id)
    hear(kOne, Code::Pads, id, {wire::pppoe::bytes_tag(TagType::HostUniq, ours)});
  EXPECT_EQ(sent.size(), count + 16);
}

TEST_F(DiscoveryTest, TagsAfterEndOfListAndPaddingAreNotRead) {
  start();
  Tags tags = offer("one");
  tags.push_back({TagType::EndOfList, {}});
  tags.push_back(wire::pppoe::text_tag(TagType::GenericError, "not read"));
  ByteVec frame = wire::pppoe::write_discovery(kUs, kOne, Code::Pado, 0, tags);
  frame.resize(frame.size() + 20);
  discovery->on_frame(frame, now);
  EXPECT_EQ(discovery->state(), State::Requesting);
}

TEST_F(DiscoveryTest, MaxPayloadBelow1492CountsAsAbsentAndTagsGoIntoPadiAndPadr) {
  settings.max_payload = 1500;
  start();
  EXPECT_EQ(wire::pppoe::max_payload(last().second), 1500);
  Tags tags = offer("one");
  tags.push_back(wire::pppoe::max_payload_tag(1000));
  hear(kOne, Code::Pado, 0, tags);
  EXPECT_EQ(wire::pppoe::max_payload(last().second), 1500);
  confirm(kOne, 1);
  EXPECT_EQ(agreed->max_payload, 1492);
}

TEST_F(DiscoveryTest, ACookieThatCannotBeReturnedUnmodifiedMakesNoCandidate) {
  start();
  Tags tags = offer("one");
  tags.push_back(wire::pppoe::bytes_tag(TagType::AcCookie, ByteVec(1480)));
  hear(kOne, Code::Pado, 0, tags);
  EXPECT_EQ(discovery->state(), State::Soliciting);
  EXPECT_EQ(discovery->counters().malformed, 1U);
}

TEST_F(DiscoveryTest, APadtIsOnlyOursWithIdPeerAndAddress) {
  Agreed session;
  session.session_id = 5;
  session.local = kUs;
  session.peer = kOne;
  const auto judge = [&](const Mac& from, const Mac& to, std::uint16_t id) {
    const ByteVec frame = wire::pppoe::write_discovery(to, from, Code::Padt, id, {});
    return is_padt_for(session, *wire::pppoe::parse_frame(frame));
  };
  EXPECT_TRUE(judge(kOne, kUs, 5));
  EXPECT_FALSE(judge(kTwo, kUs, 5));
  EXPECT_FALSE(judge(kOne, kTwo, 5));
  EXPECT_FALSE(judge(kOne, Mac::broadcast(), 5));
  EXPECT_FALSE(judge(kOne, kUs, 6));
}

}  // namespace
}  // namespace michi::engine::pppoe
