#include "runtime/core/hooks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "observe/event_log.hpp"

namespace michi::runtime {

namespace {

constexpr std::size_t kMostWaiting = 8;

/// What hooks are told about; a new text of a reason alone does not wake them.
bool same_prefixes(const model::UplinkFacts& a, const model::UplinkFacts& b) {
  return std::ranges::equal(a.prefixes, b.prefixes, [](const auto& one, const auto& other) {
    return one.prefix == other.prefix && one.confirmed == other.confirmed;
  });
}

bool same_for_hooks(const model::UplinkFacts& a, const model::UplinkFacts& b) {
  return (a.shown_state() == model::UplinkState::Up) == (b.shown_state() == model::UplinkState::Up) && a.v4 == b.v4 &&
         a.v6 == b.v6 && same_prefixes(a, b);
}

std::map<std::string, std::string> words(const std::string& event, const model::UplinkFacts& facts) {
  std::map<std::string, std::string> out{{"EVENT", event},
                                         {"UPLINK", facts.id.name},
                                         {"DEVICE", facts.id.name},
                                         {"STATE", std::string(to_text(facts.shown_state()))},
                                         {"REASON", std::string(to_text(facts.reason))},
                                         {"DETAIL", facts.detail},
                                         {"MTU", std::to_string(facts.mtu)}};
  if (facts.session) {
    out["INTERFACE"] = facts.session->interface;
    out["SESSION"] = std::to_string(facts.session->session_id);
    out["AC_MAC"] = to_text(facts.session->peer);
    out["AC_NAME"] = facts.session->ac_name;
  }
  if (facts.v4) {
    out["LOCAL4"] = to_text(facts.v4->local);
    out["PEER4"] = to_text(facts.v4->peer);
    std::vector<std::string> servers;
    for (const auto& server : facts.v4->dns) servers.push_back(to_text(server));
    out["DNS"] = fmt::format("{}", fmt::join(servers, " "));
  }
  if (facts.v6) {
    out["LOCAL6"] = to_text(facts.v6->local);
    out["PEER6"] = to_text(facts.v6->peer);
    std::vector<std::string> servers;
    for (const auto& server : facts.v6->dns) servers.push_back(to_text(server));
    if (!servers.empty()) out["DNS6"] = fmt::format("{}", fmt::join(servers, " "));
  }
  std::string prefixes;
  for (const auto& one : facts.prefixes)
    if (one.confirmed) prefixes += (prefixes.empty() ? "" : " ") + to_text(one.prefix);
  if (!prefixes.empty()) out["PREFIX"] = std::move(prefixes);
  return out;
}

/// The peer's words may hold anything; a hook must not find line ends or controls in a variable.
std::string printable(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

std::vector<std::string> hook_environment(const std::string& event, const model::UplinkFacts& facts) {
  std::vector<std::string> out{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  for (const auto& [key, value] : words(event, facts)) out.push_back("MICHI_" + key + "=" + printable(value));
  return out;
}

std::string hook_json(const std::string& event, const model::UplinkFacts& facts) {
  std::string out = "{\"version\":1";
  for (const auto& [key, value] : words(event, facts)) {
    std::string lower = key;
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    out += fmt::format(",{}:{}", observe::json_string(lower), observe::json_string(value));
  }
  return out + "}\n";
}

Hooks::Hooks(port::Processes& processes, port::Files& files, Tickets& tickets)
    : processes_(processes), files_(files), tickets_(tickets) {}

void Hooks::on_config(const model::Config& config, Instant) {
  directory_ = config.global.hooks_dir;
  limit_ = config.global.hook_timeout;
}

void Hooks::on_facts(const std::map<std::string, model::UplinkFacts>& all) {
  for (const auto& [name, facts] : all) note(facts);
  for (auto at = known_.begin(); at != known_.end();) {
    if (all.contains(at->first)) {
      ++at;
      continue;
    }
    auto gone = at->second;
    gone.state = model::UplinkState::Down;
    gone.reason = model::Reason::NotStarted;
    gone.v4.reset();
    gone.v6.reset();
    note(gone);
    at = known_.erase(at);
  }
  std::erase_if(queues_, [&](const auto& queue) { return queue.second.waiting.empty() && !all.contains(queue.first); });
}

bool Hooks::idle() const {
  return std::ranges::all_of(queues_, [](const auto& queue) { return queue.second.waiting.empty(); });
}

void Hooks::note(const model::UplinkFacts& facts) {
  auto& known = known_[facts.id.name];
  if (same_for_hooks(known, facts)) return;
  const bool was_up = known.shown_state() == model::UplinkState::Up;
  const bool is_up = facts.shown_state() == model::UplinkState::Up;
  known = facts;
  if (!was_up && !is_up) return;
  auto& queue = queues_[facts.id.name];
  if (queue.waiting.size() >= kMostWaiting) queue.waiting.erase(queue.waiting.end() - 1);
  queue.waiting.push_back({is_up ? (was_up ? "change" : "up") : "down", facts});
  if (!queue.running) next(facts.id.name);
}

void Hooks::next(const std::string& uplink) {
  auto& queue = queues_[uplink];
  while (!queue.running && !queue.waiting.empty()) {
    if (queue.programs.empty()) {
      auto found = files_.executables(directory_);
      if (!found || found->empty()) {
        queue.waiting.pop_front();
        continue;
      }
      queue.programs = std::move(*found);
      std::ranges::reverse(queue.programs);
    }
    const auto& call = queue.waiting.front();
    port::Spawn spawn;
    spawn.argv = {directory_ + "/" + queue.programs.back(), call.event, uplink};
    spawn.environment = hook_environment(call.event, call.facts);
    spawn.input = hook_json(call.event, call.facts);
    spawn.deadline = limit_;
    queue.running = tickets_.next();
    processes_.spawn(std::move(spawn), *queue.running);
  }
}

bool Hooks::on_report(const port::ProcessReport& report) {
  const auto ticket = std::visit([](const auto& r) { return r.ticket; }, report);
  const auto at = std::ranges::find_if(queues_, [&](const auto& entry) { return entry.second.running == ticket; });
  if (at == queues_.end()) return false;
  auto& [uplink, queue] = *at;
  const auto program = queue.programs.back();
  if (const auto* failed = std::get_if<port::SpawnFailed>(&report)) {
    tell({model::Severity::Warning,
          "hook.failed",
          uplink,
          fmt::format("hook {} does not start: {}", program, failed->error.text()),
          {{"hook", program}}});
  } else if (const auto& exited = std::get<port::Exited>(report); exited.timed_out || exited.status != 0) {
    tell({model::Severity::Warning,
          "hook.failed",
          uplink,
          exited.timed_out ? fmt::format("hook {} was ended after its time limit", program)
                           : fmt::format("hook {} ended with status {}: {}", program, exited.status, exited.output),
          {{"hook", program}}});
  }
  queue.running.reset();
  queue.programs.pop_back();
  if (queue.programs.empty()) queue.waiting.pop_front();
  next(uplink);
  return true;
}

}  // namespace michi::runtime
