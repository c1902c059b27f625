#include "linux/nftables/flow_mover.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "linux/loop/readiness.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "linux/nftables/conntrack_codec.hpp"
#include "linux/nftables/flow_log.hpp"

namespace michi::linux {

namespace {

constexpr std::uint16_t kGroup = 20109;  // of logged packets
constexpr int kPacketsAtOnce = 64;
constexpr auto kShown = std::chrono::milliseconds(100);  // who runs has sent a packet by then
constexpr int kPollMilliseconds = 20;

NetlinkSocket::Settings settings() { return {.protocol = NETLINK_NETFILTER, .groups = {}, .receive_buffer = 1 << 20}; }

bool is_of(const Flow& flow, const port::DeleteFlows& flows) {
  return flow.family == flows.family && (flow.mark & flows.mask) == flows.mark;
}

}  // namespace

class FlowMover::Impl {
 public:
  Impl(boost::asio::io_context& loop, std::function<void()> told) : told_(loop, std::move(told)) {}

  ~Impl() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

  void submit(port::DeleteFlows flows, port::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({.flows = flows, .ticket = ticket});
    if (std::exchange(running_, true)) return;
    if (thread_.joinable()) thread_.join();  // it has said that it ends
    thread_ = std::thread([this] { work(); });
  }

  std::optional<port::Completion> poll() {
    const std::lock_guard lock(mutex_);
    if (done_.empty()) return std::nullopt;
    port::Completion completion = std::move(done_.front());
    done_.pop_front();
    return completion;
  }

  bool idle() const {
    const std::lock_guard lock(mutex_);
    return jobs_.empty() && done_.empty();
  }

  std::vector<port::DeleteFlows> moving() const {
    const std::lock_guard lock(mutex_);
    std::vector<port::DeleteFlows> flows;
    for (const Job& job : jobs_) flows.push_back(job.flows);
    return flows;
  }

 private:
  struct Job {
    port::DeleteFlows flows;
    port::Ticket ticket;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  std::optional<Job> next_job() {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty() || stopped_) {
      running_ = false;
      return std::nullopt;
    }
    return jobs_.front();
  }

  void done(const Job& job, std::optional<port::OsError> error) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.pop_front();
      done_.push_back({job.ticket, std::move(error)});
    }
    told_.post();
  }

  // The thread.

  void work() {
    std::optional<FlowLog> log;
    try {
      log.emplace(kGroup);
    } catch (const std::exception&) {
      // Those that run wait among the others.
    }
    while (const auto job = next_job()) {
      try {
        done(*job, move(*job, log ? &*log : nullptr));
      } catch (const std::exception&) {
        done(*job, port::OsError{"delete conntrack entries", EMFILE});
      }
    }
  }

  std::optional<port::OsError> move(const Job& job, FlowLog* log) {
    NetlinkSocket asking(settings());
    while (log != nullptr && !stopped_ && std::chrono::steady_clock::now() < job.since + kShown) {
      pollfd logged{.fd = log->fd(), .events = POLLIN, .revents = 0};
      if (::poll(&logged, 1, kPollMilliseconds) <= 0) continue;
      log->read(kPacketsAtOnce, [&](Bytes packet) { move_running(packet, asking); });
    }
    return delete_rest(job.flows, asking);
  }

  void move_running(Bytes packet, NetlinkSocket& asking) {
    const auto request = encode_flow_of(packet, asking.next_sequence());
    if (!request || !asking.send(*request)) return;
    ByteVec deletion;
    const std::vector<port::DeleteFlows> all = moving();
    while (asking.receive() == NetlinkSocket::Read::Datagram)
      for_each_message(asking.datagram(), [&](const nlmsghdr& message) {
        const auto flow = decode_flow(message);
        if (!flow || std::ranges::none_of(all, [&](const auto& flows) { return is_of(*flow, flows); })) return;
        deletion = encode_delete_flow(*flow, asking.next_sequence());
      });
    if (!deletion.empty()) std::ignore = request_now(deletion, asking);
  }

  // The kernel works on it inside of send().
  static int request_now(Bytes request, NetlinkSocket& asking) {
    if (const auto sent = asking.send(request); !sent) return sent.error().code;
    int error = 0;
    while (asking.receive() == NetlinkSocket::Read::Datagram)
      for_each_message(asking.datagram(), [&](const nlmsghdr& message) {
        if (const auto answer = parse_acknowledgement(message)) error = answer->error;
      });
    return error;
  }

  static std::optional<port::OsError> delete_rest(const port::DeleteFlows& flows, NetlinkSocket& asking) {
    const int error =
        request_now(encode_delete_flows(flows.family, flows.mark, flows.mask, asking.next_sequence()), asking);
    if (error == 0) return std::nullopt;
    return port::OsError{fmt::format("delete conntrack entries of mark {:#x}", flows.mark), error};
  }

  mutable std::mutex mutex_;
  std::deque<Job> jobs_;  // the first is being worked on
  std::deque<port::Completion> done_;
  bool running_ = false;  // the thread takes what is submitted
  std::atomic<bool> stopped_ = false;
  Poster told_;
  std::thread thread_;
};

FlowMover::FlowMover(boost::asio::io_context& loop, std::function<void()> told)
    : impl_(std::make_unique<Impl>(loop, std::move(told))) {}
FlowMover::~FlowMover() = default;
void FlowMover::submit(port::DeleteFlows flows, port::Ticket ticket) { impl_->submit(flows, ticket); }
std::optional<port::Completion> FlowMover::poll() { return impl_->poll(); }
bool FlowMover::idle() const { return impl_->idle(); }
std::vector<port::DeleteFlows> FlowMover::moving() const { return impl_->moving(); }

std::string moving_rules(const std::vector<port::DeleteFlows>& flows) {
  if (flows.empty()) return "delete table inet michi-moving\n";
  std::string text =
      "table inet michi-moving {\n"
      "  flags owner;\n"
      // Before michi's own chains, in which such a packet finds its old mark.
      "  chain forwarded { type filter hook prerouting priority -151; policy accept; }\n"
      "  chain own { type filter hook output priority -151; policy accept; }\n"
      "}\n"
      "flush chain inet michi-moving forwarded\nflush chain inet michi-moving own\n";
  for (const port::DeleteFlows& each : flows)
    for (const char* chain : {"forwarded", "own"})
      text += fmt::format("add rule inet michi-moving {} meta nfproto {} ct mark & {:#x} == {:#x} log group {}\n",
                          chain, each.family == Family::V4 ? "ipv4" : "ipv6", each.mask, each.mark, kGroup);
  return text;
}

}  // namespace michi::linux
