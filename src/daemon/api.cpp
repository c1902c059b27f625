#include "daemon/api.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <utility>

#include "config/difference.hpp"
#include "wire/describe.hpp"

namespace michi::daemon {

namespace {

std::string effect_text(runtime::UplinkChange::Kind kind) {
  using Kind = runtime::UplinkChange::Kind;
  switch (kind) {
    case Kind::Added:
      return "added";
    case Kind::Removed:
      return "removed";
    case Kind::InPlace:
      return "in-place";
    case Kind::Redialled:
      return "redialled";
  }
  return "";
}

std::string verdict_text(policy::Explanation::Verdict verdict) {
  using Verdict = policy::Explanation::Verdict;
  switch (verdict) {
    case Verdict::Uplink:
      return "uplink";
    case Verdict::Main:
      return "main";
    case Verdict::Local:
      return "local";
    case Verdict::Unreachable:
      return "unreachable";
    case Verdict::Published:
      return "published";
  }
  return "";
}

std::vector<std::string> lines_of(const std::vector<config::Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const auto& diagnostic : diagnostics) lines.push_back(config::to_text(diagnostic));
  return lines;
}

std::vector<std::string> sentences(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return lines;
}

std::optional<model::Protocol> protocol_of(const std::string& text) {
  if (text.empty() || text == "any") return model::Protocol::Any;
  if (text == "tcp") return model::Protocol::Tcp;
  if (text == "udp") return model::Protocol::Udp;
  if (text == "icmp") return model::Protocol::Icmp;
  return std::nullopt;
}

Fault<control::Refusal> bad_query(std::string text) {
  return Fault(control::Refusal{"bad-query", std::move(text), {}});
}

}  // namespace

Api::Api(Context context) : context_(std::move(context)) {}

std::set<std::string> Api::foreign_devices() const {
  std::set<std::string> names;
  for (const auto& [name, link] : context_.core.observed().links)
    if (link.alias != "michi") names.insert(name);
  return names;
}

model::Snapshot Api::snapshot() const {
  auto snapshot = context_.core.snapshot();
  snapshot.version = MICHI_VERSION;
  snapshot.start_id = context_.start_id;
  snapshot.uptime = context_.alarm.now() - context_.started;
  snapshot.config_path = context_.paths.config;
  return snapshot;
}

Result<void, control::Refusal> Api::answer(runtime::Core::Answer answer, const std::string& uplink) const {
  if (answer == runtime::Core::Answer::Done) return {};
  if (answer == runtime::Core::Answer::Ending) return Fault(control::Refusal{"not-ready", "michid is stopping", {}});
  std::string known;
  for (const auto& config : context_.core.config()->uplinks) known += (known.empty() ? "" : ", ") + config.id.name;
  return Fault(control::Refusal{
      "unknown-uplink", fmt::format("there is no uplink \"{}\"; the configuration has: {}", uplink, known), {}});
}

Result<void, control::Refusal> Api::up(const std::string& uplink) { return answer(context_.core.up(uplink), uplink); }
Result<void, control::Refusal> Api::down(const std::string& uplink) {
  return answer(context_.core.down(uplink), uplink);
}
Result<void, control::Refusal> Api::redial(const std::string& uplink) {
  return answer(context_.core.redial(uplink), uplink);
}

Result<control::ReloadReply, control::Refusal> Api::reload(const control::ReloadRequest& request) {
  if (context_.core.ending()) return Fault(control::Refusal{"not-ready", "michid is stopping", {}});
  const auto& path = request.path.empty() ? context_.paths.config : request.path;
  const auto asked = request.path.empty() ? Asked::Reload : Asked::ReloadOfFile;
  auto bundle = load_bundle(context_.files, context_.paths, path, asked, foreign_devices());
  if (!bundle)
    return Fault(control::Refusal{"bad-configuration", "the configuration has errors; nothing was changed",
                                  lines_of(bundle.error())});
  control::ReloadReply reply;
  reply.differences = sentences(config::to_text(config::differences(*context_.core.config(), *bundle->config)));
  reply.notes = lines_of(bundle->notes);
  if (path != context_.paths.config && !request.dry_run)
    reply.notes.push_back(
        fmt::format("note: the next start and the next `michi reload` read {} again: put there what is to stay",
                    context_.paths.config));
  const auto changes = request.dry_run ? context_.core.preview(*bundle->config, bundle->secrets)
                                       : context_.core.apply(bundle->config, bundle->secrets, request.confirm_within);
  for (const auto& change : changes) reply.changes.push_back({change.uplink, effect_text(change.kind)});
  if (!request.dry_run) context_.applied(*bundle);
  return reply;
}

