// RFC 2516 §4 and §5, the host's side: PADI, PADO, PADR, PADS.
#include <algorithm>
#include <set>

#include "conformance/line.hpp"
#include "kit/configs.hpp"

namespace michi::conformance {
namespace {

const Octets kBroadcast = fill(6, 0xff);
const Octets kOurs = hex("02 00 00 00 00 01");

struct Discovering : DaemonTest {
  Octets uniq;
  /// The PADI, and its Host-Uniq remembered.
  Discovery listen() {
    const Discovery padi = hear_discovery(kPadi);
    uniq = padi.tag(kHostUniq).value_or(Octets{});
    return padi;
  }
  Octets ours() const { return tag(kHostUniq, uniq); }
  void offer(const Octets& more = {}) {
    peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + ours() + more);
  }
  void confirm(unsigned session, const Octets& more = {}) {
    peer.session = session;
    peer.discovery(kPads, session, tag(kServiceName) + ours() + more);
  }
  bool silent_discovery(unsigned code, Duration how_long = milliseconds(900)) {
    return !world.run_until([&] { return peer.take_discovery(code).has_value(); }, how_long);
  }
};

using Rfc2516_4 = Discovering;
using Rfc2516_5_1 = Discovering;
using Rfc2516_5_2 = Discovering;
using Rfc2516_5_3 = Discovering;
using Rfc2516_5_4 = Discovering;
using Rfc2516_8 = Discovering;
using Rfc2516_A = Discovering;

TEST_F(Rfc2516_5_1, PadiGoesToAllWithoutASessionAndNamesOneService) {
  dial();
  const Discovery padi = listen();
  EXPECT_EQ(padi.destination, kBroadcast);
  EXPECT_EQ(padi.source, kOurs);
  EXPECT_EQ(padi.session, 0u);
  EXPECT_EQ(padi.count(kServiceName), 1u);
  EXPECT_EQ(padi.tag(kServiceName), Octets{});
  EXPECT_EQ(padi.count(kHostUniq), 1u);
  EXPECT_LE(padi.size - 14, 1484u);
}

TEST_F(Rfc2516_5_1, PadiNamesTheWantedService) {
  kit::pppoe(config).service_name = "flets";
  dial();
  EXPECT_EQ(listen().tag(kServiceName), text("flets"));
}

TEST_F(Rfc2516_5_1, PadiWithTheLargestNamesStaysBelow1484Octets) {
  kit::pppoe(config).service_name = std::string(255, 's');
  kit::pppoe(config).host_uniq = ByteVec(255, std::byte{0x5a});
  dial();
  EXPECT_LE(listen().size - 14, 1484u);
}

TEST_F(Rfc2516_4, AnOfferWithAnotherVersionTypeCodeOrEthernetTypeIsNone) {
  dial();
  listen();
  const Octets tags = tag(kAcName, text("bas1")) + tag(kServiceName) + ours();
  const auto say = [&](unsigned type, unsigned version, unsigned code, unsigned length) {
    peer.frame(kOurs + peer.address + u16(type) + u8(version) + u8(code) + u16(0) + u16(length) + tags);
  };
  const auto length = static_cast<unsigned>(tags.size());
  say(kDiscovery, 0x21, kPado, length);
  say(kDiscovery, 0x12, kPado, length);
  say(kDiscovery, 0x00, kPado, length);
  say(kSession, 0x11, kPado, length);
  say(kDiscovery, 0x11, 0x08, length);
  say(kDiscovery, 0x11, kPado, length + 1);  // beyond the frame
  say(kDiscovery, 0x11, kPado, length - 1);  // through the last tag
  EXPECT_TRUE(silent_discovery(kPadr));
  say(kDiscovery, 0x11, kPado, length);
  hear_discovery(kPadr);
}

TEST_F(Rfc2516_4, PaddingBehindTheStatedLengthIsNotRead) {
  dial();
  listen();
  const Octets tags = tag(kAcName, text("bas1")) + tag(kServiceName) + ours();
  peer.frame(kOurs + peer.address + u16(kDiscovery) + u8(0x11) + u8(kPado) + u16(0) +
             u16(static_cast<unsigned>(tags.size())) + tags + tag(kGenericError, text("padding")));
  hear_discovery(kPadr);
}

TEST_F(Rfc2516_5_2, AnOfferOfAnotherHostOrForAnotherAddressIsNone) {
  dial();
  listen();
  const Octets name = tag(kAcName, text("bas1")) + tag(kServiceName);
  peer.discovery(kPado, 0, name);                                  // without Host-Uniq
  peer.discovery(kPado, 0, name + tag(kHostUniq, text("other")));  // another one
  peer.discovery(kPado, 7, name + ours());                         // with a session
  peer.other = kBroadcast;
  peer.discovery(kPado, 0, name + ours());
  peer.other = hex("02 00 00 00 00 77");
  peer.discovery(kPado, 0, name + ours());
  EXPECT_TRUE(silent_discovery(kPadr));
  peer.other = kOurs;
  peer.discovery(kPado, 0, name + ours());
  hear_discovery(kPadr);
}

TEST_F(Rfc2516_5_2, AnOfferWithoutTheWantedServiceIsNone) {
  kit::pppoe(config).service_name = "flets";
  dial();
  listen();
  peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + tag(kServiceName, text("other")) + ours());
  EXPECT_TRUE(silent_discovery(kPadr));
  peer.discovery(
      kPado, 0,
      tag(kAcName, text("bas1")) + tag(kServiceName, text("other")) + tag(kServiceName, text("flets")) + ours());
  const Discovery padr = hear_discovery(kPadr);
  EXPECT_EQ(padr.count(kServiceName), 1u);
  EXPECT_EQ(padr.tag(kServiceName), text("flets"));
}

