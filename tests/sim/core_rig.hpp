#pragma once
// The whole daemon in a world: runtime::Core over FakeKernel, one or more wires and fakes for the
// rest of the machine. Nothing here waits: a door's wake-up marks the node, the world lets it turn.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kit/fake_datagrams.hpp"
#include "kit/fake_echoes.hpp"
#include "kit/fake_kernel.hpp"
#include "kit/fake_observers.hpp"
#include "kit/world.hpp"
#include "runtime/core/core.hpp"
#include "wire/ether.hpp"

namespace michi::sim {

class FakeAlarm final : public port::Alarm {
 public:
  Instant now() const override { return time; }
  std::int64_t wall_seconds() const override {
    return 1'750'000'000 + whole_milliseconds(time.time_since_epoch()) / 1000;
  }
  void set(std::optional<Instant> at) override { deadline = at; }
  void on_wake(port::Wake) override {}
  Instant time{};
  std::optional<Instant> deadline;
};

class FakeStore final : public port::Store {
 public:
  using Records = std::map<std::string, std::string>;
  Result<Records, port::OsError> load(port::Lifetime lifetime) override { return of(lifetime); }
  void submit(port::StoreOp op, port::Ticket ticket) override {
    if (full) {
      done.push_back({ticket, port::OsError{"write", 28}});
      return;
    }
    if (const auto* put = std::get_if<port::Put>(&op)) of(put->lifetime)[put->key] = put->value;
    if (const auto* erase = std::get_if<port::Erase>(&op)) of(erase->lifetime).erase(erase->key);
    done.push_back({ticket, std::nullopt});
  }
  std::optional<port::Completion> poll() override {
    if (done.empty()) return std::nullopt;
    auto first = done.front();
    done.erase(done.begin());
    return first;
  }
  void on_wake(port::Wake) override {}
  Records& of(port::Lifetime lifetime) { return lifetime == port::Lifetime::Volatile ? run : state; }
  Records run, state;
  bool full = false;
  std::vector<port::Completion> done;
};

class FakeProcesses final : public port::Processes {
 public:
  void spawn(port::Spawn what, port::Ticket ticket) override { running[ticket] = std::move(what); }
  void signal(port::Ticket ticket, int number) override {
    if (number == 15 && running.erase(ticket) > 0) ended.push_back(ticket);
  }
  Result<void, port::OsError> signal_pid_file(const std::string&, const std::string&, int) override { return {}; }
  std::optional<port::ProcessReport> poll() override {
    if (ended.empty()) return std::nullopt;
    const auto ticket = ended.back();
    ended.pop_back();
    return port::Exited{ticket, 0, false, ""};
  }
  void on_wake(port::Wake) override {}
  std::map<port::Ticket, port::Spawn> running;
  std::vector<port::Ticket> ended;
};

class FakeFiles final : public port::Files {
 public:
  Result<std::string, port::OsError> read(const std::string& path) const override {
    const auto at = files.find(path);
    if (at == files.end()) return Fault(port::OsError{"read " + path, 2});
    return at->second;
  }
  Result<port::FileStatus, port::OsError> status(const std::string&) const override { return port::FileStatus{}; }
  Result<void, port::OsError> write(const std::string& path, std::string_view text, std::uint32_t) override {
    files[path] = text;
    return {};
  }
  Result<std::vector<std::string>, port::OsError> executables(const std::string&) const override {
    return std::vector<std::string>{};
  }
  Result<std::string, port::OsError> read_sysctl(const std::string& path) const override {
    const auto at = sysctls.find(path);
    return at == sysctls.end() ? std::string() : at->second;
  }
  Result<void, port::OsError> write_sysctl(const std::string& path, std::string_view value) override {
    sysctls[path] = value;
    return {};
  }
  std::map<std::string, std::string> files, sysctls;
};

/// What outlives the daemon: the kernel, the disks.
struct Machine {
  kit::FakeKernel kernel;
  FakeStore store;
  FakeFiles files;
};

class CoreNode final : public kit::Node {
 public:
  CoreNode(kit::World& world, std::map<std::string, kit::Wire*> wires, Machine& machine,
           uplink::Kinds kinds = uplink::standard_kinds())
      : world_(world), wires_(std::move(wires)), machine_(machine), kinds_(kinds), sockets_(*this) {
    for (auto& [name, wire] : wires_) wire->attach(*this);
    world.add(*this);
    boot();
  }

  /// Dies without a word and comes up again; begin() must follow.
  void crash() {
    core_.reset();
    processes_ = {};
    alarm_.deadline.reset();
    boot();
  }
  runtime::Core& operator*() { return *core_; }
  /// For commands, which ask the clock themselves.
  runtime::Core* operator->() {
    alarm_.time = world_.now();
    return core_.get();
  }
  kit::FakeDatagrams& datagrams() { return datagrams_; }
  kit::FakeEchoes& echoes() { return echoes_; }
  kit::FakeObservers& observers() { return observers_; }
  /// How often packet sockets are refused from now on (EMFILE), by kind.
  std::map<port::FrameKind, int> refusals;
  /// The loop is held up elsewhere: frames wait, and no turn comes before the time is over.
  void busy_for(Duration time) { busy_until_ = world_.now() + time; }
  std::size_t frames_waiting() const {
    std::size_t all = 0;
    for (const auto* socket : sockets_.open_sockets) all += socket->inbox.size();
    return all;
  }
  const std::vector<model::Event>& events() const { return events_; }
  bool saw(std::string_view code) const {
    for (const auto& event : events_)
      if (event.code == code) return true;
    return false;
  }
  bool up(const std::string& name) const {
    const auto at = core_->facts().find(name);
    return at != core_->facts().end() && at->second.usable(Family::V4);
  }

