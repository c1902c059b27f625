// The DHCPv4 client against a network that says anything, and the codecs beneath it. Laws: what was
// read is written back the same; deadlines lie ahead; few outputs per step; what is sent can be read and
// keeps to RFC 2131 table 5; an address is reported, renewed and expired in that order; nothing is sent
// after stop; a lease holds only what a host can use.

#include <cstdlib>

#include "base/invariant.hpp"
#include "engine/dhcp4/client.hpp"
#include "kit/dhcp4_server.hpp"
#include "kit/script.hpp"
#include "wire/arp.hpp"
#include "wire/ether.hpp"
#include "wire/udp4.hpp"

using namespace michi;
using namespace michi::engine::dhcp4;
using wire::dhcp4::Message;
using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

namespace {

constexpr Mac kUs{{2, 0, 0, 0, 0, 1}};
constexpr Mac kPeers[] = {Mac{{0x02, 0xd4, 0, 0, 0, 1}}, Mac{{2, 0, 0, 0, 0, 3}}, Mac{{3, 0, 0, 0, 0, 3}}, kUs};

void codecs(Bytes bytes) {
  if (const auto message = wire::dhcp4::parse_message(bytes)) {
    const auto again = wire::dhcp4::parse_message(wire::dhcp4::write_message(*message));
    MICHI_INVARIANT(again && *again == *message, "a message is written back the same");
    MICHI_INVARIANT(message->options.size() <= 254, "options are joined");
    if (const auto lease = read_lease(*message, {})) {
      MICHI_INVARIANT(is_host_address(lease->address) && is_host_address(lease->server), "addresses of hosts");
      MICHI_INVARIANT(lease->prefix_length >= 8 && lease->prefix_length <= 32, "a prefix");
      MICHI_INVARIANT(lease->routers.size() <= kMostAddresses && lease->routes.size() <= kMostRoutes, "bounded");
      MICHI_INVARIANT(lease->dns.size() <= kMostAddresses && lease->ntp.size() <= kMostAddresses, "bounded");
      MICHI_INVARIANT(lease->domain.size() <= 253 && lease->six_rd.size() <= kMostSixRd, "bounded");
      MICHI_INVARIANT(lease->notes.size() <= 16, "few notes");
      MICHI_INVARIANT(!lease->mtu || (*lease->mtu >= 576 && *lease->mtu <= 1500), "an MTU");
      if (const auto& times = lease->times)
        MICHI_INVARIANT(times->renew >= seconds(5) && times->renew <= times->rebind &&
                            times->rebind <= times->lifetime && times->lifetime <= kLongestLease,
                        "T1, T2 and the lease fit");
    }
  }
  if (const auto datagram = wire::udp4::parse_packet(bytes)) {
    const ByteVec written = wire::udp4::write_packet(*datagram);
    const auto again = wire::udp4::parse_packet(written);
    MICHI_INVARIANT(again && equal(again->payload, datagram->payload) && again->source == datagram->source,
                    "a datagram is written back the same");
  }
  if (const auto arp = wire::arp::parse_packet(bytes))
    MICHI_INVARIANT(equal(wire::arp::write_packet(*arp), bytes.first(28)), "an ARP packet is written back the same");
}

struct Rig {
  explicit Rig(kit::Script& script) : client(settings(script), Random::seeded(1)) {}

  static Settings settings(kit::Script& script) {
    Settings out;
    out.local = kUs;
    const std::uint8_t bits = script.u8();
    if ((bits & 1) != 0) out.client_identifier = wire::dhcp4::client_identifier(kUs);
    if ((bits & 2) != 0) out.servers = {Ipv4{0xc0000209}, Ipv4{0xc0000201}};
    if ((bits & 4) != 0) out.probes = 0;
    if ((bits & 8) != 0) out.broadcast = BroadcastReplies::Wanted;
    if ((bits & 16) != 0) out.start_delay = seconds(10);
    if ((bits & 32) != 0) out.host_name.assign(script.u16(), 'h');
    return out;
  }

  void take(const Frame& frame) {
    MICHI_INVARIANT(running, "nothing is sent after stop");
    MICHI_INVARIANT(frame.bytes.size() <= 1500, "what is sent fits a frame");
    if (frame.ether_type == wire::ether::kTypeArp) {
      MICHI_INVARIANT(wire::arp::parse_packet(frame.bytes).has_value(), "ARP that can be read");
      return;
    }
    const auto datagram = wire::udp4::parse_packet(frame.bytes);
    MICHI_INVARIANT(datagram && frame.ether_type == wire::ether::kTypeIpv4, "IPv4 that can be read");
    const auto message = wire::dhcp4::parse_message(datagram->payload);
    MICHI_INVARIANT(message && message->is_for(kUs), "DHCP that can be read");
    xid = message->xid;
    if (auto back = server.answer(frame.bytes, now)) answer = std::move(*back);
    MICHI_INVARIANT(server.complaints().empty(), "RFC 2131 table 5");
  }
  void drain() {
    unsigned outputs = 0;
    while (auto output = client.poll()) {
      MICHI_INVARIANT(++outputs < 24, "few outputs per step");
      if (const auto* frame = std::get_if<Frame>(&*output)) take(*frame);
      if (const auto* report = std::get_if<Leased>(&*output)) {
        MICHI_INVARIANT(!address, "no second address");
        address = report->lease.address;
      } else if (const auto* renewal = std::get_if<Renewed>(&*output)) {
        MICHI_INVARIANT(address == renewal->lease.address, "the address in use is renewed");
      } else if (const auto* end = std::get_if<Expired>(&*output)) {
        MICHI_INVARIANT(address == end->address, "the address in use expires");
        address.reset();
      } else if (const auto* failure = std::get_if<Failed>(&*output)) {
        MICHI_INVARIANT(!failure->detail.empty() && failure->detail.size() < 400, "a sentence");
      }
    }
    const auto due = client.next_deadline();
    const Lease* lease = client.lease();
    const bool stopped = client.state() == State::Stopped;
    MICHI_INVARIANT(!due || *due > now, "a deadline lies ahead");
    MICHI_INVARIANT(stopped != (due || (lease != nullptr && !lease->times)), "every wait has an end");
    MICHI_INVARIANT((lease != nullptr) == address.has_value(), "reports tell of the lease");
    MICHI_INVARIANT(client.servers().size() <= 8, "bounded");
    running = !stopped;
  }
  void stop(Ending ending) {
    client.stop(ending, now);
    address.reset();
  }

