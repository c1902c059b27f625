#include "linux/nftables/firewall.hpp"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <exception>
#include <fstream>
#include <utility>

#include "linux/loop/readiness.hpp"
#include "linux/netlink/netlink_socket.hpp"
#include "linux/nftables/conntrack_codec.hpp"
#include "linux/nftables/flow_mover.hpp"
#include "linux/nftables/flow_sweep.hpp"
#include "linux/nftables/nft_codec.hpp"
#include "linux/nftables/nft_committer.hpp"
#include "linux/nftables/nft_lister.hpp"
#include "linux/nftables/table_watch.hpp"

namespace michi::linux {

namespace {

constexpr int kReceiveBuffer = 4 << 20;  // a limit: a commit tells of every rule and element
constexpr int kReadsPerTurn = 64;
constexpr int kSweepReadsPerTurn = 2;
constexpr long kFewFlows = 1000;  // conntrack entries that are deleted in a millisecond or two
constexpr auto kSliceTime = std::chrono::milliseconds(2);

}  // namespace

class Firewall::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop)
      : events_({.protocol = NETLINK_NETFILTER, .groups = {NFNLGRP_NFTABLES}, .receive_buffer = kReceiveBuffer}),
        readable_(loop, events_.fd(), [this] { on_readable(); }),
        work_(loop, [this] { run_slice(); }),
        look_(loop, [this] { look(); }),
        mover_(loop, [this] { on_moved(); }) {
    readable_.arm();
  }

  void submit(port::FirewallOp op, port::Ticket ticket) {
    waiting_.push_back({std::move(op), ticket});
    work_.post();
  }

  void refresh() {
    for (TableWatch& table : tables_) table.look_again();
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
  std::vector<model::PassedTraffic> passed_traffic() { return lister_.passed_traffic(); }
  std::uint64_t listings() const { return lister_.listings(); }

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
        for (TableWatch& table : tables_) table.on_overrun();
        look_.post();
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
      for (TableWatch& table : tables_)
        if (change->ours == table.table()) table.on_change(message);
      return;
    }
    const auto& generation = std::get<NftGeneration>(*event);
    if (std::ranges::none_of(tables_, &TableWatch::touched)) return;
    if (during == During::OwnCommit && own_process_ == 0) own_process_ = generation.process;
    const bool ours = own_process_ != 0 && generation.process == own_process_;
    for (TableWatch& table : tables_) table.on_generation(generation, ours);
    look_.post();
  }

  void look() {
    for (TableWatch& table : tables_) {
      if (!table.due()) continue;
      if (table.needs_listing()) {
        auto listed = lister_.list(table.table());
        table.on_listed(std::move(listed.digest), listed.generation);
      }
      reports_.push_back(table.take());
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
        delete_flows(*flows);
      } else if (auto* untranslated = std::get_if<port::DeleteUntranslated>(&waiting_.front().op)) {
        begin_sweep(*untranslated);
      }
    }
    if (!waiting_.empty()) work_.post();
    wake();
  }

  void delete_flows(const port::DeleteFlows& flows) {
    if (mover_.idle() && flow_count() <= kFewFlows) {
      complete(lister_.request(encode_delete_flows(flows.family, flows.mark, flows.mask, lister_.next_sequence()),
                               fmt::format("delete conntrack entries of mark {:#x}", flows.mark)));
      return;
    }
    mover_.submit(flows, waiting_.front().ticket);
    waiting_.pop_front();
    log_moving();
  }

  void on_moved() {
    while (auto completion = mover_.poll()) reports_.push_back(std::move(*completion));
    if (mover_.idle()) log_moving();
    wake();
  }

  // Where it cannot be, flows wait their turn.
  void log_moving() { std::ignore = commit(moving_rules(mover_.moving())); }

  // Asked of no socket: ctnetlink may be busy.
  static long flow_count() {
    long count = 0;
    std::ifstream("/proc/sys/net/netfilter/nf_conntrack_count") >> count;
    return count;
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
  std::array<TableWatch, std::size(model::kNftFamilies)> tables_{TableWatch(model::NftFamily::Inet),
                                                                 TableWatch(model::NftFamily::Netdev)};
  bool foreign_ = false;  // a ForeignChains is due
  port::Wake wake_;
  Readiness readable_;
  Poster work_;
  Poster look_;
  FlowMover mover_;
};

Firewall::Firewall(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Firewall::~Firewall() = default;
void Firewall::submit(port::FirewallOp op, port::Ticket ticket) { impl_->submit(std::move(op), ticket); }
void Firewall::refresh() { impl_->refresh(); }
std::optional<port::FirewallReport> Firewall::poll() { return impl_->poll(); }
void Firewall::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }
std::vector<model::FirewallCounter> Firewall::counters() { return impl_->counters(); }
std::vector<model::PassedTraffic> Firewall::passed_traffic() { return impl_->passed_traffic(); }
std::uint64_t Firewall::listings() const { return impl_->listings(); }

}  // namespace michi::linux
