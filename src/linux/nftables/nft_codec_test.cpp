#include "linux/nftables/nft_codec.hpp"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "linux/netlink/netlink_message.hpp"
#include "linux/nftables/conntrack_codec.hpp"
#include "linux/nftables/nft_committer.hpp"
#include "linux/support_test.hpp"

namespace michi::linux {
namespace {

constexpr std::uint8_t kInet = 1, kIp = 2, kNetdev = 5;

Bytes text(const std::string& value) {
  return Bytes(reinterpret_cast<const std::byte*>(value.c_str()), value.size() + 1);
}

class Sample : public NetlinkMessage {
 public:
  Sample(int type, std::uint8_t family, const std::string& table)
      : NetlinkMessage(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), 0, 1) {
    extra<nfgenmsg>().nfgen_family = family;
    bytes(1, linux::text(table));
  }
};

ByteVec rule(const std::string& chain, const std::string& expression, std::string_view data, std::uint32_t handle) {
  Sample message(NFT_MSG_NEWRULE, kInet, "michi");
  message.bytes(NFTA_RULE_CHAIN, text(chain)).u32(NFTA_RULE_HANDLE, handle);
  nlattr* list = message.begin(NFTA_RULE_EXPRESSIONS);
  nlattr* element = message.begin(NFTA_LIST_ELEM);
  message.bytes(NFTA_EXPR_NAME, text(expression)).bytes(NFTA_EXPR_DATA, bytes_of(data));
  message.end(element);
  message.end(list);
  return message.take();
}

ByteVec table() { return Sample(NFT_MSG_NEWTABLE, kInet, "michi").take(); }

ByteVec set(const std::string& name, std::uint8_t flags) {
  Sample message(NFT_MSG_NEWSET, kInet, "michi");
  const ByteVec value = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{flags}};
  message.bytes(NFTA_SET_NAME, text(name)).bytes(NFTA_SET_FLAGS, value);
  return message.take();
}

ByteVec element(const std::string& name, std::string_view key) {
  Sample message(NFT_MSG_NEWSETELEM, kInet, "michi");
  message.bytes(NFTA_SET_ELEM_LIST_SET, text(name));
  nlattr* list = message.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr* one = message.begin(NFTA_LIST_ELEM);
  message.bytes(NFTA_SET_ELEM_KEY, bytes_of(key));
  message.end(one);
  message.end(list);
  return message.take();
}

std::string digest_of(const std::vector<ByteVec>& messages) {
  NftListing listing(model::NftFamily::Inet);
  for (const ByteVec& message : messages) listing.on_message(as_message(message));
  return listing.digest().text();
}

TEST(NftListing, WithoutATableThereIsNoDigest) {
  EXPECT_EQ(digest_of({}), "");
  EXPECT_EQ(digest_of({Sample(NFT_MSG_NEWTABLE, kInet, "other").take(), Sample(NFT_MSG_NEWTABLE, kIp, "michi").take()}),
            "");
}

TEST(NftListing, HandlesAndCountersDoNotCountAndVerdictsDo) {
  const std::string base = digest_of({table(), rule("input", "counter", "0001", 4), rule("input", "cmp", "x", 5)});
  EXPECT_EQ(base, digest_of({table(), rule("input", "counter", "9999", 8), rule("input", "cmp", "x", 9)}));
  EXPECT_NE(base, digest_of({table(), rule("input", "counter", "0001", 4), rule("input", "cmp", "y", 5)}));
  EXPECT_NE(base, digest_of({table(), rule("input", "cmp", "x", 5)}));
}

TEST(NftListing, TheOrderOfRulesCountsAndThatOfElementsDoesNot) {
  EXPECT_NE(digest_of({table(), rule("input", "cmp", "a", 1), rule("input", "cmp", "b", 2)}),
            digest_of({table(), rule("input", "cmp", "b", 2), rule("input", "cmp", "a", 1)}));
  EXPECT_EQ(digest_of({table(), set("s", 0), element("s", "a"), element("s", "b")}),
            digest_of({table(), set("s", 0), element("s", "b"), element("s", "a")}));
  EXPECT_NE(digest_of({table(), set("s", 0), element("s", "a")}), digest_of({table(), set("s", 0), element("s", "b")}));
}

TEST(NftListing, SetsThatPacketsFillAreNotListed) {
  NftListing listing(model::NftFamily::Inet);
  listing.on_message(as_message(set("uplinks", 0)));
  listing.on_message(as_message(set("sticky", NFT_SET_EVAL | NFT_SET_TIMEOUT)));
  EXPECT_EQ(listing.sets(), std::vector<std::string>{"uplinks"});
}

TEST(NftListing, ANamedCounterIsReadAndBrokenOnesAreNot) {
  const auto counter = [](const std::string& table, std::string_view packets, std::uint8_t type) {
    Sample message(NFT_MSG_NEWOBJ, kInet, table);
    const ByteVec kind = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{type}};
    message.bytes(NFTA_OBJ_NAME, text("leaks")).bytes(NFTA_OBJ_TYPE, kind);
    nlattr* data = message.begin(NFTA_OBJ_DATA);
    message.bytes(NFTA_COUNTER_BYTES, *from_hex("0000000000000240"));
    message.bytes(NFTA_COUNTER_PACKETS, *from_hex(std::string(packets)));
    message.end(data);
    return message.take();
  };
  const auto decoded = [](const ByteVec& bytes) { return decode_counter(as_message(bytes)); };
  EXPECT_EQ(decoded(counter("michi", "0000000000000009", NFT_OBJECT_COUNTER)),
            (model::FirewallCounter{.name = "leaks", .packets = 9, .bytes = 576}));
  EXPECT_FALSE(decoded(counter("michi", "00000009", NFT_OBJECT_COUNTER))) << "half a number";
  EXPECT_FALSE(decoded(counter("michi", "0000000000000009", NFT_OBJECT_QUOTA)));
  EXPECT_FALSE(decoded(counter("other", "0000000000000009", NFT_OBJECT_COUNTER)));
}

