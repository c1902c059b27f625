#include "linux/host/launch.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace michi::linux {

namespace {

constexpr int kLastPossibleCapability = 63;

Fault<port::OsError> fault(const port::Spawn& what, int code) {
  return Fault(port::OsError{"start " + (what.argv.empty() ? std::string("nothing") : what.argv.front()), code});
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// A file in memory: the child reads as fast as it likes and nobody has to feed it.
port::Fd input_file(const std::string& text) {
  port::Fd fd(::memfd_create("michi-input", MFD_CLOEXEC));
  if (!fd) return fd;
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(fd.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return {};
    done += static_cast<std::size_t>(wrote);
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return {};
  return fd;
}

// From here to exec only async-signal-safe calls: another thread may hold any lock.

bool drop_capabilities() {
  // The bounding set first, which needs a capability itself; it only matters for a child of root.
  for (int capability = 0; capability <= kLastPossibleCapability; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

void default_signals() {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(char* const* argv, char* const* environment, int input, int output, int failure, bool drop_all,
                         pid_t parent) {
  ::setpgid(0, 0);
  default_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  const bool orphan = ::getppid() != parent;
  const bool ready = !orphan && ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2 &&
                     (!drop_all || drop_capabilities());
  if (ready) {
    ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    ::execve(argv[0], argv, environment);
  }
  const int code = orphan ? ESRCH : errno;
  std::ignore = ::write(failure, &code, sizeof code);
  ::_exit(127);
}

}  // namespace

Result<Child, port::OsError> launch(const port::Spawn& what) {
  if (what.argv.empty()) return fault(what, EINVAL);
  const port::Fd input = input_file(what.input);
  if (!input) return fault(what, errno);
  std::array<int, 2> output{}, failure{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) return fault(what, errno);
  port::Fd output_read(output[0]), output_write(output[1]);
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) return fault(what, errno);
  port::Fd failure_read(failure[0]), failure_write(failure[1]);
  ::fcntl(output_read.get(), F_SETFL, O_NONBLOCK);

  const std::vector<char*> argv = pointers(what.argv), environment = pointers(what.environment);
  const pid_t parent = ::getpid();
  const pid_t id = ::fork();
  if (id < 0) return fault(what, errno);
  if (id == 0) {
    become(argv.data(), environment.data(), input.get(), output_write.get(), failure_write.get(),
           what.drop_capabilities, parent);
  }
  ::setpgid(id, id);
  failure_write.reset();
  output_write.reset();
  int code = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure_read.get(), &code, sizeof code);
  } while (got < 0 && errno == EINTR);
  port::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  if (got != 0 || !process) {
    if (got == 0) code = errno;
    ::kill(id, SIGKILL);
    ::waitpid(id, nullptr, 0);
    return fault(what, code);
  }
  return Child{.id = id, .process = std::move(process), .output = std::move(output_read)};
}

}  // namespace michi::linux
