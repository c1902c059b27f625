// Which LANs a wire may be passed through to.
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace michi::config {
namespace {

/// What is said of a line (its table begins on line 1), with one uplink on wan0, and LANs on lan0, lan1 and wan0.
std::string words(const std::string& line) {
  const auto result = load("[line.wan0]\n" + line +
                               "\n[uplink.isp]\ninterface = \"wan0\"\nuser = \"u\"\n"
                               "[lan.home]\ninterface = \"lan0\"\naddress = \"192.168.10.1/24\"\n"
                               "[lan.guests]\ninterface = \"lan1\"\naddress = \"192.168.12.1/24\"\n"
                               "[lan.wire]\ninterface = \"wan0\"\naddress = \"192.168.13.1/24\"\n",
                           "m", Environment{});
  std::string out;
  for (const Diagnostic& diagnostic : result ? result->warnings : result.error())
    if (diagnostic.code != "shared-wire") out += to_text(diagnostic) + "\n";
  return out;
}

TEST(PassThrough, LansOnOtherInterfacesAreTaken) {
  EXPECT_EQ(words("pass-through = [\"home\", \"guests\"]"), "");
  EXPECT_EQ(words("sessions = 2\npass-through = [\"home\"]"), "");
  EXPECT_EQ(words("pass-through = []"), "");
}

TEST(PassThrough, ANameThatIsNoLanIsAnErrorWithItsPlace) {
  EXPECT_EQ(words("pass-through = [\"guests\", \"hone\"]"),
            "m:2:27: error: [line.wan0] pass-through: there is no LAN \"hone\"; did you mean \"home\"?\n");
  EXPECT_EQ(words("pass-through = [\"home\", \"home\"]"), "m:2:25: error: pass-through: \"home\" stands here twice\n");
}

TEST(PassThrough, ALanOnTheWireItselfHasNothingToPassThrough) {
  EXPECT_EQ(
      words("pass-through = [\"wire\"]"),
      "m:2:17: error: [line.wan0] pass-through: [lan.wire] is on wan0 itself, so its hosts reach the line already "
      "and there is nothing to pass through; leave \"wire\" out\n");
}

TEST(PassThrough, AContractWithoutASessionLeftIsAWarning) {
  EXPECT_EQ(
      words("sessions = 1\npass-through = [\"home\"]"),
      "m:3:16: warning: [line.wan0] pass-through: its 1 session(s) are all for michi's own uplinks, so nobody else "
      "can dial; write a larger `sessions`, if the contract allows it\n");
}

}  // namespace
}  // namespace michi::config
