#include "lab/ac/server.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <tuple>

#include "lab/ac/network.hpp"
#include "linux/host/entropy.hpp"

namespace michi::lab {

namespace json = boost::json;
namespace pppoe = engine::pppoe;
using port::OsError;

namespace {

std::int64_t micros(Instant at) { return std::chrono::duration_cast<microseconds>(at.time_since_epoch()).count(); }

json::object describe(const pppoe::SessionInfo& session) {
  json::object out{{"id", session.session_id},
                   {"sid", session.session_id},
                   {"mac", to_text(session.peer)},
                   {"user", session.user},
                   {"mtu", session.mtu}};
  out["address"] = session.address ? json::value(to_text(*session.address)) : json::value(nullptr);
  out["address6"] = session.address6 ? json::value(to_text(*session.address6)) : json::value(nullptr);
  return out;
}

void print(const json::object& event) {
  const std::string line = json::serialize(event) + "\n";
  std::ignore = ::write(STDOUT_FILENO, line.data(), line.size());
}

std::string text(const json::object& request, std::string_view key) {
  const json::value* value = request.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
}

template <class Set>
void with_number(const json::object& request, std::string_view key, Set set) {
  const json::value* value = request.if_contains(key);
  if (value == nullptr) return;
  if (value->is_int64() && value->as_int64() >= 0) set(static_cast<std::uint32_t>(value->as_int64()));
  if (value->is_bool()) set(value->as_bool() ? 1u : 0u);
}

}  // namespace

Server::Server(boost::asio::io_context& loop, Options options)
    : options_(std::move(options)),
      alarm_(loop),
      settle_(loop, [this] { alarm_.set(engine_->next_deadline()); }),
      frames_(loop,
              [this](Bytes frame) {
                const Instant now = alarm_.now();
                setups_.on_frame(frame, now);
                engine_->on_frame(frame, now);
                pump();
              }),
      data_(loop, [this](Bytes frame) {
        engine_->on_frame(frame, alarm_.now());
        pump();
      }) {}

Result<void, OsError> Server::open() {
  if (auto opened = data_.open(options_.interface, options_.tun, options_.ac.mru); !opened) return opened;
  auto key = linux::Entropy().key();
  if (!key) return Fault(key.error());
  options_.ac.discovery.local = data_.address();
  engine_ = std::make_unique<pppoe::AccessConcentrator>(options_.ac, Random(*key));
  alarm_.on_wake([this] {
    engine_->on_deadline(alarm_.now());
    pump();
  });
  return frames_.open(options_.interface);
}

void Server::pump() {
  while (auto output = engine_->poll()) {
    if (const auto* frame = std::get_if<pppoe::AcFrame>(&*output)) {
      setups_.on_frame(frame->bytes, alarm_.now());
      frames_.send(frame->bytes);
    } else if (const auto* up = std::get_if<pppoe::SessionUp>(&*output)) {
      session_up(up->session);
    } else if (const auto* down = std::get_if<pppoe::SessionDown>(&*output)) {
      session_down(*down);
    } else if (const auto* note = std::get_if<pppoe::AcNote>(&*output)) {
      std::fprintf(stderr, "%s\n", note->text.c_str());
    }
  }
  settle_.post();
}

void Server::session_up(const pppoe::SessionInfo& session) {
  const Instant now = alarm_.now();
  const auto block = options_.blocks.find(session.user);
  data_.set(session, block == options_.blocks.end() ? std::nullopt : std::optional(block->second));
  if (!session.address6) withdraw(data_.delegated_to(session.session_id));
  const bool first = up_since_.emplace(session.session_id, now).second;
  json::object event = describe(session);
  event["event"] = first ? "session-up" : "session-changed";
  event["at_us"] = micros(now);
  if (first) ++sessions_up_;
  if (const auto times = setups_.of(session.session_id); times && first) {
    event["padi_us"] = micros(times->padi);
    if (times->pado) event["pado_us"] = micros(*times->pado);
    event["setup_ms"] = std::chrono::duration<double, std::milli>(now - times->padi).count();
  }
  print(event);
}

void Server::session_down(const pppoe::SessionDown& down) {
  json::object event = describe(down.session);
  event["event"] = "session-down";
  event["at_us"] = micros(alarm_.now());
  event["reason"] = down.reason;
  event["foreign_source"] = data_.foreign_of(down.session.session_id);
  print(event);
  ++sessions_down_;
  up_since_.erase(down.session.session_id);
  withdraw(data_.delegated_to(down.session.session_id));
  data_.remove(down.session);
}

void Server::stop() {
  for (const auto& session : engine_->sessions())
    engine_->end_session(session.session_id, pppoe::EndBy::Padt, alarm_.now(), "the access concentrator stops");
  pump();
}

std::vector<std::uint16_t> Server::chosen(const json::object& request) const {
  const json::value* sid = request.if_contains("sid");
  if (sid == nullptr) sid = request.if_contains("id");
  const std::string user = text(request, "user");
  const std::string address6 = text(request, "address6");
  std::vector<std::uint16_t> out;
  for (const auto& session : engine_->sessions()) {
    if (sid != nullptr && (!sid->is_int64() || sid->as_int64() != session.session_id)) continue;
    if (!user.empty() && user != session.user) continue;
    if (!address6.empty() && (!session.address6 || address6 != to_text(*session.address6))) continue;
    out.push_back(session.session_id);
  }
  return out;
}

void Server::kill(const json::object& request, json::object& answer) {
  const std::string how = text(request, "how");
  auto by = pppoe::EndBy::Padt;
  if (how == "term") {
    by = pppoe::EndBy::TerminateRequest;
  } else if (how == "silent") {
    by = pppoe::EndBy::Vanish;
  } else if (!how.empty() && how != "padt") {
    answer["error"] = "how: padt, term or silent";
    return;
  }
  const auto victims = chosen(request);
  for (const std::uint16_t id : victims) engine_->end_session(id, by, alarm_.now());
  answer["ended"] = victims.size();
}

void Server::delegate(const json::object& request, json::object& answer) {
  const auto prefix = parse_prefix(text(request, "prefix"));
  const auto sessions = chosen(request);
  if (!prefix || prefix->family() != Family::V6) {
    answer["error"] = "prefix: an IPv6 prefix";
  } else if (sessions.size() != 1 || !data_.delegate(sessions.front(), prefix->canonical())) {
    answer["error"] = "not one session";
  } else if (!apply("route replace " + to_text(prefix->canonical()) + " dev " + options_.tun + "\n")) {
    answer["error"] = "ip(8) refused the route";
  }
}

void Server::withdraw(const std::vector<Prefix>& prefixes) {
  std::string script;
  for (const Prefix& prefix : prefixes) {
    data_.withdraw(prefix);
    script += "route del " + to_text(prefix) + " dev " + options_.tun + "\n";
  }
  if (!script.empty()) std::ignore = apply(script);
}

void Server::set(const json::object& request) {
  auto& faults = engine_->faults();
  auto& discovery = engine_->discovery();
  with_number(request, "drop_config_requests", [&](std::uint32_t v) { faults.drop_configure_requests = v; });
  with_number(request, "drop_pads", [&](std::uint32_t v) { faults.drop_confirmations = v; });
  with_number(request, "ignore_echo", [&](std::uint32_t v) { faults.ignore_echo = v != 0; });
  with_number(request, "mute", [&](std::uint32_t v) { faults.mute_sessions = v != 0; });
  with_number(request, "silent", [&](std::uint32_t v) { faults.silent = v != 0; });
  with_number(request, "padt_with_auth_failure", [&](std::uint32_t v) { faults.padt_with_auth_failure = v != 0; });
  with_number(request, "max_sessions", [&](std::uint32_t v) { discovery.max_sessions = v; });
  with_number(request, "max_per_mac", [&](std::uint32_t v) { discovery.max_per_mac = v; });
  with_number(request, "padi_per_second_per_mac", [&](std::uint32_t v) { discovery.one_padi_per_second = v != 0; });
  with_number(request, "pado_delay_ms", [&](std::uint32_t v) { discovery.pado_delay = milliseconds(v); });
  if (const json::value* refuse = request.if_contains("refuse")) {
    const bool on = refuse->is_string() || (refuse->is_bool() && refuse->as_bool());
    discovery.refuse = on ? pppoe::Refusal::AcSystemError : pppoe::Refusal::None;
    discovery.refuse_text = text(request, "refuse");
  }
}

json::object Server::sessions_answer() const {
  json::array list;
  for (const auto& session : engine_->sessions()) {
    json::object one = describe(session);
    const auto since = up_since_.find(session.session_id);
    one["up"] = since != up_since_.end();
    if (since != up_since_.end()) one["up_us"] = micros(since->second);
    json::array delegated;
    for (const Prefix& prefix : data_.delegated_to(session.session_id)) delegated.emplace_back(to_text(prefix));
    one["delegated"] = std::move(delegated);
    one["packets"] = data_.packets_from(session.session_id);
    one["foreign_source"] = data_.foreign_of(session.session_id);
    list.push_back(std::move(one));
  }
  return {{"sessions", std::move(list)}};
}

json::object Server::counters_answer() const {
  const DataCounters& c = data_.counters();
  const auto& d = engine_->counters();
  return {{"rx_packets", c.rx_packets},
          {"rx_bytes", c.rx_bytes},
          {"tx_packets", c.tx_packets},
          {"tx_bytes", c.tx_bytes},
          {"rx_dropped", c.rx_dropped},
          {"tx_dropped", c.tx_dropped},
          {"foreign_source", c.foreign_source},
          {"violations", c.oversize + c.bad_length + c.bad_checksum + c.partial_checksum + c.tagged},
          {"oversize", c.oversize},
          {"bad_length", c.bad_length},
          {"bad_checksum", c.bad_checksum},
          {"partial_checksum", c.partial_checksum},
          {"tagged", c.tagged},
          {"no_session", c.no_session},
          {"padi", d.padi},
          {"pado", d.pado},
          {"padr", d.padr},
          {"pads", d.pads},
          {"padt_in", d.padt_in},
          {"padt_out", d.padt_out},
          {"refused", d.refused},
          {"malformed", d.malformed},
          {"ignored", d.ignored},
          {"sessions_up", sessions_up_},
          {"sessions_down", sessions_down_}};
}

std::string Server::command(std::string_view line) {
  boost::system::error_code error;
  const json::value parsed = json::parse(line, error);
  json::object answer;
  if (error || !parsed.is_object()) return json::serialize(json::object{{"error", "not a JSON object"}});
  const json::object& request = parsed.as_object();
  const std::string verb = request.contains("cmd") ? text(request, "cmd") : text(request, "command");
  const Instant now = alarm_.now();
  if (verb == "sessions") {
    answer = sessions_answer();
  } else if (verb == "counters") {
    answer = counters_answer();
  } else if (verb == "kill") {
    kill(request, answer);
  } else if (verb == "restart") {
    engine_->restart(now);
  } else if (verb == "delegate") {
    delegate(request, answer);
  } else if (verb == "withdraw") {
    if (const auto prefix = parse_prefix(text(request, "prefix"))) withdraw({prefix->canonical()});
  } else if (verb == "renegotiate") {
    for (const std::uint16_t id : chosen(request)) engine_->renegotiate(id, now);
  } else if (verb == "rechallenge") {
    for (const std::uint16_t id : chosen(request)) engine_->rechallenge(id, now);
  } else if (verb == "silent") {
    const json::value* on = request.if_contains("on");
    engine_->faults().silent = on == nullptr || !on->is_bool() || on->as_bool();
  } else if (verb == "set") {
    set(request);
  } else {
    answer["error"] = "no such command: " + verb;
  }
  pump();
  answer["ok"] = !answer.contains("error");
  return json::serialize(answer);
}

}  // namespace michi::lab