Result<void, control::Refusal> Api::confirm() {
  if (context_.core.confirm()) return {};
  return Fault(control::Refusal{"nothing-to-confirm", "no configuration is waiting to be confirmed", {}});
}

Result<control::WhyReply, control::Refusal> Api::why(const control::WhyRequest& request) const {
  policy::FlowQuery query;
  const auto destination = parse_address(request.destination);
  if (!destination)
    return bad_query(fmt::format("\"{}\" is no IPv4 or IPv6 address (names are not looked up)", request.destination));
  query.destination = *destination;
  if (!request.source.empty()) {
    query.source = parse_address(request.source);
    if (!query.source) return bad_query(fmt::format("\"{}\" is no IPv4 or IPv6 address", request.source));
    if (query.source->family() != destination->family())
      return bad_query("source and destination are of different families");
  }
  const auto protocol = protocol_of(request.protocol);
  if (!protocol) return bad_query(fmt::format("protocol \"{}\" is not tcp, udp or icmp", request.protocol));
  const bool has_ports = *protocol == model::Protocol::Tcp || *protocol == model::Protocol::Udp;
  if ((request.port != 0 || request.source_port != 0) && !has_ports)
    return bad_query("a port needs a protocol that has ports: add --proto tcp or --proto udp");
  query.protocol = *protocol;
  query.port = request.port;
  query.source_port = request.source_port;
  query.arrives_on = request.arrives_on;
  auto found = context_.core.why(query);
  return control::WhyReply{.verdict = verdict_text(found.verdict),
                           .uplink = std::move(found.uplink),
                           .carried_by = std::move(found.carried_by),
                           .translated_source = std::move(found.translated_source),
                           .device = std::move(found.device),
                           .law = std::move(found.law),
                           .rule = std::move(found.rule),
                           .reasons = std::move(found.reasons),
                           .candidates = std::move(found.candidates)};
}

Result<void, control::Refusal> Api::flush() {
  context_.core.flush();
  context_.flushed();
  return {};
}

Result<void, control::Refusal> Api::examine(const std::string& uplink) {
  return answer(context_.core.examine(uplink), uplink);
}

control::ExaminationReply Api::examination() const {
  return {.running = context_.core.examining(), .findings = context_.core.findings()};
}

Result<std::uint64_t, control::Refusal> Api::trace(const std::string& uplink, TraceSink sink) {
  if (!context_.core.facts().contains(uplink))
    return Fault(answer(runtime::Core::Answer::UnknownUplink, uplink).error());
  watchers_[++last_watcher_] = {uplink, std::move(sink)};
  context_.core.set_trace([this](const std::string& name, const runtime::Traced& traced) { on_traced(name, traced); });
  return last_watcher_;
}

void Api::cancel_trace(std::uint64_t number) {
  watchers_.erase(number);
  if (watchers_.empty()) context_.core.set_trace({});
}

void Api::on_traced(const std::string& uplink, const runtime::Traced& traced) const {
  const bool ethernet = traced.layer == runtime::Traced::Layer::Ethernet;
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  for (const auto& [number, watcher] : watchers_) {
    if (watcher.uplink != uplink) continue;
    watcher.sink({.wall_time_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count(),
                  .outgoing = traced.direction == runtime::Direction::Out,
                  .link = ethernet ? control::TracedFrame::Link::Ethernet : control::TracedFrame::Link::Raw,
                  .frame = copy_of(traced.bytes),
                  .text = ethernet ? wire::describe_frame(traced.bytes) : wire::describe_ipv6(traced.bytes)});
  }
}

}  // namespace michi::daemon
