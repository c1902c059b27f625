// What a file may be made of, before anything of it is parsed.

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

std::string said_of(const Result<Loaded, std::vector<Diagnostic>>& result) {
  return result || result.error().empty() ? std::string() : to_text(result.error().front()) + "\n";
}

TEST(Text, TextThatIsNotUtf8IsRefusedBeforeItIsParsed) {
  for (std::string_view bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xc3", "\x80"}) {
    const auto result = load("a = 1\ndns " + std::string(bad) + "O@", "m", {});
    ASSERT_FALSE(result);
    EXPECT_EQ(said_of(result), "m:2:5: error: not UTF-8; save the file in that encoding\n");
  }
  EXPECT_EQ(said_of(load("# \xe9\x81\x93 \xf0\x9f\x98\x80\nuser = 1", "m", {})),
            "m:2:1: error: unknown key \"user\" at the top of the file\n");
}

TEST(Text, CharactersBeyondAsciiBelongIntoStringsAndComments) {
  const auto good =
      load("\xef\xbb\xbf# é\nuplink.a = { interface = \"w\", user = 'é', ac-name = \"\\\"道\" } # 道\n", "m", {});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->config.uplinks[0].kind.as<model::PppoeConfig>().ac_name, "\"道");
  const std::string refused = "m:1:5: error: a character that may stand only in a string or a comment\n";
  for (std::string_view bad : {"a = é", "a = \x01", "[a]\u00e9", "aa =\xef\xbb\xaf", "a=2\"é\""}) {
    EXPECT_EQ(said_of(load(bad, "m", {})).substr(5), refused.substr(5)) << bad;
  }
  EXPECT_EQ(said_of(load("a = \"\"\"x\"\"\"", "m", {})), "m:1:5: error: multi-line strings are not read here\n");
}

TEST(Text, WhatMakesTheParserGiveUpIsOneMoreSyntaxError) {
  for (std::string_view bad : {"[ =", "[ = ]\n", "[ =]\n[uplink.isp]\nuser = \"u\"\n"}) {
    const auto result = load("[router]\npadi-burst = 1\n" + std::string(bad), "m", {});
    ASSERT_FALSE(result);
    EXPECT_EQ(said_of(result), "m:3:1: error: syntax error in this line\n");
  }
}

TEST(Text, KeysDeepAsAnAbyssAreRefusedBeforeTheyAreParsed) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "a.";
  const auto result = load(text + "a = 1\n", "m", {});
  ASSERT_FALSE(result);
  EXPECT_EQ(said_of(result), "m:1:16: error: a key with too many dots\n");
}

}  // namespace
}  // namespace michi::config
