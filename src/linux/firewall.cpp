#include "linux/firewall.hpp"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <exception>
#include <utility>

#include "linux/conntrack_codec.hpp"
#include "linux/flow_sweep.hpp"
#include "linux/netlink_socket.hpp"
#include "linux/nft_codec.hpp"
#include "linux/nft_committer.hpp"
#include "linux/nft_lister.hpp"
#include "linux/readiness.hpp"

namespace michi::linux {

namespace {

constexpr int kReceiveBuffer = 4 << 20;  // a limit: a commit tells of every rule and element
constexpr int kReadsPerTurn = 64;
constexpr int kSweepReadsPerTurn = 16;
constexpr auto kSliceTime = std::chrono::milliseconds(2);

}  // namespace

class Firewall::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop)
      : events_({.protocol = NETLINK_NETFILTER, .groups = {NFNLGRP_NFTABLES}, .receive_buffer = kReceiveBuffer}),
        readable_(loop, events_.fd(), [this] { on_readable(); }),
        work_(loop, [this] { run_slice(); }),
        look_(loop, [this] { look(); }) {
    readable_.arm();
  }

  void submit(port::FirewallOp op, port::Ticket ticket) {
    waiting_.push_back({std::move(op), ticket});
    work_.post();
  }

  void refresh() {
    // A look alone says nothing about who wrote; a change that waits to be told keeps its writer.
    if (!std::exchange(seen_, true)) writer_ours_ = false;
    foreign_ = true;
    look_.post();
  }

  std::optional<port::FirewallReport> poll() {
    if (reports_.empty()) return std::nullopt;
    port::FirewallReport report = std::move(reports_.front());
    reports_.pop_front();
    return report;
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }
  std::vector<model::FirewallCounter> counters() { return lister_.counters(); }

 private:
  struct Waiting {
    port::FirewallOp op;
    port::Ticket ticket;
  };
  enum class During : std::uint8_t { Idle, OwnCommit };

  void wake() {
    if (wake_) wake_();
  }

  void on_readable() {
    read_events(During::Idle, kReadsPerTurn);
    readable_.arm();
  }

  void read_events(During during, int datagrams) {
    for (; datagrams > 0; --datagrams) {
      const NetlinkSocket::Read read = events_.receive();
      if (read == NetlinkSocket::Read::Overrun) {
        touched_ = false;
        changed_by("", false);
        continue;
      }
      if (read != NetlinkSocket::Read::Datagram) return;
      for_each_message(events_.datagram(), [&](const nlmsghdr& message) { on_event(message, during); });
    }
  }

  void on_event(const nlmsghdr& message, During during) {
    const auto event = decode_nft_event(message);
    if (!event) return;
    if (const auto* change = std::get_if<NftChange>(&*event)) {
      touched_ |= change->ours;
      return;
    }
    const auto& generation = std::get<NftGeneration>(*event);
    if (!std::exchange(touched_, false)) return;
    if (during == During::OwnCommit && own_process_ == 0) own_process_ = generation.process;
    const bool ours = own_process_ != 0 && generation.process == own_process_;
    changed_by(fmt::format("{} (pid {})", generation.name, generation.process), ours);
  }

  void changed_by(std::string writer, bool ours) {
    // One foreign hand among several makes the whole change foreign, and is the one to name.
    if (!seen_ || (writer_ours_ && !ours) || writer_ours_ == ours) {
      writer_ = std::move(writer);
      writer_ours_ = ours;
    }
    seen_ = true;
    look_.post();
  }

  void look() {
    if (std::exchange(seen_, false)) {
      reports_.push_back(
          port::TableSeen{.hash = lister_.digest(), .writer = std::exchange(writer_, {}), .ours = writer_ours_});
    }
    if (std::exchange(foreign_, false)) reports_.push_back(port::ForeignChains{lister_.foreign_chains()});
    wake();
  }

  void run_slice() {
    const auto until = std::chrono::steady_clock::now() + kSliceTime;
    while (!waiting_.empty() && std::chrono::steady_clock::now() < until) {
      if (sweep_) {
        if (sweep_->step(kSweepReadsPerTurn) == FlowSweep::Progress::More) continue;
        complete(sweep_->error());
        sweep_.reset();
      } else if (const auto* rules = std::get_if<port::CommitRules>(&waiting_.front().op)) {
        complete(commit(rules->text));
      } else if (const auto* flows = std::get_if<port::DeleteFlows>(&waiting_.front().op)) {
        complete(lister_.request(encode_delete_flows(flows->family, flows->mark, flows->mask, lister_.next_sequence()),
                                 fmt::format("delete conntrack entries of mark {:#x}", flows->mark)));
      } else if (auto* untranslated = std::get_if<port::DeleteUntranslated>(&waiting_.front().op)) {
        begin_sweep(*untranslated);
      }
    }
    if (!waiting_.empty()) work_.post();
    wake();
  }

  void begin_sweep(port::DeleteUntranslated& op) {
    try {
      sweep_.emplace(op.mask, std::move(op.inside));
    } catch (const std::exception&) {
      complete(port::OsError{"list conntrack entries", EMFILE});
    }
  }

  std::optional<port::OsError> commit(const std::string& text) {
    read_events(During::Idle, kReadsPerTurn);
    touched_ = false;
    const auto result = committer_.commit(text);
    read_events(During::OwnCommit, 16 * kReadsPerTurn);
    if (!result) return result.error();
    return std::nullopt;
  }

  void complete(std::optional<port::OsError> error) {
    reports_.push_back(port::Completion{waiting_.front().ticket, std::move(error)});
    waiting_.pop_front();
  }

  NftCommitter committer_;
  NftLister lister_;
  NetlinkSocket events_;
  std::optional<FlowSweep> sweep_;
  std::deque<Waiting> waiting_;
  std::deque<port::FirewallReport> reports_;
  std::uint32_t own_process_ = 0;  // as the first pid namespace numbers us, learnt from our first commit
  bool touched_ = false;           // the transaction being read changes our table
  bool seen_ = false;              // a TableSeen is due
  bool foreign_ = false;           // a ForeignChains is due
  std::string writer_;
  bool writer_ours_ = false;
  port::Wake wake_;
  Readiness readable_;
  Poster work_;
  Poster look_;
};

Firewall::Firewall(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Firewall::~Firewall() = default;
void Firewall::submit(port::FirewallOp op, port::Ticket ticket) { impl_->submit(std::move(op), ticket); }
void Firewall::refresh() { impl_->refresh(); }
std::optional<port::FirewallReport> Firewall::poll() { return impl_->poll(); }
void Firewall::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }
std::vector<model::FirewallCounter> Firewall::counters() { return impl_->counters(); }

}  // namespace michi::linux
