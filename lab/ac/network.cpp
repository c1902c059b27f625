#include "lab/ac/network.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <tuple>

#include "port/fd.hpp"

namespace michi::lab {

std::string network_script(const Options& options) {
  const std::string& tun = options.tun;
  std::string out = "link set " + tun + " mtu " + std::to_string(options.ac.mru) + " up\n";
  if (!options.ac.address.is_unspecified())
    out += "address replace " + to_text(options.ac.address) + "/32 dev " + tun + "\n";
  if (options.ac.ipv6) out += "address replace fe80::1/64 dev " + tun + " nodad\n";
  const auto route = [&](const std::string& to) { out += "route replace " + to + " dev " + tun + "\n"; };
  // The pool as the fewest prefixes.
  std::uint64_t at = options.ac.pool_first.value;
  const std::uint64_t end = at + options.ac.pool_size;
  while (at < end) {
    const int aligned = at == 0 ? 32 : std::countr_zero(at);
    const int fits = static_cast<int>(std::bit_width(end - at)) - 1;
    const int bits = std::min({aligned, fits, 32});
    route(to_text(Ipv4{static_cast<std::uint32_t>(at)}) + "/" + std::to_string(32 - bits));
    at += std::uint64_t{1} << bits;
  }
  for (const auto& account : options.ac.accounts)
    if (account.address) route(to_text(*account.address) + "/32");
  for (const auto& [user, block] : options.blocks) route(to_text(block));
  return out;
}

bool apply(const std::string& script) {
  int ends[2];
  if (::pipe(ends) < 0) return false;
  port::Fd read_end(ends[0]);
  port::Fd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    ::dup2(read_end.get(), STDIN_FILENO);
    write_end.reset();
    ::execlp("ip", "ip", "-force", "-batch", "-", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  read_end.reset();
  std::ignore = ::write(write_end.get(), script.data(), script.size());
  write_end.reset();
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace michi::lab
