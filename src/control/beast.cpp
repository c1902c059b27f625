// The only file of the daemon that includes Beast: HTTP/1.1 on one connection. Beast's own code is
// compiled here too.

// GCC 12 at -O2 takes Asio's own pair of coroutine frame allocators for a mismatch.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/src.hpp>
#include <boost/json.hpp>
#include <deque>

#include "control/connection.hpp"
#include "control/schema.hpp"

namespace michi::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Socket = asio::local::stream_protocol::socket;
using Message = http::response<http::string_body>;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kHeaderLimit = 8 * 1024;

namespace {

Message message_of(const Reply& reply, unsigned version, bool keep_alive) {
  Message message(static_cast<http::status>(reply.status), version);
  message.set(http::field::server, "michid/" MICHI_VERSION);
  message.set(http::field::content_type, reply.lines ? "application/x-ndjson" : "application/json");
  message.keep_alive(keep_alive);
  message.body() = reply.body;
  message.prepare_payload();
  return message;
}

/// Closes the socket when time is up; every wait of a connection goes through one of these.
class Deadline {
 public:
  Deadline(std::shared_ptr<Socket> socket, Duration within) : timer_(socket->get_executor(), within) {
    timer_.async_wait([socket](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket->close(ignored);
    });
  }

 private:
  asio::steady_timer timer_;  // its end cancels the wait
};

/// Lines for one follower: filled by listeners, emptied by the stream.
struct Follower {
  Follower(const asio::any_io_executor& executor, std::size_t most) : limit(most), news(executor) {}

  void push(std::string line) {
    if (overrun || gone) return;
    if (lines.size() >= limit) {
      overrun = true;
    } else {
      lines.push_back(std::move(line));
    }
    news.cancel();
  }
  void leave() {
    gone = true;
    news.cancel();
  }

  std::deque<std::string> lines;
  std::size_t limit;
  bool overrun = false;  // it did not keep up
  bool gone = false;     // it closed its side, or sent what it must not
  asio::steady_timer news;
};

std::string chunk_of(const std::string& text) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

asio::awaitable<bool> write_text(std::shared_ptr<Socket> socket, std::string text, Duration within) {
  const Deadline deadline(socket, within);
  const auto buffer = asio::buffer(text);
  auto [error, size] = co_await asio::async_write(*socket, buffer, kAsTuple);
  co_return !error;
}

/// Sends what comes in until the client goes, or does not keep up.
asio::awaitable<void> stream(std::shared_ptr<Socket> socket, std::shared_ptr<Follower> follower,
                             std::shared_ptr<Service> service) {
  socket->async_wait(Socket::wait_read, [follower](const boost::system::error_code&) { follower->leave(); });
  std::string head =
      "HTTP/1.1 200 OK\r\nServer: michid/" MICHI_VERSION
      "\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  bool open = co_await write_text(socket, std::move(head), service->options.idle);
  while (open && !follower->gone) {
    std::string batch;
    while (!follower->lines.empty() && batch.size() < 64 * 1024) {
      batch += follower->lines.front();
      batch += '\n';
      follower->lines.pop_front();
    }
    if (!batch.empty()) {
      open = co_await write_text(socket, chunk_of(batch), service->options.idle);
      continue;
    }
    if (follower->overrun) break;
    follower->news.expires_after(service->options.heartbeat);
    auto [error] = co_await follower->news.async_wait(kAsTuple);
    if (!error) open = co_await write_text(socket, chunk_of("\n"), service->options.idle);
  }
  if (!open || follower->gone) co_return;
  std::string last = chunk_of(R"({"cut":"this reader did not keep up; ask again with since= the last number it saw"})"
                              "\n");
  last += "0\r\n\r\n";
  co_await write_text(socket, std::move(last), service->options.idle);
}

asio::awaitable<void> follow_events(std::shared_ptr<Socket> socket, std::shared_ptr<Service> service,
                                    std::uint64_t since) {
  auto& log = service->events;
  const auto past = log.since(since);
  // The past does not count: a follower is slow when it cannot take what comes now.
  auto follower = std::make_shared<Follower>(socket->get_executor(), service->options.follower_queue + past.size());
  for (const auto& record : past) follower->push(log.line(record));
  const auto number = log.listen([follower, &log](const observe::Record& record) { follower->push(log.line(record)); });
  co_await stream(socket, follower, service);
  log.forget(number);
}

asio::awaitable<void> follow_trace(std::shared_ptr<Socket> socket, std::shared_ptr<Service> service,
                                   std::string uplink) {
  auto follower = std::make_shared<Follower>(socket->get_executor(), service->options.follower_queue);
  const auto number = service->commands.trace(
      uplink, [follower](const TracedFrame& frame) { follower->push(boost::json::serialize(to_json(frame))); });
  if (!number) {
    Message message = message_of(refusal_reply(404, number.error()), 11, false);
    const Deadline deadline(socket, service->options.idle);
    co_await http::async_write(*socket, message, kAsTuple);
    co_return;
  }
  co_await stream(socket, follower, service);
  service->commands.cancel_trace(*number);
}

struct Received {
  std::optional<http::request<http::string_body>> request;
  std::optional<Reply> refusal;  // neither: the client is gone
};

asio::awaitable<Received> receive(std::shared_ptr<Socket> socket, std::shared_ptr<beast::flat_buffer> buffer,
                                  std::shared_ptr<Service> service) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(kHeaderLimit);
  parser.body_limit(service->options.body_limit);
  Received received;
  boost::system::error_code outcome;
  {
    const Deadline deadline(socket, service->options.idle);
    auto [error, size] = co_await http::async_read(*socket, *buffer, parser, kAsTuple);
    outcome = error;
  }
  if (!outcome) {
    received.request = parser.release();
  } else if (outcome == http::error::body_limit) {
    received.refusal = refusal_reply(413, {"too-large", "the body of a request may have 1 MiB", {}});
  } else if (outcome == http::error::header_limit || outcome == http::error::buffer_overflow) {
    received.refusal = refusal_reply(431, {"too-large", "the header of a request may have 8 KiB", {}});
  } else if (outcome.category() == http::make_error_code(http::error::bad_method).category() &&
             outcome != http::error::end_of_stream && outcome != http::error::partial_message) {
    received.refusal = refusal_reply(400, {"bad-request", "this is no HTTP/1.1: " + outcome.message(), {}});
  }
  co_return received;
}

}  // namespace

