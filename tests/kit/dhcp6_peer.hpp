#pragma once
// One DHCPv6 client and whoever answers it by hand: what it sends is read, what is said is built from
// the last message, time goes where the test wants it.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/dhcp6/client.hpp"

namespace michi::kit {

namespace dhcp6 = michi::engine::dhcp6;
namespace dhcp6_wire = michi::wire::dhcp6;

inline constexpr Mac kDhcp6Mac{{0x00, 0x1e, 0x13, 0xc2, 0x69, 0xc2}};
inline const Ipv6 kDhcp6Server = *parse_ipv6("fe80::90:1a00:41a3:d3f3");

inline dhcp6::Settings dhcp6_settings(std::vector<dhcp6::Wanted> wanted = {dhcp6::Wanted{}}) {
  dhcp6::Settings settings;
  settings.duid = wire::Duid::link_layer(kDhcp6Mac);
  settings.wanted = std::move(wanted);
  return settings;
}

/// One IA_PD with one prefix.
inline dhcp6_wire::Ia delegation(std::string_view prefix, std::uint32_t preferred = 14400, std::uint32_t valid = 14400,
                                 std::uint32_t t1 = 7200, std::uint32_t t2 = 11520, std::uint32_t iaid = 0) {
  return {dhcp6_wire::IaType::Pd, iaid, t1, t2, {}, {{*parse_prefix(prefix), preferred, valid, {}}}};
}

class Dhcp6Peer {
 public:
  explicit Dhcp6Peer(dhcp6::Settings settings = dhcp6_settings(), std::uint64_t seed = 1)
      : client(std::move(settings), Random::seeded(seed)) {}

  void start(const dhcp6::Held* held = nullptr) {
    client.start(now, held);
    drain();
  }
  void stop(dhcp6::OnStop what) {
    client.stop(what, now);
    drain();
  }
  void link_up() {
    client.on_link_up(now);
    drain();
  }
  void link_down() {
    client.on_link_down(now);
    drain();
  }
  void hear(Bytes payload, const Ipv6& from = kDhcp6Server) {
    client.on_datagram(payload, from, now);
    drain();
  }
  void drain() {
    while (auto output = client.poll()) {
      if (const auto* send = std::get_if<dhcp6::SendDatagram>(&*output)) {
        sent.push_back({now, *dhcp6_wire::parse_message(send->payload), send->destination});
      } else {
        reports.push_back(std::move(*output));
      }
    }
  }
  void wait(Duration how_long) {
    const Instant end = now + how_long;
    while (client.next_deadline() && *client.next_deadline() <= end) {
      now = std::max(now, *client.next_deadline());
      client.on_deadline(now);
      drain();
    }
    now = end;
  }

  /// Client and Server Identifier, then what is given.
  dhcp6_wire::Message answer(dhcp6_wire::MessageType type, const std::vector<dhcp6_wire::Ia>& ias,
                             dhcp6_wire::Options more = {}) const {
    dhcp6_wire::Message out{type, last().transaction_id, {}};
    out.options.push_back({dhcp6_wire::OptionCode::ClientId, copy_of(wire::Duid::link_layer(kDhcp6Mac).bytes())});
    out.options.push_back({dhcp6_wire::OptionCode::ServerId, server});
    for (const auto& ia : ias) out.options.push_back(dhcp6_wire::ia_option(ia));
    out.options.insert(out.options.end(), more.begin(), more.end());
    return out;
  }
  void say(const dhcp6_wire::Message& message) { hear(dhcp6_wire::write_message(message)); }
  void advertise(const std::vector<dhcp6_wire::Ia>& ias, dhcp6_wire::Options more = {}) {
    say(answer(dhcp6_wire::MessageType::Advertise, ias, std::move(more)));
  }
  void reply(const std::vector<dhcp6_wire::Ia>& ias, dhcp6_wire::Options more = {}) {
    say(answer(dhcp6_wire::MessageType::Reply, ias, std::move(more)));
  }
  /// Through the four messages.
  void bind(const std::vector<dhcp6_wire::Ia>& ias) {
    start();
    wait(seconds(1));
    advertise(ias);
    if (client.state() == dhcp6::State::Soliciting) wait(seconds(2));
    reply(ias);
  }

  struct Sent {
    Instant when;
    dhcp6_wire::Message message;
    Ipv6 destination;
  };
  const dhcp6_wire::Message& last() const { return sent.back().message; }
  dhcp6_wire::MessageType last_type() const { return last().type; }
  /// The IAs of the last message.
  std::vector<dhcp6_wire::Ia> named() const {
    std::vector<dhcp6_wire::Ia> out;
    for (const auto& option : last().options)
      if (const auto ia = dhcp6_wire::parse_ia(option)) out.push_back(*ia);
    return out;
  }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& report : reports)
      if (const T* one = std::get_if<T>(&report)) found.push_back(*one);
    return found;
  }
  template <class T>
  std::size_t count() const {
    return all<T>().size();
  }

  dhcp6::Client client;
  Instant now = Instant{} + seconds(1000);
  std::vector<Sent> sent;
  std::vector<dhcp6::Output> reports;
  ByteVec server = copy_of(wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, 1}}).bytes());
};

}  // namespace michi::kit
