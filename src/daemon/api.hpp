#pragma once
// control::Commands over a running Core: translates requests, loads files for reload, and keeps the
// list of those who watch an uplink's control frames.

#include <functional>
#include <map>
#include <string>

#include "control/commands.hpp"
#include "daemon/loader.hpp"
#include "runtime/core/core.hpp"

namespace michi::daemon {

class Api final : public control::Commands {
 public:
  struct Context {
    runtime::Core& core;
    const port::Alarm& alarm;
    const port::Files& files;
    Paths paths;
    std::string start_id;
    Instant started;
    /// Called after a configuration was applied: what to watch from now on.
    std::function<void(const Bundle&)> applied;
    /// Called when a flush was commanded: the end that follows is for good.
    std::function<void()> flushed;
  };
  explicit Api(Context context);

  model::Snapshot snapshot() const override;
  Result<void, control::Refusal> up(const std::string& uplink) override;
  Result<void, control::Refusal> down(const std::string& uplink) override;
  Result<void, control::Refusal> redial(const std::string& uplink) override;
  Result<control::ReloadReply, control::Refusal> reload(const control::ReloadRequest& request) override;
  Result<void, control::Refusal> confirm() override;
  std::vector<std::string> plan() const override { return context_.core.plan(); }
  Result<control::WhyReply, control::Refusal> why(const control::WhyRequest& request) const override;
  Result<void, control::Refusal> flush() override;
  Result<void, control::Refusal> examine(const std::string& uplink) override;
  control::ExaminationReply examination() const override;
  Result<std::uint64_t, control::Refusal> trace(const std::string& uplink, TraceSink sink) override;
  void cancel_trace(std::uint64_t number) override;

 private:
  struct Watcher {
    std::string uplink;
    TraceSink sink;
  };
  Result<void, control::Refusal> answer(runtime::Core::Answer answer, const std::string& uplink) const;
  void on_traced(const std::string& uplink, const runtime::Traced& traced) const;
  std::set<std::string> foreign_devices() const;

  Context context_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t last_watcher_ = 0;
};

}  // namespace michi::daemon
