#include "runtime/uplinks/trace.hpp"

#include "wire/dhcp6.hpp"
#include "wire/icmp6.hpp"
#include "wire/ip6.hpp"

namespace michi::runtime {

void Tracer::frame(const std::string& uplink, Direction direction, Bytes frame) const {
  if (sink_) sink_(uplink, {.direction = direction, .layer = Traced::Layer::Ethernet, .bytes = frame});
}

void Tracer::datagram(const std::string& uplink, Direction direction, const uplink::Heard& datagram) const {
  if (!sink_) return;
  ByteVec packet;
  if (datagram.service == uplink::Service::Dhcp6) {
    const bool out = direction == Direction::Out;
    packet = wire::ip6::write_datagram({.source_port = out ? wire::dhcp6::kClientPort : wire::dhcp6::kServerPort,
                                        .destination_port = out ? wire::dhcp6::kServerPort : wire::dhcp6::kClientPort,
                                        .payload = datagram.bytes},
                                       datagram.source, datagram.destination, datagram.hop_limit);
  } else {
    // The kernel puts the checksum into what goes out.
    ByteVec message = copy_of(datagram.bytes);
    wire::icmp6::seal(message, datagram.source, datagram.destination);
    packet = wire::ip6::write_packet({.source = datagram.source,
                                      .destination = datagram.destination,
                                      .hop_limit = datagram.hop_limit,
                                      .next_header = wire::icmp6::kProtocol,
                                      .payload = message});
  }
  sink_(uplink, {.direction = direction, .layer = Traced::Layer::Ipv6, .bytes = packet});
}

}  // namespace michi::runtime