  Client client;
  kit::Dhcp4Server server;
  Instant now{};
  std::uint32_t xid = 0;
  ByteVec answer;
  std::optional<Ipv4> address;
  bool running = false;
};

ByteVec crafted(Rig& rig, kit::Script& script) {
  const std::uint8_t bits = script.u8();
  Message out;
  out.op = wire::dhcp4::Op::Reply;
  out.xid = rig.xid;
  out.set_client((bits & 1) != 0 ? kPeers[1] : kUs);
  out.yiaddr = Ipv4{(bits & 2) != 0 ? script.u16() * 0x10001U : 0xc0000264U};
  out.options = {wire::dhcp4::type_option(static_cast<MessageType>(script.u8() % 9)),
                 wire::dhcp4::address_option(OptionCode::ServerIdentifier, Ipv4{0xc0000201U + (bits >> 6)}),
                 wire::dhcp4::u32_option(OptionCode::SubnetMask, 0xffffff00)};
  if ((bits & 4) == 0) out.options.push_back(wire::dhcp4::u32_option(OptionCode::LeaseTime, script.u16()));
  if ((bits & 8) != 0) out.options.push_back(wire::dhcp4::u32_option(OptionCode::RenewalTime, script.u16()));
  if ((bits & 16) != 0) out.options.push_back(wire::dhcp4::u32_option(OptionCode::RebindingTime, script.u16()));
  if ((bits & 32) != 0)
    out.options.push_back(wire::dhcp4::bytes_option(static_cast<OptionCode>(script.u8() % 254 + 1), script.bytes()));
  return wire::udp4::write_packet({Ipv4{0xc0000201}, out.yiaddr, wire::dhcp4::kServerPort, wire::dhcp4::kClientPort,
                                   wire::dhcp4::write_message(out)});
}

void knobs(Rig& rig, std::uint8_t bits) {
  rig.server.offers = (bits & 1) == 0;
  rig.server.acknowledges = (bits & 2) == 0;
  rig.server.refuses = (bits & 4) != 0;
  if ((bits & 8) != 0) rig.server.forget();
  rig.server.settings().lease = (bits & 16) != 0 ? 0xffffffff : 10U << (bits >> 5);
}

void one_step(Rig& rig, kit::Script& script) {
  switch (script.u8() % 12) {
    case 0:
      rig.running = true;
      rig.client.start(rig.now);
      break;
    case 1:
      rig.running = true;
      rig.client.start(rig.now, Held{Ipv4{0xc0000264}, rig.now + script.duration()});
      break;
    case 2:
      rig.stop(Ending::Keep);
      break;
    case 3:
      rig.stop(Ending::Release);
      break;
    case 4:
      rig.now += script.duration();
      rig.client.on_deadline(rig.now);
      break;
    case 5:
      if (const auto at = rig.client.next_deadline()) rig.now = std::max(rig.now, *at);
      rig.client.on_deadline(rig.now);
      break;
    case 6:
      rig.client.on_ip_frame(rig.answer, kPeers[0], rig.now);
      break;
    case 7:
      rig.client.on_ip_frame(crafted(rig, script), kPeers[script.u8() % std::size(kPeers)], rig.now);
      break;
    case 8:
      rig.client.on_ip_frame(script.bytes(), kPeers[0], rig.now);
      break;
    case 9: {
      const Mac& from = kPeers[script.u8() % std::size(kPeers)];
      const Ipv4 address{0xc0000264U + script.u8() % 2};
      rig.client.on_arp(wire::arp::write_packet({wire::arp::Operation::Reply, from, address, kUs, Ipv4{}}), rig.now);
      break;
    }
    case 10:
      if (script.u8() % 2 == 0)
        rig.client.on_link_up(rig.now);
      else
        rig.client.on_conflict(rig.now);
      break;
    case 11:
      knobs(rig, script.u8());
      break;
    default:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  codecs(bytes);
  kit::Script script(data, size);
  Rig rig(script);
  for (unsigned step = 0; step < 200 && !script.done(); ++step) {
    one_step(rig, script);
    rig.drain();
  }
  return 0;
}