TEST(NftListing, WhatPassedInASessionIsReadFromItsElementAndBrokenOnesAreNot) {
  const auto counted = [](std::string_view key, std::string_view expression) {
    Sample message(NFT_MSG_NEWSETELEM, kNetdev, "michi");
    nlattr* list = message.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
    nlattr* one = message.begin(NFTA_LIST_ELEM);
    nlattr* name = message.begin(NFTA_SET_ELEM_KEY);
    message.bytes(NFTA_DATA_VALUE, *from_hex(key));
    message.end(name);
    nlattr* counter = message.begin(NFTA_SET_ELEM_EXPR);
    message.bytes(NFTA_EXPR_NAME, text(std::string(expression)));
    nlattr* data = message.begin(NFTA_EXPR_DATA);
    message.bytes(NFTA_COUNTER_BYTES, *from_hex("0000000000000600"))
        .bytes(NFTA_COUNTER_PACKETS, *from_hex("0000000000000003"));
    message.end(data);
    message.end(counter);
    message.end(one);
    message.end(list);
    return decode_passed_traffic(as_message(message.take()));
  };
  // Both addresses, each padded to eight octets, and the session's number.
  constexpr std::string_view kKey = "020000000005 0000 0200000000ac 0000 0012 0000";
  EXPECT_EQ(counted(kKey, "counter"),
            (std::vector<model::PassedTraffic>{{.source = *parse_mac("02:00:00:00:00:05"),
                                                .destination = *parse_mac("02:00:00:00:00:ac"),
                                                .session_id = 0x12,
                                                .packets = 3,
                                                .bytes = 1536}}));
  EXPECT_TRUE(counted(kKey, "quota").empty());
  EXPECT_TRUE(counted("020000000005 0000", "counter").empty());
  EXPECT_TRUE(decode_passed_traffic(as_message(element("up", "a"))).empty());
}

TEST(NftEvent, ChangesOfOurTableAndTheirWriterAreToldFromOthers) {
  const auto ours = decode_nft_event(as_message(rule("input", "cmp", "x", 1)));
  ASSERT_TRUE(ours);
  EXPECT_EQ(std::get<NftChange>(*ours).ours, model::NftFamily::Inet);
  const auto other = decode_nft_event(as_message(Sample(NFT_MSG_NEWRULE, kInet, "firewalld").take()));
  EXPECT_FALSE(std::get<NftChange>(*other).ours);
  const ByteVec generation = *from_hex(
      "2c000000 0f0a 0000 01000000 0f270000"  // NFT_MSG_NEWGEN from port 9999
      "00 00 0000"                            // nfgenmsg
      "0800 0200 00001267"                    // NFTA_GEN_PROC_PID 4711
      "0800 0300 6e667400"                    // NFTA_GEN_PROC_NAME nft
      "0800 0100 00000007");                  // NFTA_GEN_ID
  const auto event = decode_nft_event(as_message(generation));
  ASSERT_TRUE(event);
  const auto& writer = std::get<NftGeneration>(*event);
  EXPECT_EQ(writer.name, "nft");
  EXPECT_EQ(writer.process, 4711u);
}

TEST(NftCommitter, TheErrnoIsReadFromTheWordsOfNft) {
  EXPECT_EQ(code_of_nft_message("Error: Could not process rule: No such file or directory"), ENOENT);
  EXPECT_EQ(code_of_nft_message("Operation not permitted (you must be root)"), EPERM);
  EXPECT_EQ(code_of_nft_message("Error: syntax error, unexpected newline"), EINVAL);
}

TEST(Conntrack, FlowsOfAMarkGoWithOneRequest) {
  EXPECT_EQ(to_hex(encode_delete_flows(Family::V4, 0x02000000, 0xff000000, 5)),
            to_hex(*from_hex("24000000 0201 0500 05000000 00000000"  // IPCTNL_MSG_CT_DELETE, REQUEST ACK
                             "02 01 0000"                            // AF_INET; in version 0 it would mean nothing
                             "0800 0800 02000000"                    // CTA_MARK
                             "0800 1500 ff000000")));                // CTA_MARK_MASK
  EXPECT_EQ(encode_delete_flows(Family::V6, 0x02000000, 0xff000000, 5)[16], std::byte{0x0a});
}

TEST(Conntrack, OnlyAnInsideSourceOnAnUplinkWithoutTranslationIsUntranslated) {
  const std::vector<Prefix> inside = {*parse_prefix("192.168.10.0/24")};
  Flow flow;
  flow.source = *parse_address("192.168.10.5");
  flow.mark = 0x03000000;
  EXPECT_TRUE(is_untranslated(flow, 0xff000000, inside));
  flow.source_translated = true;
  EXPECT_FALSE(is_untranslated(flow, 0xff000000, inside));
  flow.source_translated = false;
  flow.mark = 0xff000000;  // main, not an uplink
  EXPECT_FALSE(is_untranslated(flow, 0xff000000, inside));
  flow.mark = 0x03000000;
  flow.source = *parse_address("198.51.100.7");  // a client of a published service
  EXPECT_FALSE(is_untranslated(flow, 0xff000000, inside));
}

}  // namespace
}  // namespace michi::linux
