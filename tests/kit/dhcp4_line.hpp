#pragma once
// A client and servers that answer it at once or not at all, in virtual time; for unit tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/dhcp4/client.hpp"
#include "kit/dhcp4_server.hpp"
#include "wire/arp.hpp"
#include "wire/ether.hpp"
#include "wire/udp4.hpp"

namespace michi::engine::dhcp4::test {

using wire::dhcp4::Message;
using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

inline constexpr Mac kUs{{2, 0, 0, 0, 0, 1}};
inline constexpr Mac kNeighbour{{2, 0, 0, 0, 0, 9}};
inline constexpr Ipv4 kFirst{0xc0000264};  // what a fresh server gives

/// What the client sent: an IPv4 message or an ARP packet.
struct Sent {
  Instant at;
  Frame frame;
  Message message;           // of IPv4
  Ipv4 source, destination;  // of IPv4
  wire::arp::Packet arp;     // of ARP
  bool is(MessageType type) const {
    return frame.ether_type == wire::ether::kTypeIpv4 && message_type(message.options) == type;
  }
  std::optional<Ipv4> address(OptionCode code) const { return address_of(message.options, code); }
};

class Line : public testing::Test {
 protected:
  Line() {
    settings.local = kUs;
    settings.client_identifier = wire::dhcp4::client_identifier(kUs);
    servers.emplace_back();
  }

  void start(const std::optional<Held>& held = std::nullopt) {
    client.emplace(settings, Random::seeded(seed));
    client->start(now, held);
    drain();
  }
  /// Started, and past the check of the address.
  void bind() {
    start();
    wait(seconds(1));
    ASSERT_EQ(client->state(), State::Bound);
  }

  void drain() {
    for (bool more = true; more;) {
      more = false;
      while (auto output = client->poll()) {
        more = true;
        if (auto* frame = std::get_if<Frame>(&*output)) take(std::move(*frame));
        if (auto* report = std::get_if<Leased>(&*output)) leased.push_back(report->lease);
        if (auto* report = std::get_if<Renewed>(&*output)) renewed.push_back(report->lease);
        if (auto* report = std::get_if<Expired>(&*output)) expired.push_back(report->address);
        if (auto* report = std::get_if<Failed>(&*output)) failed.push_back(*report);
        if (auto* report = std::get_if<Probe>(&*output)) probed.push_back(report->address);
        if (auto* report = std::get_if<Edge>(&*output)) edges.push_back(report->text);
      }
    }
  }
  void take(Frame frame) {
    Sent one{now, std::move(frame), {}, {}, {}, {}};
    if (one.frame.ether_type == wire::ether::kTypeArp) {
      one.arp = *wire::arp::parse_packet(one.frame.bytes);
    } else {
      const auto datagram = wire::udp4::parse_packet(one.frame.bytes);
      one.message = *wire::dhcp4::parse_message(datagram->payload);
      one.source = datagram->source;
      one.destination = datagram->destination;
    }
    sent.push_back(one);
    if (one.frame.ether_type != wire::ether::kTypeIpv4) return;
    for (auto& server : servers) {
      const Mac& device = server.settings().device;
      if (one.frame.destination != Mac::broadcast() && one.frame.destination != device) continue;
      if (auto back = server.answer(one.frame.bytes, now)) client->on_ip_frame(*back, device, now);
    }
  }
  /// Lets time pass, from deadline to deadline.
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (client->next_deadline() && *client->next_deadline() <= end) {
      now = std::max(now, *client->next_deadline());
      client->on_deadline(now);
      drain();
    }
    now = end;
  }
  /// A message of the first server, in answer to the last one sent, changed by `twist`.
  template <class F>
  void hear(MessageType type, F&& twist, const Mac& from = Mac{{0x02, 0xd4, 0, 0, 0, 1}}) {
    Message out;
    out.op = wire::dhcp4::Op::Reply;
    out.xid = last().message.xid;
    out.set_client(kUs);
    out.yiaddr = kFirst;
    out.options = {wire::dhcp4::type_option(type),
                   wire::dhcp4::address_option(OptionCode::ServerIdentifier, servers[0].settings().identifier),
                   wire::dhcp4::u32_option(OptionCode::LeaseTime, 3600),
                   wire::dhcp4::u32_option(OptionCode::SubnetMask, 0xffffff00)};
    twist(out);
    client->on_ip_frame(
        wire::udp4::write_packet({servers[0].settings().identifier, out.yiaddr, wire::dhcp4::kServerPort,
                                  wire::dhcp4::kClientPort, wire::dhcp4::write_message(out)}),
        from, now);
    drain();
  }
  void hear(MessageType type) {
    hear(type, [](Message&) {});
  }
  static void replace(Message& message, wire::dhcp4::Option option) {
    std::erase_if(message.options, [&](const auto& other) { return other.code == option.code; });
    message.options.push_back(std::move(option));
  }
  /// A second server, 192.0.2.2, that gives addresses from 192.0.2.200 on.
  kit::Dhcp4Server& second() {
    servers.resize(1);
    kit::Dhcp4Settings other;
    other.device = Mac{{0x02, 0xd4, 0, 0, 0, 2}};
    other.identifier = Ipv4{0xc0000202};
    other.first = Ipv4{0xc00002c8};
    return servers.emplace_back(other);
  }

  const Sent& last() const { return sent.back(); }
  std::size_t count(MessageType type) const {
    return static_cast<std::size_t>(std::ranges::count_if(sent, [&](const Sent& one) { return one.is(type); }));
  }
  const Sent& latest(MessageType type) const {
    for (auto one = sent.rbegin(); one != sent.rend(); ++one)
      if (one->is(type)) return *one;
    return sent.back();
  }

  Settings settings;
  std::uint64_t seed = 1;
  std::vector<kit::Dhcp4Server> servers;
  std::optional<Client> client;
  Instant now{};
  std::vector<Sent> sent;
  std::vector<Lease> leased, renewed;
  std::vector<Ipv4> expired, probed;
  std::vector<Failed> failed;
  std::vector<std::string> edges;
};

}  // namespace michi::engine::dhcp4::test
