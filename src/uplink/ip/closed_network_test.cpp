#include "uplink/ip/closed_network.hpp"

#include <gtest/gtest.h>

namespace michi::uplink {
namespace {

Ipv6 address(std::string_view text) { return *parse_ipv6(text); }

TEST(ClosedNetwork, IsKnownByItsPrefix) {
  EXPECT_TRUE(closed_network_of(Address(address("2408:0:1::1"))));
  EXPECT_TRUE(closed_network_of(Address(address("2408:3ff::1"))));
  EXPECT_FALSE(closed_network_of(Address(address("2408:400::1"))));
  EXPECT_TRUE(closed_network_of(Address(address("2001:a7ff:5f01::a"))));
  EXPECT_FALSE(closed_network_of(Address(address("2001:b000::1"))));
  for (const char* provider :
       {"240b:10::1", "2404:7a80::1", "2400:4050::1", "2409:10::1", "2001:f60::1", "2001:c28::1"})
    EXPECT_FALSE(closed_network_of(Address(address(provider)))) << provider;
}

TEST(ClosedNetwork, OneAddressOfTheInternetIsEnough) {
  EXPECT_TRUE(closed_network_of({address("2408::1")}, {}));
  EXPECT_TRUE(closed_network_of({address("2408::1")}, {*parse_prefix("2408:0:2::/56")}));
  EXPECT_FALSE(closed_network_of({address("2408::1"), address("240b:10::1")}, {}));
  EXPECT_FALSE(closed_network_of({address("2408::1")}, {*parse_prefix("240b:10::/56")}));
  EXPECT_FALSE(closed_network_of(std::vector<Ipv6>{}, std::vector<Prefix>{}));
}

}  // namespace
}  // namespace michi::uplink
