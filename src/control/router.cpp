#include "control/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <vector>

#include "control/schema.hpp"

namespace michi::control {

namespace json = boost::json;

namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Reply json_reply(const json::value& value) { return {.status = 200, .body = json::serialize(value) + "\n"}; }

Reply bad_query(std::string text) { return refusal_reply(400, {"bad-query", std::move(text), {}}); }

unsigned status_of(const Refusal& refusal) {
  if (refusal.code == "unknown-uplink") return 404;
  if (refusal.code == "bad-configuration" || refusal.code == "bad-query") return 400;
  return 409;
}

template <class T>
Reply outcome(const Result<T, Refusal>& result) {
  if (!result) return refusal_reply(status_of(result.error()), result.error());
  if constexpr (std::is_void_v<T>) {
    return json_reply(done_reply());
  } else {
    return json_reply(to_json(*result));
  }
}

std::vector<std::string> segments_of(std::string_view target) {
  std::vector<std::string> segments;
  auto path = target.substr(0, target.find('?'));
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(percent_decoded(path.substr(0, end)).value_or("?"));
    path.remove_prefix(end);
  }
  return segments;
}

/// What is asked under a name nobody knows must not be left out of the answer in silence.
std::optional<Reply> unknown_query_key(std::string_view target, std::initializer_list<std::string_view> known) {
  const auto mark = target.find('?');
  auto query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    const auto key = pair.substr(0, pair.find('='));
    if (!key.empty() && std::ranges::find(known, key) == known.end()) {
      std::string list;
      for (const auto each : known) list += (list.empty() ? "" : ", ") + std::string(each);
      return bad_query(fmt::format("\"{}\" is not asked here; there are: {}", key, list));
    }
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return std::nullopt;
}

Refusal forbidden(std::string text) {
  return {"forbidden",
          std::move(text),
          {"be root or a member of the group michi (`usermod -aG michi USER`, then log in anew)"}};
}

Reply status(const std::vector<std::string>& path, const Commands& commands) {
  const auto snapshot = commands.snapshot();
  if (path.size() == 2) return json_reply(to_json(snapshot));
  for (const auto& uplink : snapshot.uplinks) {
    if (uplink.facts.id.name == path[2]) return json_reply(uplink_reply(uplink));
  }
  std::string known;
  for (const auto& uplink : snapshot.uplinks) known += (known.empty() ? "" : ", ") + uplink.facts.id.name;
  return refusal_reply(404,
                       {"unknown-uplink", fmt::format("there is no uplink \"{}\"; there are: {}", path[2], known), {}});
}

Reply reload(const Request& request, Commands& commands) {
  ReloadRequest wanted;
  if (!request.body.empty()) {
    boost::system::error_code error;
    const json::value body = json::parse(request.body, error);
    if (error || !body.is_object()) return bad_query("the body is no JSON object");
    for (const auto& [key, value] : body.as_object()) {
      if (key == "path" && value.is_string()) {
        wanted.path = std::string(value.as_string());
      } else if (key == "dry_run" && value.is_bool()) {
        wanted.dry_run = value.as_bool();
      } else if (key == "confirm" && value.is_int64() && value.as_int64() >= 1 && value.as_int64() <= 86400) {
        wanted.confirm_within = seconds(value.as_int64());
      } else {
        return bad_query(fmt::format("\"{}\" is not a key of this request, or its value is not possible",
                                     std::string_view(key.data(), key.size())));
      }
    }
  }
  return outcome(commands.reload(wanted));
}

Reply why(const Request& request, const Commands& commands) {
  if (auto wrong = unknown_query_key(request.target, {"dst", "from", "iif", "proto", "port", "source_port"}))
    return *std::move(wrong);
  WhyRequest wanted;
  const auto text = [&](std::string_view key) { return query_value(request.target, key).value_or(""); };
  wanted.destination = text("dst");
  wanted.source = text("from");
  wanted.arrives_on = text("iif");
  wanted.protocol = text("proto");
  if (wanted.destination.empty()) return bad_query("dst is missing");
  for (auto [key, port] : {std::pair{"port", &wanted.port}, std::pair{"source_port", &wanted.source_port}}) {
    const auto value = query_value(request.target, key);
    if (!value) continue;
    const auto number = number_of<std::uint16_t>(*value);
    if (!number) return bad_query(fmt::format("{} \"{}\" is no port number", key, *value));
    *port = *number;
  }
  return outcome(commands.why(wanted));
}

