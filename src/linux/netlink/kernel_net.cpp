#include "linux/netlink/kernel_net.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "linux/loop/readiness.hpp"
#include "linux/netlink/net_monitor.hpp"
#include "linux/netlink/netlink_codec.hpp"
#include "linux/netlink/netlink_socket.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kBatch = 32;                         // operations in one system call
constexpr std::size_t kSlice = 256;                        // operations in one turn of the loop
constexpr auto kSliceTime = std::chrono::milliseconds(2);  // or fewer, when they take longer than this
constexpr int kReadsPerTurn = 16;                          // datagrams of the watching socket
constexpr std::size_t kEnoughReports = 8192;               // unread ones, before reading pauses

// The kernel needs about a kilobyte of receive buffer for each acknowledgement.
NetlinkSocket::Settings command_settings() {
  return {.protocol = NETLINK_ROUTE, .groups = {}, .receive_buffer = 1 << 20};
}

}  // namespace

class KernelNet::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop)
      : commands_(command_settings()),
        readable_(loop, monitor_.fd(), [this] { on_readable(); }),
        slice_(loop, [this] { run_slice(); }),
        notice_(loop, [this] { wake(); }) {
    readable_.arm();
  }

  void submit(port::NetOp op, port::Ticket ticket) {
    waiting_.push_back({std::move(op), ticket});
    slice_.post();
  }

  void refresh() {
    monitor_.refresh();
    notice_.post();
  }

  std::optional<model::RouteEntry> main_route(const Address& to, std::uint32_t mark) {
    return ask<model::RouteEntry>([&](std::uint32_t sequence) { return encode_route_question(to, mark, sequence); },
                                  [&](const nlmsghdr& message) { return decode_route_answer(message, to, name_of); });
  }

  std::optional<port::LinkCounters> link_counters(const std::string& device) {
    const unsigned index = ::if_nametoindex(device.c_str());
    if (index == 0) return std::nullopt;
    return ask<port::LinkCounters>([&](std::uint32_t sequence) { return encode_counters_question(index, sequence); },
                                   decode_counters_answer);
  }

  std::optional<port::NetReport> poll() {
    if (auto report = monitor_.poll()) return report;
    if (std::exchange(paused_, false)) readable_.arm();
    if (completions_.empty()) return std::nullopt;
    port::Completion completion = std::move(completions_.front());
    completions_.pop_front();
    return completion;
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  struct Waiting {
    port::NetOp op;
    port::Ticket ticket;
  };
  struct Sent {
    std::size_t position;  // in the batch
    std::uint32_t sequence;
  };

  void wake() {
    if (wake_) wake_();
  }

  // The kernel answers such a question before the call that asks it returns.
  template <class Answer, class Encode, class Decode>
  std::optional<Answer> ask(Encode&& encode_question, Decode&& decode_answer) {
    const std::uint32_t sequence = commands_.next_sequence();
    if (!commands_.send(encode_question(sequence))) return std::nullopt;
    std::optional<Answer> answer;
    const auto on_message = [&](const nlmsghdr& message) {
      if (message.nlmsg_seq == sequence) answer = decode_answer(message);
    };
    while (commands_.receive() == NetlinkSocket::Read::Datagram) for_each_message(commands_.datagram(), on_message);
    return answer;
  }

  void on_readable() {
    monitor_.read(kReadsPerTurn);
    if (monitor_.size() < kEnoughReports) {
      readable_.arm();
    } else {
      paused_ = true;
    }
    if (!monitor_.empty()) wake();
  }

  void run_slice() {
    const auto until = std::chrono::steady_clock::now() + kSliceTime;
    std::deque<port::Completion> done;
    index_cache_.clear();
    while (!waiting_.empty() && done.size() < kSlice && std::chrono::steady_clock::now() < until) run_batch(done);
    // The kernel has queued the changes behind these operations already; they are told first.
    monitor_.read(static_cast<int>(done.size()) + kReadsPerTurn);
    for (port::Completion& completion : done) completions_.push_back(std::move(completion));
    if (!waiting_.empty()) slice_.post();
    wake();
  }

  void run_batch(std::deque<port::Completion>& done) {
    std::vector<Waiting> batch;
    std::vector<int> errors;
    std::vector<std::string> messages;
    std::vector<Sent> sent;
    ByteVec bytes;
    while (!waiting_.empty() && batch.size() < kBatch) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      const std::uint32_t sequence = commands_.next_sequence();
      const auto message =
          encode(batch.back().op, sequence, [this](const std::string& name) { return index_of(name); });
      if (message) {
        bytes.insert(bytes.end(), message->begin(), message->end());
        sent.push_back({batch.size() - 1, sequence});
      }
      // An unanswered request counts as lost for want of buffer.
      errors.push_back(message ? ENOBUFS : ENODEV);
      messages.emplace_back();
    }
    if (!bytes.empty()) exchange(bytes, sent, errors, messages);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      done.push_back({batch[i].ticket, error_of(batch[i].op, errors[i], messages[i])});
    }
  }

  void exchange(Bytes bytes, const std::vector<Sent>& sent, std::vector<int>& errors,
                std::vector<std::string>& messages) {
    if (const auto result = commands_.send(bytes); !result) {
      for (const Sent& one : sent) errors[one.position] = result.error().code;
      return;
    }
    const auto on_message = [&](const nlmsghdr& message) {
      const auto answer = parse_acknowledgement(message);
      if (!answer || answer->sequence < sent.front().sequence) return;
      for (const Sent& one : sent) {
        if (one.sequence != answer->sequence) continue;
        errors[one.position] = answer->error;
        messages[one.position] = answer->message;
      }
    };
    for (;;) {
      const NetlinkSocket::Read read = commands_.receive();
      if (read == NetlinkSocket::Read::Datagram) {
        for_each_message(commands_.datagram(), on_message);
      } else if (read != NetlinkSocket::Read::Overrun) {
        return;
      }
    }
  }

  static std::optional<port::OsError> error_of(const port::NetOp& op, int error, const std::string& message) {
    if (error == 0 || is_done_already(op, error)) return std::nullopt;
    std::string operation = describe(op);
    if (!message.empty()) operation += " (" + message + ")";
    return port::OsError{std::move(operation), error};
  }

  static std::string name_of(std::uint32_t index) {
    std::array<char, IF_NAMESIZE> name{};
    return ::if_indextoname(index, name.data()) != nullptr ? name.data() : "";
  }

  // Asked of the kernel, not of what was seen: the device may have been made a moment ago.
  std::uint32_t index_of(const std::string& name) {
    if (name.empty() || name.size() >= IF_NAMESIZE) return 0;
    const auto [entry, fresh] = index_cache_.try_emplace(name, 0);
    if (fresh) entry->second = ::if_nametoindex(name.c_str());
    return entry->second;
  }

  NetlinkSocket commands_;
  NetMonitor monitor_;
  std::deque<Waiting> waiting_;
  std::deque<port::Completion> completions_;
  std::unordered_map<std::string, std::uint32_t> index_cache_;  // of one slice
  port::Wake wake_;
  bool paused_ = false;
  Readiness readable_;
  Poster slice_;
  Poster notice_;
};

KernelNet::KernelNet(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
KernelNet::~KernelNet() = default;
void KernelNet::submit(port::NetOp op, port::Ticket ticket) { impl_->submit(std::move(op), ticket); }
void KernelNet::refresh() { impl_->refresh(); }
std::optional<port::NetReport> KernelNet::poll() { return impl_->poll(); }
void KernelNet::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }
std::optional<model::RouteEntry> KernelNet::main_route(const Address& to, std::uint32_t mark) {
  return impl_->main_route(to, mark);
}
std::optional<port::LinkCounters> KernelNet::link_counters(const std::string& device) {
  return impl_->link_counters(device);
}

}  // namespace michi::linux
