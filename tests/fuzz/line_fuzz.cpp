// A whole uplink that is an interface itself, against a network that says anything: the input is a script of frames
// (DHCPv4, ARP), datagrams (DHCPv6, router advertisements), pulled cables, addresses of the device, commands, new
// configurations (other kinds, too) and jumps in time. The laws are those of kit/line_rig.hpp; and when it is told
// to stop, it stops and says nothing more.

#include "base/invariant.hpp"
#include "kit/configs.hpp"
#include "kit/dhcp4_server.hpp"
#include "kit/line_rig.hpp"
#include "kit/script_ipv6.hpp"
#include "wire/arp.hpp"
#include "wire/ether.hpp"

using namespace michi;
using namespace michi::kit;

namespace {

constexpr Mac kMacs[] = {Mac{{2, 0, 0, 0, 0, 1}}, Mac{{2, 0, 0, 0, 0, 2}}};
const Ipv6 kRouters[] = {*parse_ipv6("fe80::fe"), *parse_ipv6("fe80::fd")};
const Ipv6 kDevices[] = {*parse_ipv6("fe80::1"), *parse_ipv6("fe80::2")};

struct Network {
  Dhcp4Server server;
  LineRig line;

  ByteVec framed(std::uint16_t type, Bytes payload, const Mac& from) const {
    Writer out;
    wire::ether::write_header(out, {line.address(), from, type});
    out.put(payload);
    return std::move(out).take();
  }
};

model::UplinkConfig config_of(model::UplinkConfig config, Script& script) {
  const std::uint8_t bits = script.u8(), more = script.u8();
  const model::KindConfig kinds[] = {model::IpoeConfig{}, model::IpoeConfig{}, model::StaticConfig{},
                                     model::PppoeConfig{}};
  config.kind = kinds[bits & 3];
  config.ipv4 = (bits & 4) == 0;
  config.ipv6 = (bits & 8) == 0 || !config.ipv4;
  config.mtu = (bits & 16) != 0 ? 1280 : 1500;
  if (config.kind.is<model::IpoeConfig>()) {
    kit::ipoe(config).dhcp.release = (bits & 32) != 0;
    kit::ipoe(config).dhcp.host_name = (bits & 64) != 0 ? "router" : "";
  }
  if (config.kind.is<model::PppoeConfig>()) kit::ppp(config).user = "user@isp";
  config.delegation.release = (bits & 128) != 0;
  config.delegation.prefix = (more & 1) == 0;
  config.delegation.address = (more & 2) != 0;
  config.delegation.duid = static_cast<model::DuidKind>((more >> 2) & 3);
  if (config.kind.is<model::StaticConfig>()) {
    if ((more & 16) == 0) kit::fixed(config).address = *parse_prefix("203.0.113.2/29");
    if ((more & 32) != 0) kit::fixed(config).address6 = *parse_prefix("2001:db8::2/64");
    if ((more & 64) != 0) kit::fixed(config).prefixes = {*parse_prefix("2001:db8:100::/56")};
  }
  config.dns.source = (more & 128) != 0 ? model::DnsSource::None : model::DnsSource::Peer;
  return config;
}

void hear_ipv4(Network& n, Script& script) {
  const std::uint8_t bits = script.u8();
  n.server.alive = (bits & 1) == 0;
  n.server.acknowledges = (bits & 2) == 0;
  n.server.refuses = (bits & 4) != 0;
  n.server.settings().lease = (bits & 8) != 0 ? script.u16() : 3600U;
  if ((bits & 16) != 0) n.server.forget();
  const auto answer = n.server.answer(n.line.asked4(), n.line.now());
  if (answer) n.line.frame(n.framed(wire::ether::kTypeIpv4, *answer, n.server.settings().device));
}

void hear_arp(Network& n, Script& script) {
  const std::uint8_t bits = script.u8();
  const auto& v4 = n.line->facts().v4;
  const Ipv4 about = v4 && (bits & 1) == 0 ? v4->local : Ipv4{n.server.settings().first.value + (bits >> 4)};
  const wire::arp::Packet packet{
      .operation = (bits & 2) != 0 ? wire::arp::Operation::Request : wire::arp::Operation::Reply,
      .sender = Mac{{2, 0, 0, 0, 1, bits}},
      .sender_address = about,
      .target = n.line.address(),
      .target_address = (bits & 4) != 0 ? about : Ipv4{}};
  n.line.frame(n.framed(wire::ether::kTypeArp, wire::arp::write_packet(packet), packet.sender));
}

void step(Network& n, Script& script) {
  using uplink::Service;
  auto& line = n.line;
  const Instant now = line.now();
  switch (script.u8() % 24) {
    case 0:
      return line.run(script.duration());
    case 1:
      return line.run(milliseconds(script.u8()));
    case 2:
      return line.run(seconds(script.u16()));
    case 3:
    case 4:
      return hear_ipv4(n, script);
    case 5:
      return hear_arp(n, script);
    case 6:
      return line.frame(n.framed(wire::ether::kTypeIpv4, script.bytes(), kMacs[1]));
    case 7:
      return line.frame(script.bytes());
    case 8:
    case 9:
      return line.hear(Service::Dhcp6, scripted_answer(line.asked6(), script), kRouters[0]);
    case 10: {
      const Ipv6& router = kRouters[script.u8() & 1];
      return line.hear(Service::NeighbourDiscovery, scripted_advertisement(router, script), router);
    }
    case 11:
      return line.hear(Service::Dhcp6, script.bytes(), kRouters[1]);
    case 12:
      return line.hear(Service::NeighbourDiscovery, script.bytes(), kRouters[0]);
    case 13: {
      const std::uint8_t bits = script.u8();
      if ((bits & 1) != 0) return line.interface(std::nullopt);
      return line.interface(uplink::InterfaceFacts{
          .carrier = (bits & 2) == 0, .mtu = (bits & 4) != 0 ? 1280U : 1500U, .mac = kMacs[(bits >> 3) & 1]});
    }
    case 14: {
      const std::uint8_t bits = script.u8();
      return line.device((bits & 1) != 0 ? std::nullopt : std::optional(kDevices[(bits >> 1) & 1]));
    }
    case 15:
      return line->start(now);
    case 16:
      return line->stop(now);
    case 17:
      return line->redial(now);
    case 18:
    case 19:
      return line.configure(config_of(line->config(), script));
    case 20:
      return line->on_duplicate_address((script.u8() & 1) != 0, now);
    case 21:
      return line->ask_again(now);
    case 22:
      return line.crash();
    case 23:
      line->on_permit(now);
      line->on_traffic(script.u8(), now);
      return line->on_plane_fault("script", now);
    default:
      return;
  }
}

model::UplinkConfig first_config(Script& script) {
  model::UplinkConfig config;
  config.id.name = "line";
  config.over = model::OnLine{"wan0"};
  return config_of(config, script);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script script(data, size);
  const std::uint8_t seed = script.u8();
  Network n{.server = Dhcp4Server{}, .line = LineRig(first_config(script), seed)};
  n.line.interface(uplink::InterfaceFacts{.carrier = true, .mtu = 1500, .mac = kMacs[0]});
  n.line.device(kDevices[0]);
  n.line->start(n.line.now());
  n.line.settle();
  for (unsigned i = 0; i < 200 && !script.done(); ++i) {
    step(n, script);
    n.line.settle();
  }
  n.line->stop(n.line.now());
  n.line.settle();
  n.line.run(seconds(4));
  MICHI_INVARIANT(n.line->settled_down(), "stop() ends");
  n.line.be_quiet();
  n.line.run(hours(48));
  return 0;
}