Reply examine(const Request& request, Commands& commands) {
  if (auto wrong = unknown_query_key(request.target, {"uplink"})) return *std::move(wrong);
  return outcome(commands.examine(query_value(request.target, "uplink").value_or("")));
}

Answer events_of(const Request& request, const observe::EventLog& events) {
  if (auto wrong = unknown_query_key(request.target, {"since", "follow"})) return *std::move(wrong);
  std::uint64_t since = 0;
  if (auto value = query_value(request.target, "since"); value && !value->empty()) {
    // "a1b2.17": of another start there is nothing left, so all of this one is new.
    const auto dot = value->rfind('.');
    const bool here = dot == std::string::npos || value->substr(0, dot) == events.start_id();
    const auto number = number_of<std::uint64_t>(dot == std::string::npos ? *value : value->substr(dot + 1));
    if (!number) return bad_query(fmt::format("since \"{}\" is no event number", *value));
    if (here) since = *number;
  }
  if (query_value(request.target, "follow") == "1") return FollowEvents{since};
  Reply reply{.status = 200, .body = {}, .lines = true};
  for (const auto& record : events.since(since)) reply.body += events.line(record) + "\n";
  return reply;
}

Reply command_uplink(const std::string& name, const std::string& verb, Commands& commands) {
  if (verb == "up") return outcome(commands.up(name));
  if (verb == "down") return outcome(commands.down(name));
  if (verb == "redial") return outcome(commands.redial(name));
  return refusal_reply(404, {"unknown-path", fmt::format("\"{}\" is not up, down or redial", verb), {}});
}

Reply unknown_path(const Request& request) {
  return refusal_reply(404, {"unknown-path", fmt::format("there is no {} {}", request.method, request.target), {}});
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

std::optional<std::string> query_value(std::string_view target, std::string_view key) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  auto query = target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == key) {
      return percent_decoded(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{});
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

Reply refusal_reply(unsigned status, const Refusal& refusal) {
  return {.status = status, .body = json::serialize(to_json(refusal)) + "\n"};
}

Answer route(const Request& request, Commands& commands, const observe::EventLog& events) {
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (!get && !post) return refusal_reply(405, {"bad-method", "only GET and POST are understood", {}});
  if (request.rights == Rights::Refused) {
    return refusal_reply(403, forbidden("only root and members of the group michi may ask; `control.others-may-look = "
                                        "true` in the file lets others look"));
  }
  if (post && request.rights != Rights::Command) {
    return refusal_reply(403, forbidden("only root and members of the group michi may command"));
  }
  const auto path = segments_of(request.target);
  if (path.size() < 2 || path[0] != "v1") return unknown_path(request);
  const auto is = [&](std::string_view noun, std::size_t length) { return path[1] == noun && path.size() == length; };
  if (get) {
    if (is("status", 2) || is("status", 3)) return status(path, commands);
    if (is("plan", 2)) return json_reply(plan_reply(commands.plan()));
    if (is("why", 2)) return why(request, commands);
    if (is("doctor", 2)) return json_reply(to_json(commands.examination()));
    if (is("events", 2)) return events_of(request, events);
    if (is("trace", 3)) {
      // Frames hold challenges and names: not for everybody's eyes.
      if (request.rights == Rights::Command) return FollowTrace{path[2]};
      return refusal_reply(403, forbidden("only root and members of the group michi may trace"));
    }
    return unknown_path(request);
  }
  if (is("uplinks", 4)) return command_uplink(path[2], path[3], commands);
  if (is("reload", 2)) return reload(request, commands);
  if (is("confirm", 2)) return outcome(commands.confirm());
  if (is("flush", 2)) return outcome(commands.flush());
  if (is("doctor", 2)) return examine(request, commands);
  return unknown_path(request);
}

}  // namespace michi::control
