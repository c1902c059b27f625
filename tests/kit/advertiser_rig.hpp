#pragma once
// An advertiser on a LAN and everything it said, in virtual time.

#include "engine/ndisc/advertiser.hpp"
#include "kit/ndisc.hpp"

namespace michi::kit::nd {

using engine::ndisc::Advertisement;
using engine::ndisc::Advertiser;
using engine::ndisc::AdvertiserSettings;
using engine::ndisc::ForeignRouter;
using engine::ndisc::PastPrefix;
using engine::ndisc::Remember;
using wire::icmp6::PrefixInformation;
using wire::icmp6::RouterAdvertisement;

inline const Ipv6 kAdvertiser = ip("fe80::1");
inline constexpr Mac kAdvertiserMac{{2, 0, 0, 0, 0, 1}};

class AdvertiserRig : public testing::Test {
 protected:
  AdvertiserRig() {
    settings.local = kAdvertiser;
    settings.mac = kAdvertiserMac;
    wanted.prefixes = {{net("2001:db8:1::/64")}};
  }
  void start(const std::vector<PastPrefix>& past = {}) {
    advertiser.emplace(settings, Random::seeded(1));
    sent.clear();
    advertiser->start(wanted, past, now);
    drain();
  }
  struct Sent {
    Instant at;
    Ipv6 to;
    RouterAdvertisement content;
    std::size_t size;
  };
  void drain() {
    while (auto output = advertiser->poll()) {
      if (auto* message = std::get_if<engine::ndisc::Message>(&*output)) {
        EXPECT_EQ(message->source, kAdvertiser);
        sent.push_back({now, message->destination, read<RouterAdvertisement>(*message),
                        message->bytes.size() + wire::icmp6::kIpv6Header});
      } else if (auto* foreign = std::get_if<ForeignRouter>(&*output)) {
        foreigners.push_back(std::move(*foreign));
      } else {
        remembered.push_back(std::get<Remember>(*output).prefixes);
      }
    }
  }
  void want() {
    advertiser->want(wanted, now);
    drain();
  }
  void hear(const wire::icmp6::Message& message, const Ipv6& from, const Ipv6& to = wire::icmp6::kAllRouters) {
    nd::hear(*advertiser, message, from, to, now);
    drain();
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (advertiser->next_deadline() && *advertiser->next_deadline() <= end) {
      ASSERT_GE(*advertiser->next_deadline(), now);
      now = std::max(now, *advertiser->next_deadline());
      advertiser->on_deadline(now);
      drain();
    }
    now = end;
  }
  /// The prefix as last advertised.
  std::optional<PrefixInformation> said(std::string_view prefix) const {
    for (const auto& o : all<PrefixInformation>(sent.back().content.options))
      if (o.prefix == net(prefix)) return o;
    return std::nullopt;
  }

  AdvertiserSettings settings;
  Advertisement wanted;
  std::optional<Advertiser> advertiser;
  Instant now = Instant{} + seconds(100);
  std::vector<Sent> sent;
  std::vector<ForeignRouter> foreigners;
  std::vector<std::vector<PastPrefix>> remembered;
};

}  // namespace michi::kit::nd
