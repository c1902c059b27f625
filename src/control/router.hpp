#pragma once
// One request → one reply, or a stream: paths, rights and queries of the API, without any socket.
//
// docs/operator/cli.md "The API" lists the paths. Any text may come as a target or a body.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "control/commands.hpp"
#include "control/peer.hpp"
#include "observe/event_log.hpp"

namespace michi::control {

struct Request {
  std::string method;
  std::string target;
  std::string body;
  Rights rights = Rights::Refused;
};

struct Reply {
  unsigned status = 200;
  std::string body;
  bool lines = false;  // JSON lines instead of one object
};
/// Everything after `since`, then what comes.
struct FollowEvents {
  std::uint64_t since = 0;
};
struct FollowTrace {
  std::string uplink;
};
using Answer = std::variant<Reply, FollowEvents, FollowTrace>;

Answer route(const Request& request, Commands& commands, const observe::EventLog& events);
Reply refusal_reply(unsigned status, const Refusal& refusal);

/// The value of a query key, decoded; nullopt when it is not there.
std::optional<std::string> query_value(std::string_view target, std::string_view key);
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace michi::control
