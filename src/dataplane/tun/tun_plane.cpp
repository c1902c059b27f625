#include "dataplane/tun/tun_plane.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>

#include "dataplane/tun/worker.hpp"
#include "linux/loop/readiness.hpp"

namespace michi::dataplane::tun {
namespace {

constexpr std::string_view kName = "tun";

int make_eventfd() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

struct TunPlane::Parts {
  struct Counted {
    model::AttachWant session;
    std::shared_ptr<Tally> tally;
  };

  explicit Parts(boost::asio::io_context& loop)
      : wakeup(make_eventfd()), poster(loop, [this] {
          if (wake) wake();
        }) {}

  void run();
  void kick() {
    const std::uint64_t one = 1;
    std::ignore = ::write(wakeup.get(), &one, sizeof one);
  }

  port::Fd wakeup;
  std::mutex lock;
  std::deque<Command> commands;             // under the lock
  std::deque<port::PlaneReport> reports;    // under the lock
  bool stopping = false;                    // under the lock
  std::map<std::string, Counted> counters;  // the loop's
  port::Wake wake;                          // the loop's
  linux::Poster poster;
  std::thread thread;
};

void TunPlane::Parts::run() {
  Worker worker(wakeup.get(), [this](port::PlaneReport report) {
    {
      const std::lock_guard guard(lock);
      reports.push_back(std::move(report));
    }
    poster.post();
  });
  for (;;) {
    if (!worker.turn()) continue;
    std::uint64_t count = 0;
    std::ignore = ::read(wakeup.get(), &count, sizeof count);
    for (;;) {
      Command next;
      {
        const std::lock_guard guard(lock);
        if (stopping) return;
        if (commands.empty()) break;
        next = std::move(commands.front());
        commands.pop_front();
      }
      worker.execute(std::move(next));
    }
  }
}

TunPlane::TunPlane(boost::asio::io_context& loop) : parts_(std::make_unique<Parts>(loop)) {
  // Signals are the loop's: the new thread inherits a full mask.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TunPlane::~TunPlane() {
  {
    const std::lock_guard guard(parts_->lock);
    parts_->stopping = true;
  }
  parts_->kick();
  parts_->thread.join();
}

void TunPlane::submit(port::PlaneOp op, port::Ticket ticket) {
  std::shared_ptr<Tally> tally;
  if (const auto* attach = std::get_if<port::Attach>(&op)) {
    auto& counted = parts_->counters[attach->session.uplink.name];
    // A new session counts from zero; the same one, attached again with other sources, goes on.
    if (!counted.tally || counted.session.carriage != attach->session.carriage)
      counted.tally = std::make_shared<Tally>();
    counted.session = attach->session;
    tally = counted.tally;
  } else if (const auto* removal = std::get_if<port::RemoveDevice>(&op)) {
    std::erase_if(parts_->counters, [&](const auto& entry) { return entry.second.session.device == removal->name; });
  }
  {
    const std::lock_guard guard(parts_->lock);
    parts_->commands.push_back({std::move(op), ticket, std::move(tally)});
  }
  parts_->kick();
}

std::optional<port::PlaneReport> TunPlane::poll() {
  const std::lock_guard guard(parts_->lock);
  if (parts_->reports.empty()) return std::nullopt;
  port::PlaneReport report = std::move(parts_->reports.front());
  parts_->reports.pop_front();
  return report;
}

std::vector<model::PlaneFacts> TunPlane::facts() const {
  return {{.name = std::string(kName), .makes_devices = true, .carries_ethernet_sessions = true}};
}

std::string TunPlane::carried_by(const model::UplinkId& uplink) const {
  const auto found = parts_->counters.find(uplink.name);
  const bool carried = found != parts_->counters.end() && found->second.tally->carried.load(std::memory_order_relaxed);
  return carried ? std::string(kName) : "";
}

void TunPlane::on_wake(port::Wake wake) { parts_->wake = std::move(wake); }

port::PlaneCounters TunPlane::counters(const model::UplinkId& uplink) const {
  const auto found = parts_->counters.find(uplink.name);
  if (found == parts_->counters.end()) return {};
  const Tally& tally = *found->second.tally;
  const auto read = [](const std::atomic<std::uint64_t>& value) { return value.load(std::memory_order_relaxed); };
  return {.rx_packets = read(tally.rx_packets),
          .rx_bytes = read(tally.rx_bytes),
          .tx_packets = read(tally.tx_packets),
          .tx_bytes = read(tally.tx_bytes),
          .rx_dropped = read(tally.rx_dropped),
          .tx_dropped = read(tally.tx_dropped),
          .foreign_source = read(tally.foreign_source)};
}

}  // namespace michi::dataplane::tun