  void on_frame(Bytes frame, Instant) override {
    const auto parsed = wire::ether::parse_frame(frame);
    if (!parsed) return;
    const auto type = parsed->header.type;
    const bool dhcp4 = type == wire::ether::kTypeIpv4 || type == wire::ether::kTypeArp;
    for (auto* socket : sockets_.open_sockets) {
      if (dhcp4 != (socket->kind == port::FrameKind::Dhcp4)) continue;
      socket->inbox.push_back(copy_of(frame));
      if (world_.now() < busy_until_) ++socket->untold;
      woken_ = true;
    }
  }
  void on_deadline(Instant) override { woken_ = true; }
  std::optional<Instant> next_deadline() const override {
    if (world_.now() >= busy_until_) return alarm_.deadline;
    if (woken_ || (alarm_.deadline && *alarm_.deadline < busy_until_)) return busy_until_;
    return alarm_.deadline;
  }
  bool drain(Instant now) override {
    if (now < busy_until_) return false;
    machine_.kernel.deliver();
    if (!std::exchange(woken_, false)) return false;
    // The loop tells of what is ready in any order: at worst of the alarm first.
    if (!alarm_.deadline || now <= *alarm_.deadline) tell_of_frames();
    alarm_.time = now;
    alarm_.deadline.reset();
    core_->turn();
    if (tell_of_frames()) woken_ = true;
    if (!machine_.store.done.empty() || machine_.kernel.pending()) woken_ = true;
    return true;
  }

 private:
  struct Socket final : port::FrameSocket {
    Socket(CoreNode& owner, kit::Wire& on, port::FrameKind what) : node(owner), wire(on), kind(what) {}
    ~Socket() override { std::erase(node.sockets_.open_sockets, this); }
    Result<void, port::OsError> add_address(Mac) override { return {}; }
    Result<void, port::OsError> send(Bytes frame, port::Priority) override {
      wire.send(&node, copy_of(frame));
      return {};
    }
    void look() override { untold = 0; }
    std::optional<ByteVec> poll() override {
      if (inbox.size() <= untold) return std::nullopt;
      auto first = std::move(inbox.front());
      inbox.erase(inbox.begin());
      return first;
    }
    void on_wake(port::Wake) override {}
    CoreNode& node;
    kit::Wire& wire;
    port::FrameKind kind;
    std::vector<ByteVec> inbox;
    std::size_t untold = 0;  // the last so many, which came while the loop was held up
  };
  struct Sockets final : port::FrameSockets {
    explicit Sockets(CoreNode& owner) : node(owner) {}
    Result<std::unique_ptr<port::FrameSocket>, port::OsError> open(const std::string& interface,
                                                                   port::FrameKind kind) override {
      const auto at = node.wires_.find(interface);
      if (at == node.wires_.end()) return Fault(port::OsError{"open " + interface, 19});
      if (int& left = node.refusals[kind]; left > 0) {
        --left;
        return Fault(port::OsError{"open packet socket on " + interface, 24});
      }
      auto made = std::make_unique<Socket>(node, *at->second, kind);
      open_sockets.push_back(made.get());
      return made;
    }
    CoreNode& node;
    std::vector<Socket*> open_sockets;
  };

  bool tell_of_frames() {
    bool any = false;
    for (auto* socket : sockets_.open_sockets) any |= std::exchange(socket->untold, 0) != 0;
    return any;
  }

  void boot() {
    alarm_.time = world_.now();
    core_ = std::make_unique<runtime::Core>(
        runtime::Doors{alarm_, sockets_, datagrams_, echoes_, observers_, machine_.kernel.net(),
                       machine_.kernel.firewall(), machine_.kernel.plane(), machine_.store, processes_, machine_.files},
        runtime::CoreOptions{.run_directory = "/run/michi", .resolver = runtime::ResolverMode::Child, .kinds = kinds_},
        Random::seeded(world_.random().u64()), [this] { woken_ = true; },
        [this](const model::Event& event, Instant) { events_.push_back(event); });
    woken_ = true;
  }

  kit::World& world_;
  std::map<std::string, kit::Wire*> wires_;
  Machine& machine_;
  uplink::Kinds kinds_;
  Sockets sockets_;
  kit::FakeDatagrams datagrams_;
  kit::FakeEchoes echoes_;
  kit::FakeObservers observers_;
  FakeAlarm alarm_;
  FakeProcesses processes_;
  std::unique_ptr<runtime::Core> core_;
  std::vector<model::Event> events_;
  bool woken_ = false;
  Instant busy_until_{};
};

/// An uplink as it is now, down to the words of its protocols.
inline const model::UplinkFacts* facts_now(const runtime::Core& core, const std::string& name) {
  const auto* unit = core.uplinks().find(name);
  return unit == nullptr ? nullptr : &unit->life().facts();
}
inline std::vector<std::string> waiting_for(const runtime::Core& core, const std::string& name) {
  const auto* unit = core.uplinks().find(name);
  return unit == nullptr ? std::vector<std::string>{} : unit->life().waiting_for();
}
inline std::string protocol_state(const runtime::Core& core, const std::string& name) {
  const auto* unit = core.uplinks().find(name);
  return unit == nullptr ? std::string{} : unit->life().protocol_state();
}

inline std::vector<model::ProbeSnapshot> probes(const runtime::Core& core, const std::string& name, Instant now) {
  const auto* unit = core.uplinks().find(name);
  return unit == nullptr ? std::vector<model::ProbeSnapshot>{} : unit->probe().snapshots(now);
}

}  // namespace michi::sim
