#include "dataplane/device.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace michi::dataplane {
namespace {

using port::OsError;

// Linux 6.2; older kernels answer EINVAL and cut UDP themselves.
constexpr unsigned long kUso4 = 0x20;
constexpr unsigned long kUso6 = 0x40;
constexpr unsigned long kOffloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

bool ours(const LinkSeen& link) { return link.kind == "tun" && link.alias == kAlias; }

}  // namespace

Result<port::Fd, OsError> Devices::open(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) return Fault(OsError{"make device " + name, EINVAL});
  const auto before = links_.find(name);
  if (!before) return Fault(before.error());
  if (*before && !ours(**before)) return Fault(OsError{"make device " + name + " (the name is taken)", EEXIST});

  port::Fd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return Fault(OsError{"open /dev/net/tun", errno});
  ifreq wanted{};
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  std::ranges::copy(name, wanted.ifr_name);
  if (::ioctl(fd.get(), TUNSETIFF, &wanted) < 0) return Fault(OsError{"make device " + name, errno});
  if (::ioctl(fd.get(), TUNSETOFFLOAD, kOffloads | kUso4 | kUso6) < 0 &&
      ::ioctl(fd.get(), TUNSETOFFLOAD, kOffloads) < 0)
    return Fault(OsError{"set offloads of " + name, errno});
  if (!*before) {
    const auto made = links_.find(name);
    if (!made) return Fault(made.error());
    if (!*made) return Fault(OsError{"make device " + name, ENODEV});
    // Persistent only once it is marked: a crash in between leaves nothing behind.
    const auto marked = links_.set_alias((*made)->index, std::string(kAlias), kQueueLength);
    if (!marked) return Fault(marked.error());
    links_.stop_address_generation((*made)->index);
  }
  if (::ioctl(fd.get(), TUNSETPERSIST, 1) < 0) return Fault(OsError{"keep device " + name, errno});
  return fd;
}

std::string Devices::name_of(int fd) {
  ifreq answer{};
  if (::ioctl(fd, TUNGETIFF, &answer) < 0) return {};
  return answer.ifr_name;
}

Result<void, OsError> Devices::remove(const std::string& name) {
  const auto link = links_.find(name);
  if (!link) return Fault(link.error());
  if (!*link) return {};
  if (!ours(**link)) return Fault(OsError{"remove device " + name + " (not michi's)", EEXIST});
  return links_.remove((*link)->index);
}

}  // namespace michi::dataplane
