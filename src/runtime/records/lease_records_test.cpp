#include "runtime/records/lease_records.hpp"

#include <gtest/gtest.h>

namespace michi::runtime {
namespace {

uplink::LeaseRecord example() {
  uplink::LeaseRecord record;
  record.duid = *from_hex("00030001020000000001");
  record.server = *from_hex("00030001020000000009");
  record.leases = {
      {wire::dhcp6::IaType::Pd, 305419896, *parse_prefix("2001:db8:a::/56"), seconds(3600), seconds(7200)},
      {wire::dhcp6::IaType::Na, 7, *parse_prefix("2001:db8::5/128"), engine::dhcp6::kForever, engine::dhcp6::kForever}};
  record.prefixes = {{*parse_prefix("2001:db8:a::/56"), seconds(3600), seconds(7200), false},
                     {*parse_prefix("2001:db8:b:1::/64"), seconds(0), seconds(60), true}};
  return record;
}

const Stamp kThen{.boot = "b", .at = Instant{} + seconds(100), .wall = 1'750'000'000};

Stamp later(Duration time) {
  Stamp now = kThen;
  now.at += time;
  return now;
}

TEST(LeaseRecords, ComeBackAsTheyWereWritten) {
  EXPECT_EQ(parse_lease(write_lease(example(), kThen), kThen), example());
}

TEST(LeaseRecords, LoseTheTimeThatHasPassedAndWhatIsOver) {
  const auto record = parse_lease(write_lease(example(), kThen), later(seconds(60)));
  ASSERT_TRUE(record);
  ASSERT_EQ(record->prefixes.size(), 1u);
  EXPECT_EQ(record->prefixes[0].valid, seconds(7140));
  EXPECT_EQ(record->leases[0].preferred, seconds(3540));
  EXPECT_EQ(record->leases[1].valid, engine::dhcp6::kForever);
}

TEST(LeaseRecords, OfUnknownAgeLoseNothing) {
  Stamp now{.boot = "another", .at = {}, .wall = 5};
  EXPECT_EQ(parse_lease(write_lease(example(), kThen), now), example());
}

TEST(LeaseRecords, DamagedLinesAreLeftOut) {
  const std::string head = "version=1\nduid=0003\nserver=\n";
  EXPECT_FALSE(parse_lease("", kThen));
  EXPECT_FALSE(parse_lease("version=2\nduid=\nserver=\n", kThen));
  for (const char* line :
       {"lease-00=pd 1 2001:db8::/56 10\n", "lease-00=pd x 2001:db8::/56 10 20\n", "lease-00=pd 1 192.0.2.0/24 10 20\n",
        "lease-00=na 1 2001:db8::/64 10 20\n", "lease-00=pd 1 2001:db8::/56 -1 20\n",
        "lease-00=pd 1 2001:db8::/56 10 99999999999\n", "prefix-00=2001:db8::/56 10 20 maybe\n"}) {
    const auto record = parse_lease(head + line, kThen);
    ASSERT_TRUE(record) << line;
    EXPECT_TRUE(record->leases.empty() && record->prefixes.empty()) << line;
  }
}

}  // namespace
}  // namespace michi::runtime
