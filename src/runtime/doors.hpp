#pragma once
// All doors of the daemon in one place: the real ones in `daemon`, fakes in tests.

#include "port/data_plane.hpp"
#include "port/datagram_socket.hpp"
#include "port/echo_socket.hpp"
#include "port/firewall.hpp"
#include "port/frame_socket.hpp"
#include "port/kernel_net.hpp"
#include "port/observer.hpp"
#include "port/system.hpp"

namespace michi::runtime {

struct Doors {
  port::Alarm& alarm;
  port::FrameSockets& frames;
  port::DatagramSockets& datagrams;
  port::EchoSockets& echoes;
  port::Observers& observers;
  port::KernelNet& kernel;
  port::Firewall& firewall;
  port::DataPlane& plane;
  port::Store& store;
  port::Processes& processes;
  port::Files& files;
};

}  // namespace michi::runtime