TEST_F(Rfc2516_5_2, AnOfferWithoutANameIsTakenAllTheSame) {
  dial();
  listen();
  peer.discovery(kPado, 0, tag(kServiceName) + ours());
  hear_discovery(kPadr);
}

TEST_F(Rfc2516_5_3, PadrGoesToTheChosenOneWithOneServiceAndTheHostUniqOfThePadi) {
  dial();
  listen();
  offer();
  const Discovery padr = hear_discovery(kPadr);
  EXPECT_EQ(padr.destination, peer.address);
  EXPECT_EQ(padr.source, kOurs);
  EXPECT_EQ(padr.session, 0u);
  EXPECT_EQ(padr.count(kServiceName), 1u);
  EXPECT_EQ(to_hex(padr.tag(kHostUniq).value_or(Octets{})), to_hex(uniq));
  EXPECT_EQ(padr.count(kHostUniq), 1u);
}

TEST_F(Rfc2516_5_3, CookieAndRelaySessionIdComeBackAsTheyCame) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{600}}) {
    Line line;
    line.dial();
    const Discovery padi = line.hear_discovery(kPadi);
    Octets cookie = fill(size), relay = fill(12, 0xee);
    for (std::size_t i = 0; i < size; ++i) cookie[i] = static_cast<std::uint8_t>(i * 7);
    line.peer.discovery(kPado, 0,
                        tag(kServiceName) + tag(kAcCookie, cookie) + tag(kAcName, text("bas1")) +
                            tag(kRelaySessionId, relay) + tag(kHostUniq, *padi.tag(kHostUniq)));
    const Discovery padr = line.hear_discovery(kPadr);
    EXPECT_EQ(to_hex(padr.tag(kAcCookie).value_or(text("none"))), to_hex(cookie));
    EXPECT_EQ(to_hex(padr.tag(kRelaySessionId).value_or(text("none"))), to_hex(relay));
  }
}

TEST_F(Rfc2516_5_3, NothingOfAnOfferThatWasNotTakenIsReturned) {
  kit::pppoe(config).prefer_acs = {"best", "bas1"};
  dial();
  listen();
  offer(tag(kAcCookie, text("wrong")) + tag(kRelaySessionId, text("wrong")));
  Peer better(world, wire, hex("02 00 00 00 00 b2"));
  better.other = kOurs;
  better.discovery(kPado, 0, tag(kAcName, text("best")) + tag(kServiceName) + ours());
  std::optional<Discovery> padr;
  ASSERT_TRUE(world.run_until([&] { return (padr = better.take_discovery(kPadr)).has_value(); }, seconds(1)));
  EXPECT_EQ(padr->count(kAcCookie), 0u);
  EXPECT_EQ(padr->count(kRelaySessionId), 0u);
  EXPECT_FALSE(peer.take_discovery(kPadr));
}

TEST_F(Rfc2516_5_4, APadsOpensItsSessionAtOnce) {
  dial();
  listen();
  offer();
  hear_discovery(kPadr);
  confirm(0xfffe);
  const Instant said = world.now();
  EXPECT_LE(hear(kLcp, kConfigureRequest).at - said, milliseconds(2));  // there and back
}

TEST_F(Rfc2516_5_4, APadsOfAnotherHostOrAnotherConcentratorOpensNothing) {
  dial();
  listen();
  offer();
  hear_discovery(kPadr);
  peer.session = 7;
  peer.discovery(kPads, 7, tag(kServiceName) + tag(kHostUniq, text("other")));
  Peer stranger(world, wire, hex("02 00 00 00 00 b2"));
  stranger.other = kOurs;
  stranger.discovery(kPads, 8, tag(kServiceName) + ours());
  EXPECT_TRUE(silent(kLcp, milliseconds(300)));
  confirm(9);
  hear(kLcp, kConfigureRequest);
}

