#include "dataplane/tun/coalesce.hpp"

#include <gtest/gtest.h>

#include "dataplane/test_packets.hpp"
#include "dataplane/tun/segment.hpp"

namespace michi::dataplane::tun {
namespace {

using test::Packet;

/// Feeds packets in order and gives what a device would be handed: packets, and their vnet headers.
struct Feed {
  std::vector<ByteVec> packets;
  Coalescer coalescer;

  std::vector<Vnet> vnets;
  std::vector<ByteVec> out;
  std::vector<std::uint32_t> targets;
  std::vector<std::size_t> counts;

  void add(ByteVec packet, std::uint32_t target = 0, Vnet vnet = {}) {
    packets.push_back(std::move(packet));
    coalescer.add(target, packets.back(), vnet);
  }
  void finish() {
    for (const Bundle& bundle : coalescer.finish()) {
      vnets.push_back(bundle.vnet);
      targets.push_back(bundle.target);
      counts.push_back(bundle.packets);
      out.emplace_back();
      for (std::size_t i = 0; i < bundle.parts; ++i)
        out.back().insert(out.back().end(), bundle.part[i].begin(), bundle.part[i].end());
    }
  }
  Feed() { packets.reserve(kBatch); }
};

std::vector<Packet> stream(std::size_t segments, std::size_t size, bool v4 = true) {
  std::vector<Packet> out;
  for (std::size_t i = 0; i < segments; ++i) {
    Packet p{.id = static_cast<std::uint16_t>(100 + i),
             .sequence = static_cast<std::uint32_t>(1000 + i * size),
             .options = test::pattern(12, 9),
             .payload = test::pattern(size, static_cast<unsigned>(i))};
    if (!v4) p.source = "2001:db8::1", p.destination = "2001:db8:1::2";
    out.push_back(p);
  }
  return out;
}

TEST(Coalesce, ConsecutiveSegmentsBecomeOnePacketThatCutsBackIntoTheSameOnes) {
  for (const bool v4 : {true, false}) {
    auto packets = stream(5, 1200, v4);
    packets.back().payload.resize(700);
    packets.back().flags = 0x18;
    Feed feed;
    std::vector<ByteVec> before;
    for (const auto& p : packets) before.push_back(test::make(p)), feed.add(before.back());
    feed.finish();
    ASSERT_EQ(feed.out.size(), 1u);
    EXPECT_EQ(feed.counts[0], 5u);
    EXPECT_EQ(feed.vnets[0].gso_size, 1200);
    EXPECT_EQ(feed.vnets[0].gso_type, v4 ? kGsoTcp4 : kGsoTcp6);
    auto cutter = Cutter::make(feed.out[0], feed.vnets[0], 1492);
    ASSERT_TRUE(cutter);
    std::array<std::byte, kMaxHeaders> header;
    for (const auto& original : before) {
      const auto piece = cutter->next(header);
      ASSERT_TRUE(piece);
      ByteVec again = copy_of(std::span(header).first(piece->header));
      again.insert(again.end(), piece->payload.begin(), piece->payload.end());
      EXPECT_EQ(again, original);
    }
    EXPECT_FALSE(cutter->next(header));
  }
}

TEST(Coalesce, ASegmentWithABadChecksumGoesAloneAndUntouched) {
  auto packets = stream(3, 1000);
  Feed feed;
  feed.add(test::make(packets[0]));
  ByteVec bad = test::make(packets[1]);
  bad[200] ^= std::byte{1};
  feed.add(bad);
  feed.add(test::make(packets[2]));
  feed.finish();
  ASSERT_EQ(feed.out.size(), 3u);
  EXPECT_EQ(feed.out[1], bad);
  EXPECT_EQ(feed.vnets[1], Vnet{});
}

TEST(Coalesce, ABadIpHeaderChecksumIsNotRepaired) {
  auto packets = stream(2, 1000);
  Feed feed;
  feed.add(test::make(packets[0]));
  ByteVec bad = test::make(packets[1]);
  bad[10] ^= std::byte{1};
  feed.add(bad);
  feed.finish();
  ASSERT_EQ(feed.out.size(), 2u);
  EXPECT_EQ(feed.out[1], bad);
}

TEST(Coalesce, AnUnfinishedChecksumFromTheSendersKernelCountsAsGood) {
  auto packets = stream(3, 1000);
  Feed feed;
  for (const auto& p : packets) {
    ByteVec packet = test::make(p);
    test::make_partial(packet, p);
    feed.add(packet, 0, {kNeedsChecksum, kGsoNone, 0, 0, 20, 16});
  }
  feed.finish();
  ASSERT_EQ(feed.out.size(), 1u);
  EXPECT_EQ(feed.counts[0], 3u);
}

TEST(Coalesce, WhatDiffersInAnythingButTheMovingFieldsIsNotJoined) {
  const auto expect_apart = [](auto change, const char* what) {
    auto packets = stream(2, 1000);
    change(packets[1]);
    Feed feed;
    for (const auto& p : packets) feed.add(test::make(p));
    feed.finish();
    EXPECT_EQ(feed.out.size(), 2u) << what;
  };
  expect_apart([](Packet& p) { p.acknowledgement++; }, "acknowledgement");
  expect_apart([](Packet& p) { p.window++; }, "window");
  expect_apart([](Packet& p) { p.flags = 0x11; }, "FIN");
  expect_apart([](Packet& p) { p.flags = 0x30; }, "URG");
  expect_apart([](Packet& p) { p.sequence++; }, "a gap");
  expect_apart([](Packet& p) { p.options[3] ^= std::byte{1}; }, "options");
  expect_apart([](Packet& p) { p.source_port++; }, "another flow");
  expect_apart([](Packet& p) { p.payload = test::pattern(1001); }, "a larger segment");
  expect_apart([](Packet& p) { p.dont_fragment = false; }, "DF");
  expect_apart([](Packet& p) { p.id = 7; }, "identification");
  expect_apart([](Packet& p) { p.destination = "198.51.100.2"; }, "destination");
}

TEST(Coalesce, TheOrderInsideAFlowIsKept) {
  auto packets = stream(4, 500);
  Packet pure_ack = packets[1];
  pure_ack.payload.clear();
  Feed feed;
  feed.add(test::make(packets[0]));
  feed.add(test::make(pure_ack));
  feed.add(test::make(packets[1]));
  feed.add(test::make(packets[2]));
  feed.finish();
  EXPECT_EQ(feed.counts, (std::vector<std::size_t>{1, 1, 2}));
}

TEST(Coalesce, ShortOrPushedSegmentsEndABundle) {
  auto packets = stream(3, 500);
  packets[1].flags = 0x18;
  Feed feed;
  for (const auto& p : packets) feed.add(test::make(p));
  feed.finish();
  EXPECT_EQ(feed.counts, (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(feed.out[0][33], std::byte{0x18});
}

TEST(Coalesce, FlowsOfTwoSessionsAreNeverMixedAndInterleavedFlowsAreJoined) {
  const auto a = stream(3, 800);
  auto b = a;
  Feed feed;
  for (std::size_t i = 0; i < 3; ++i) feed.add(test::make(a[i]), 0), feed.add(test::make(b[i]), 1);
  feed.finish();
  EXPECT_EQ(feed.counts, (std::vector<std::size_t>{3, 3}));
  EXPECT_EQ(feed.targets, (std::vector<std::uint32_t>{0, 1}));
}

TEST(Coalesce, ABundleNeverGrowsBeyondWhatAnIpLengthCanSay) {
  const auto packets = stream(kBatch, 1448);
  Feed feed;
  for (const auto& p : packets) feed.add(test::make(p));
  feed.finish();
  ASSERT_EQ(feed.counts.size(), 2u);
  for (const auto& packet : feed.out) EXPECT_LE(packet.size(), 65535u);
  EXPECT_EQ(feed.counts[0] + feed.counts[1], kBatch);
}

TEST(Coalesce, UdpFragmentsAndUnknownThingsPassAsTheyAre) {
  Packet udp{.protocol = 17, .payload = test::pattern(300)};
  ByteVec fragment = test::make(stream(1, 600)[0]);
  fragment[6] = std::byte{0x20};
  Feed feed;
  feed.add(test::make(udp));
  feed.add(test::make(udp));
  feed.add(fragment);
  feed.add(fragment);
  feed.finish();
  EXPECT_EQ(feed.counts, (std::vector<std::size_t>{1, 1, 1, 1}));
  EXPECT_EQ(feed.out, feed.packets);
}

}  // namespace
}  // namespace michi::dataplane::tun
