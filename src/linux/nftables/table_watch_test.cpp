#include "linux/nftables/table_watch.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "linux/netlink/netlink_message.hpp"
#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

ByteVec element(int kind, const std::string& set, std::string_view key) {
  NetlinkMessage message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | kind), 0, 1);
  message.extra<nfgenmsg>().nfgen_family = NFPROTO_INET;
  message.text(NFTA_SET_ELEM_LIST_TABLE, "michi").text(NFTA_SET_ELEM_LIST_SET, set);
  nlattr* list = message.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr* one = message.begin(NFTA_LIST_ELEM);
  message.bytes(NFTA_SET_ELEM_KEY, bytes_of(key));
  message.end(one);
  message.end(list);
  return message.take();
}

ByteVec object(int kind, std::uint16_t name_attribute, const std::string& name) {
  NetlinkMessage message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | kind), 0, 1);
  message.extra<nfgenmsg>().nfgen_family = NFPROTO_INET;
  message.text(1, "michi").text(name_attribute, name);
  return message.take();
}

// What a listing of the table says when its one set has these members.
NftDigest listed(const std::vector<std::string_view>& members) {
  NftListing listing(model::NftFamily::Inet);
  listing.on_message(as_message(object(NFT_MSG_NEWTABLE, NFTA_TABLE_NAME, "michi")));
  listing.on_message(as_message(object(NFT_MSG_NEWSET, NFTA_SET_NAME, "s")));
  for (const auto member : members) listing.on_message(as_message(element(NFT_MSG_NEWSETELEM, "s", member)));
  NftDigest digest = listing.digest();
  digest.dynamic = {"asked"};
  return digest;
}

class TableWatchTest : public ::testing::Test {
 protected:
  void change(const ByteVec& message) { watch_.on_change(as_message(message)); }
  void ends(std::uint32_t generation, bool ours) {
    watch_.on_generation({.id = generation, .process = 7, .name = ours ? "michid" : "nft"}, ours);
  }

  TableWatch watch_{model::NftFamily::Inet};
};

TEST_F(TableWatchTest, OurOwnElementsAreAddedAndAskForNoListing) {
  watch_.on_listed(listed({"a", "b"}), 10);
  change(element(NFT_MSG_DELSETELEM, "s", "a"));
  change(element(NFT_MSG_NEWSETELEM, "s", "c"));
  change(element(NFT_MSG_NEWSETELEM, "asked", "filled by packets"));
  ends(11, true);
  ASSERT_TRUE(watch_.due());
  EXPECT_FALSE(watch_.needs_listing());
  const auto seen = watch_.take();
  EXPECT_TRUE(seen.ours);
  EXPECT_EQ(seen.hash, listed({"c", "b"}).text());
  EXPECT_FALSE(watch_.due());
}

TEST_F(TableWatchTest, SomebodyElsesElementsAskForAListing) {
  watch_.on_listed(listed({"a"}), 10);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  ends(11, false);
  EXPECT_TRUE(watch_.needs_listing());
  EXPECT_FALSE(watch_.take().ours);
}

TEST_F(TableWatchTest, WhatElseWeChangeAsksForAListing) {
  watch_.on_listed(listed({"a"}), 10);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  change(object(NFT_MSG_NEWCHAIN, NFTA_CHAIN_NAME, "input"));
  ends(11, true);
  EXPECT_TRUE(watch_.needs_listing());
}

TEST_F(TableWatchTest, ANoticeOfWhatTheListingHasAlreadyDoesNotCountTwice) {
  watch_.on_listed(listed({"a", "b"}), 11);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  ends(11, true);
  EXPECT_FALSE(watch_.needs_listing());
  EXPECT_EQ(watch_.take().hash, listed({"a", "b"}).text());
}

TEST_F(TableWatchTest, GenerationsWrap) {
  watch_.on_listed(listed({"a"}), 0xffffffff);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  ends(0, true);
  EXPECT_EQ(watch_.take().hash, listed({"a", "b"}).text());
}

TEST_F(TableWatchTest, LostNoticesAskForAListingAndNameNobody) {
  watch_.on_listed(listed({"a"}), 10);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  watch_.on_overrun();
  EXPECT_TRUE(watch_.needs_listing());
  const auto seen = watch_.take();
  EXPECT_FALSE(seen.ours);
  EXPECT_EQ(seen.writer, "");
}

TEST_F(TableWatchTest, ADisturbedListingHoldsForOneLook) {
  watch_.on_listed(listed({"a"}), std::nullopt);
  watch_.look_again();
  watch_.on_listed(listed({"a"}), std::nullopt);
  EXPECT_EQ(watch_.take().hash, listed({"a"}).text());
  EXPECT_TRUE(watch_.needs_listing());
}

TEST_F(TableWatchTest, AForeignHandAmongOursIsTheOneToName) {
  watch_.on_listed(listed({"a"}), 10);
  change(element(NFT_MSG_NEWSETELEM, "s", "b"));
  ends(11, false);
  change(element(NFT_MSG_NEWSETELEM, "s", "c"));
  ends(12, true);
  const auto seen = watch_.take();
  EXPECT_FALSE(seen.ours);
  EXPECT_EQ(seen.writer, "nft (pid 7)");
  EXPECT_TRUE(watch_.needs_listing());
}

}  // namespace
}  // namespace michi::linux
