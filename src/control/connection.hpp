#pragma once
// One client of the control socket: requests in turn, or one stream. Only beast.cpp knows HTTP.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>

#include "control/router.hpp"
#include "control/server.hpp"

namespace michi::control {

struct Service {
  Commands& commands;
  observe::EventLog& events;
  ServerOptions options;
};

/// Says why and closes; for a client that cannot be served.
void turn_away(boost::asio::local::stream_protocol::socket& socket, unsigned status, const Refusal& refusal);

/// Serves until the client goes, a deadline passes or the socket is closed.
boost::asio::awaitable<void> serve_client(std::shared_ptr<boost::asio::local::stream_protocol::socket> socket,
                                          std::shared_ptr<Service> service, Rights rights);

}  // namespace michi::control
