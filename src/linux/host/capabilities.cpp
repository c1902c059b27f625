#include "linux/host/capabilities.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "linux/netlink/netlink_codec.hpp"
#include "linux/netlink/netlink_message.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "linux/nftables/conntrack_codec.hpp"
#include "linux/nftables/nft_codec.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr const char* kTun = "/dev/net/tun";

bool has_capability(unsigned number) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[number / 32].effective & (1u << (number % 32))) != 0;
}

void look_for_capability(std::vector<Missing>& missing, unsigned number, const char* code, const char* name,
                         const char* purpose) {
  if (has_capability(number)) return;
  missing.push_back(
      {code, std::string("the capability ") + name + " is missing: " + purpose,
       std::string("start michid through its systemd unit, or add ") + name + " to AmbientCapabilities="});
}

void look_for_tun(std::vector<Missing>& missing) {
  const port::Fd fd(::open(kTun, O_RDWR | O_CLOEXEC));
  if (fd) return;
  const int code = errno;
  const std::string text = std::string(kTun) + ": " + std::strerror(code) + "; session devices cannot be made";
  if (code == ENOENT || code == ENODEV) {
    missing.push_back({"tun", text, "load the module (modprobe tun); in a container pass the device node through"});
  } else {
    missing.push_back({"tun", text, "let user michi read and write the node (the packaged udev rule makes it 0666)"});
  }
}

// errno of the kernel's answer to one request; 0 also for an empty list.
int try_request(int protocol, Bytes request) {
  try {
    NetlinkSocket socket({.protocol = protocol, .groups = {}, .receive_buffer = 1 << 18});
    if (const auto sent = socket.send(request); !sent) return sent.error().code;
    int error = 0;
    if (socket.receive() == NetlinkSocket::Read::Datagram) {
      for_each_message(socket.datagram(), [&](const nlmsghdr& message) {
        if (const auto answer = parse_acknowledgement(message)) error = answer->error;
      });
    }
    return error;
  } catch (const std::exception&) {
    return EPROTONOSUPPORT;
  }
}

void look_for_kernel_features(std::vector<Missing>& missing) {
  for (const auto& [part, family] : {std::pair{DumpPart::RulesV4, "IPv4"}, std::pair{DumpPart::RulesV6, "IPv6"}}) {
    if (const int error = try_request(NETLINK_ROUTE, encode_dump(part, 1)); error != 0) {
      missing.push_back({"policy-routing",
                         std::string("the kernel has no policy routing for ") + family + ": " + std::strerror(error),
                         "use a kernel with CONFIG_IP_MULTIPLE_TABLES and CONFIG_IPV6_MULTIPLE_TABLES"});
    }
  }
  // The rest can only be asked with the privilege, whose absence has its own line.
  if (!has_capability(CAP_NET_ADMIN)) return;
  if (const int error = try_request(NETLINK_NETFILTER, encode_nft_all_chains(1)); error != 0) {
    missing.push_back({"nf-tables", std::string("the kernel has no nf_tables: ") + std::strerror(error),
                       "load the module (modprobe nf_tables) or use a kernel with CONFIG_NF_TABLES_INET"});
  }
  if (const int error = try_request(NETLINK_NETFILTER, encode_flow_count(1)); error != 0) {
    missing.push_back({"conntrack", std::string("the kernel has no ctnetlink: ") + std::strerror(error),
                       "load the module (modprobe nf_conntrack_netlink)"});
  }
}

}  // namespace

std::vector<Missing> missing_capabilities(Work work) {
  std::vector<Missing> missing;
  look_for_capability(missing, CAP_NET_ADMIN, "cap-net-admin", "CAP_NET_ADMIN",
                      "devices, addresses, routes, rules and nftables cannot be changed");
  if (work == Work::Run) {
    look_for_capability(missing, CAP_NET_RAW, "cap-net-raw", "CAP_NET_RAW", "PPPoE frames cannot be sent or received");
    look_for_tun(missing);
  }
  look_for_kernel_features(missing);
  return missing;
}

}  // namespace michi::linux