void turn_away(Socket& socket, unsigned status, const Refusal& refusal) {
  Message message = message_of(refusal_reply(status, refusal), 11, false);
  boost::system::error_code error;
  socket.non_blocking(true, error);
  http::write(socket, message, error);
  socket.close(error);
}

asio::awaitable<void> serve_client(std::shared_ptr<Socket> socket, std::shared_ptr<Service> service, Rights rights) {
  auto buffer = std::make_shared<beast::flat_buffer>(kHeaderLimit + service->options.body_limit);
  bool keep = true;
  while (keep && socket->is_open()) {
    Received received = co_await receive(socket, buffer, service);
    if (!received.request && !received.refusal) break;
    Reply reply;
    unsigned version = 11;
    if (received.refusal) {
      keep = false;
      reply = std::move(*received.refusal);
    } else {
      auto& asked = *received.request;
      version = asked.version();
      keep = asked.keep_alive();
      Request request;
      request.method = std::string(asked.method_string());
      request.target = std::string(asked.target());
      request.body = std::move(asked.body());
      request.rights = rights;
      Answer answer = route(request, service->commands, service->events);
      if (auto* follow = std::get_if<FollowEvents>(&answer)) {
        co_await follow_events(socket, service, follow->since);
        break;
      }
      if (auto* follow = std::get_if<FollowTrace>(&answer)) {
        co_await follow_trace(socket, service, follow->uplink);
        break;
      }
      reply = std::move(std::get<Reply>(answer));
    }
    Message message = message_of(reply, version, keep);
    const Deadline deadline(socket, service->options.idle);
    auto [error, size] = co_await http::async_write(*socket, message, kAsTuple);
    if (error) break;
  }
  boost::system::error_code error;
  socket->shutdown(Socket::shutdown_send, error);
  socket->close(error);
}

}  // namespace michi::control
