#include "engine/ppp/session.hpp"

#include <gtest/gtest.h>

#include "kit/ppp_pair.hpp"

namespace michi::engine::ppp {
namespace {

using kit::PppPair;

constexpr Duration kLatency = milliseconds(5);

TEST(Session, OpensWithEveryMethodAndReportsAddressesAndNameServers) {
  for (const AuthMethod method : {AuthMethod::None, AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV2}) {
    PppPair pair(kit::client_settings(), kit::server_settings(method), kit::accounts(), kit::perfect(kLatency));
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return pair.client.has<Ipv4Up>() && pair.client.has<Ipv6Up>(); }, seconds(1)))
        << pair.transcript;
    const auto up = pair.client.last<Ipv4Up>();
    EXPECT_EQ(to_text(up.local), "192.0.2.77");
    EXPECT_EQ(to_text(up.peer), "192.0.2.1");
    ASSERT_EQ(up.dns.size(), 2u);
    EXPECT_EQ(to_text(up.dns[1]), "192.0.2.54");
    EXPECT_EQ(pair.client.last<LinkUp>().auth, method);
    EXPECT_EQ(pair.client.last<LinkUp>().mtu, 1492);
    RecordProperty("virtual_ms", static_cast<int>(whole_milliseconds(pair.now - Instant{})));
    std::printf("[ latency  ] method %d: up after %.1f round trips\n", static_cast<int>(method),
                static_cast<double>((pair.now - Instant{}).count()) / static_cast<double>((2 * kLatency).count()));
  }
}

}  // namespace
}  // namespace michi::engine::ppp