TEST_F(Rfc2516_5_4, ARefusedServiceIsNoSessionAndItsWordsAreKept) {
  dial();
  listen();
  offer();
  hear_discovery(kPadr);
  confirm(0, tag(kServiceNameError, text("no such service")));
  EXPECT_TRUE(silent(kLcp, milliseconds(300)));
  EXPECT_NE(facts().detail.find("no such service"), std::string::npos) << facts().detail;
}

TEST_F(Rfc2516_5_4, SessionNumbersZeroAndAllOnesOpenNothing) {
  for (const unsigned number : {0x0000u, 0xffffu}) {
    Line line;
    line.dial();
    const Octets uniq_tag = tag(kHostUniq, *line.hear_discovery(kPadi).tag(kHostUniq));
    line.peer.discovery(kPado, 0, tag(kAcName, text("bas1")) + tag(kServiceName) + uniq_tag);
    line.hear_discovery(kPadr);
    line.peer.session = number;
    line.peer.discovery(kPads, number, tag(kServiceName) + uniq_tag);
    EXPECT_TRUE(line.silent(kLcp, milliseconds(300)));
  }
}

TEST_F(Rfc2516_5_4, ASessionOpenedTooLateIsEndedAtOnce) {
  dial();
  listen();
  offer();
  hear_discovery(kPadr);
  const Octets first = ours();
  ASSERT_TRUE(waits_for([&] { return state() == "waiting"; }, seconds(20)));  // nobody waits any more
  peer.session = 5;
  peer.discovery(kPads, 5, tag(kServiceName) + first);
  const Discovery padt = hear_discovery(kPadt);
  EXPECT_EQ(padt.session, 5u);
  EXPECT_EQ(padt.destination, peer.address);
}

TEST_F(Rfc2516_8, PadiIsRepeatedAtPeriodsThatDouble) {
  dial();
  Instant last = listen().at;
  for (const int period : {1, 2, 4, 4}) {
    const Discovery again = hear_discovery(kPadi);
    EXPECT_EQ(again.at - last, seconds(period));
    EXPECT_EQ(again.tag(kHostUniq), uniq);
    last = again.at;
  }
}

TEST_F(Rfc2516_8, PadrIsRepeatedAtPeriodsThatDoubleAndThenDiscoveryBeginsAnew) {
  dial();
  listen();
  offer();
  Instant last = hear_discovery(kPadr).at;
  for (const int period : {500, 1000, 2000}) {
    const Instant again = hear_discovery(kPadr).at;
    EXPECT_EQ(again - last, milliseconds(period));
    last = again;
  }
  peer.forget();
  hear_discovery(kPadi, seconds(10));
  EXPECT_FALSE(peer.take_discovery(kPadr));
}

TEST_F(Rfc2516_A, TagsBehindEndOfListAreNotRead) {
  dial();
  listen();
  offer(tag(kEndOfList) + tag(kGenericError, text("not read")) + u16(0x0104) + u16(60000));
  const Discovery padr = hear_discovery(kPadr);
  EXPECT_EQ(padr.count(kAcCookie), 0u);
}

TEST_F(Rfc2516_A, UnknownAndVendorTagsAreIgnoredAndNotReturned) {
  dial();
  listen();
  offer(tag(kVendorSpecific, hex("00 00 0d e9 01 02")) + tag(0x0777, text("what")) + tag(kAcCookie, text("c")));
  const Discovery padr = hear_discovery(kPadr);
  EXPECT_EQ(padr.tag(kAcCookie), text("c"));
  EXPECT_EQ(padr.count(kVendorSpecific), 0u);
  EXPECT_EQ(padr.count(0x0777), 0u);
}

TEST_F(Rfc2516_A, AHostUniqIsDrawnAnewForEveryAttemptAndAConfiguredOneIsNot) {
  std::set<Octets> seen;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Line line(seed);
    line.dial();
    seen.insert(line.hear_discovery(kPadi).tag(kHostUniq).value_or(Octets{}));
  }
  EXPECT_EQ(seen.size(), 5u);
  kit::pppoe(config).host_uniq = ByteVec{std::byte{1}, std::byte{2}, std::byte{3}};
  dial();
  listen();
  EXPECT_EQ(uniq, hex("01 02 03"));
  offer();
  EXPECT_EQ(hear_discovery(kPadr).tag(kHostUniq), hex("01 02 03"));
}

TEST_F(Rfc2516_A, AnErrorInAnOfferTakesItOutOfTheChoice) {
  dial();
  listen();
  offer(tag(kAcSystemError, text("full")));
  EXPECT_TRUE(silent_discovery(kPadr));
}

}  // namespace
}  // namespace michi::conformance
