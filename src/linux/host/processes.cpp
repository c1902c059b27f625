#include "linux/host/processes.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <utility>

#include "linux/host/files.hpp"
#include "linux/host/launch.hpp"
#include "linux/loop/boot_timer.hpp"
#include "linux/loop/readiness.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kKeptOutput = 4096;
constexpr int kReadsPerTurn = 16;
constexpr Duration kTermToKill = seconds(2);

struct Running {
  Child child;
  BootTimer timer;
  bool timed_out = false;
  std::string output;
  std::unique_ptr<Readiness> ended, readable, rings;
};

}  // namespace

class Processes::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop) : loop_(loop), notice_(loop, [this] { wake(); }) {}

  ~Impl() {
    for (auto& [ticket, running] : running_) {
      ::kill(-running->child.id, SIGKILL);
      while (::waitpid(running->child.id, nullptr, 0) < 0 && errno == EINTR) continue;
    }
  }

  void spawn(const port::Spawn& what, port::Ticket ticket) {
    auto child = launch(what);
    if (!child) {
      reports_.push_back(port::SpawnFailed{ticket, child.error()});
      return notice_.post();
    }
    auto running = std::make_unique<Running>();
    Running& one = *running;
    one.child = std::move(*child);
    running_[ticket] = std::move(running);
    one.ended = std::make_unique<Readiness>(loop_, one.child.process.get(), [this, ticket] { on_ended(ticket); });
    one.readable = std::make_unique<Readiness>(loop_, one.child.output.get(), [this, &one] { on_output(one); });
    one.rings = std::make_unique<Readiness>(loop_, one.timer.fd(), [&one] { on_deadline(one); });
    one.ended->arm();
    one.readable->arm();
    if (what.deadline <= Duration::zero()) return;
    one.timer.set(BootTimer::now() + what.deadline);
    one.rings->arm();
  }

  void signal(port::Ticket ticket, int number) {
    const auto found = running_.find(ticket);
    if (found == running_.end()) return;
    // Ending is for the whole group; a hang-up is for the program that understands it.
    const bool ends = number == SIGTERM || number == SIGKILL || number == SIGINT;
    ::kill(ends ? -found->second->child.id : found->second->child.id, number);
  }

  std::optional<port::ProcessReport> poll() {
    if (reports_.empty()) return std::nullopt;
    port::ProcessReport report = std::move(reports_.front());
    reports_.pop_front();
    return report;
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  void wake() {
    if (wake_) wake_();
  }

  static void on_deadline(Running& one) {
    if (one.timer.take()) {
      ::kill(-one.child.id, one.timed_out ? SIGKILL : SIGTERM);
      if (!std::exchange(one.timed_out, true)) one.timer.set(BootTimer::now() + kTermToKill);
    }
    one.rings->arm();
  }

  // True while the pipe is open.
  static bool read_output(Running& one) {
    std::array<char, kKeptOutput> buffer{};
    for (int reads = 0; reads < kReadsPerTurn; ++reads) {
      const ssize_t got = ::read(one.child.output.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      one.output.append(buffer.data(), static_cast<std::size_t>(got));
      if (one.output.size() > kKeptOutput) one.output.erase(0, one.output.size() - kKeptOutput);
    }
    return true;
  }

  void on_output(Running& one) {
    if (read_output(one)) one.readable->arm();
  }

  void on_ended(port::Ticket ticket) {
    const auto found = running_.find(ticket);
    if (found == running_.end()) return;
    Running& one = *found->second;
    int status = 0;
    if (::waitpid(one.child.id, &status, WNOHANG) == 0) return one.ended->arm();
    read_output(one);
    // What a child that ran too long leaves behind goes with it.
    if (one.timed_out) ::kill(-one.child.id, SIGKILL);
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    reports_.push_back(port::Exited{ticket, code, one.timed_out, std::move(one.output)});
    running_.erase(found);
    wake();
  }

  boost::asio::io_context& loop_;
  std::map<port::Ticket, std::unique_ptr<Running>> running_;
  std::deque<port::ProcessReport> reports_;
  port::Wake wake_;
  Poster notice_;
};

Processes::Processes(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Processes::~Processes() = default;
void Processes::spawn(port::Spawn what, port::Ticket ticket) { impl_->spawn(what, ticket); }
void Processes::signal(port::Ticket ticket, int number) { impl_->signal(ticket, number); }

Result<void, port::OsError> Processes::signal_pid_file(const std::string& path, const std::string& argument,
                                                       int number) {
  const auto text = read_file(path);
  if (!text) return Fault(text.error());
  const int pid = std::atoi(text->c_str());
  // 0 and negative numbers would address whole groups.
  const auto arguments = read_file("/proc/" + std::to_string(pid) + "/cmdline");
  const auto whole = [](const std::string& one) { return '\0' + one + '\0'; };
  if (pid <= 1 || !arguments || !whole(*arguments).contains(whole(argument)))
    return Fault(port::OsError{"signal the process of " + path, ESRCH});
  if (::kill(pid, number) != 0) return Fault(port::OsError{"signal the process of " + path, errno});
  return {};
}
std::optional<port::ProcessReport> Processes::poll() { return impl_->poll(); }
void Processes::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }

}  // namespace michi::linux
