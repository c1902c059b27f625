#include "runtime/uplinks/device_sockets.hpp"

#include <utility>
#include <vector>

namespace michi::runtime {

namespace {

/// Of one socket in one turn: a flood waits, timers run.
constexpr std::size_t kDatagramsPerTurn = 32;

}  // namespace

DeviceSockets::DeviceSockets(std::uint32_t index, std::unique_ptr<port::DatagramSocket> neighbours,
                             std::unique_ptr<port::DatagramSocket> dhcp6, const port::Wake& wake)
    : index_(index),
      neighbours_{uplink::Service::NeighbourDiscovery, std::move(neighbours)},
      dhcp6_{uplink::Service::Dhcp6, std::move(dhcp6)} {
  for (Speaking* one : {&neighbours_, &dhcp6_})
    one->socket->on_wake([one, wake] {
      one->ready = true;
      wake();
    });
}

Result<std::unique_ptr<DeviceSockets>, port::OsError> DeviceSockets::open(port::DatagramSockets& door,
                                                                          const std::string& device,
                                                                          std::uint32_t index, const port::Wake& wake) {
  auto neighbours = door.open(device, port::Speaker::NdHost);
  if (!neighbours) return Fault(neighbours.error());
  auto dhcp6 = door.open(device, port::Speaker::Dhcp6Client);
  if (!dhcp6) return Fault(dhcp6.error());
  // Not make_unique: the constructor is this class's own.
  return std::unique_ptr<DeviceSockets>(
      new DeviceSockets(index, std::move(*neighbours), std::move(*dhcp6), wake));  // NOLINT
}

void DeviceSockets::send(const uplink::Datagram& datagram) {
  Speaking& by = datagram.service == uplink::Service::Dhcp6 ? dhcp6_ : neighbours_;
  std::ignore = by.socket->send(datagram.bytes, datagram.destination, datagram.source);
}

bool DeviceSockets::take(const std::function<void(uplink::Service, const port::Datagram&)>& each) {
  bool more = false;
  // Read before any of them is heard: what is heard may close these sockets.
  std::vector<std::pair<uplink::Service, port::Datagram>> waiting;
  for (Speaking* one : {&neighbours_, &dhcp6_}) {
    for (std::size_t taken = 0; one->ready; ++taken) {
      if (taken == kDatagramsPerTurn) {
        more = true;
        break;
      }
      auto datagram = one->socket->poll();
      if (datagram)
        waiting.emplace_back(one->service, std::move(*datagram));
      else
        one->ready = false;
    }
  }
  for (const auto& [service, datagram] : waiting) each(service, datagram);
  return more;
}

}  // namespace michi::runtime
