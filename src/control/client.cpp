#include "control/client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace michi::control {

namespace {

constexpr std::size_t kLongest = 64 * 1024 * 1024;

Fault<ClientFailure> broken(std::string text) {
  return Fault(ClientFailure{ClientFailure::Kind::Broken, std::move(text), ""});
}

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void, ClientFailure> open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return broken(path + ": the path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
    const int code = errno;
    const std::string text = fmt::format("{}: {}", path, std::strerror(code));
    if (code == EACCES || code == EPERM) {
      return Fault(
          ClientFailure{ClientFailure::Kind::NotAllowed, text,
                        "be root or a member of the group michi (`usermod -aG michi USER`, then log in anew)"});
    }
    return Fault(ClientFailure{ClientFailure::Kind::NotReachable, text,
                               "start the daemon (`systemctl start michid`), or give its socket with --socket PATH"});
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      // A server that turns us away answers before it has read; the answer is still to be had.
      if (sent <= 0) return errno == EPIPE;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// More octets at the end of `buffer`; false at the end, or when patience is over.
  bool receive(std::string& buffer, Duration patience) {
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    const int limit = patience == Duration::max() ? -1 : static_cast<int>(whole_milliseconds(patience));
    int ready = 0;
    do {
      ready = poll(&wait, 1, limit);
    } while (ready < 0 && errno == EINTR);
    late_ = ready == 0;
    if (ready <= 0) return false;
    char room[16 * 1024];
    const auto got = recv(fd_, room, sizeof room, 0);
    if (got <= 0) return false;
    buffer.append(room, static_cast<std::size_t>(got));
    return true;
  }
  bool late() const { return late_; }

 private:
  int fd_ = -1;
  bool late_ = false;
};

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_word(line.substr(0, colon), name)) {
      auto value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return value;
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return std::nullopt;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

/// Takes whole chunks off the front of `raw`; true when the last one was seen, nullopt for nonsense.
std::optional<bool> unchunk(std::string& raw, std::string& body) {
  for (;;) {
    const auto end = raw.find("\r\n");
    if (end == std::string::npos) return raw.size() > 32 ? std::nullopt : std::optional(false);
    const auto size = number(std::string_view(raw).substr(0, end), 16);
    if (!size || *size > kLongest) return std::nullopt;
    if (*size == 0) return true;
    if (raw.size() < end + 2 + *size + 2) return false;
    body.append(raw, end + 2, *size);
    raw.erase(0, end + 2 + *size + 2);
  }
}

/// Whole lines off the front; empty ones are heartbeats.
bool hand_lines(std::string& text, const std::function<bool(std::string_view)>& line) {
  std::size_t start = 0;
  bool more = true;
  for (auto end = text.find('\n'); more && end != std::string::npos; end = text.find('\n', start)) {
    if (end > start) more = line(std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  text.erase(0, start);
  return more;
}

}  // namespace

Result<Response, ClientFailure> Client::ask(const std::string& method, const std::string& target,
                                            const std::string& body,
                                            const std::function<bool(std::string_view)>* line) const {
  Connection connection;
  if (auto opened = connection.open(path_); !opened) return Fault(opened.error());
  const auto request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: michi\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: "
      "close\r\n\r\n{}",
      method, target, body.size(), body);
  if (!connection.send(request)) return broken("the daemon closed the connection");

  const auto incomplete = [&] {
    return connection.late() ? broken("the daemon did not answer in time") : broken("the answer ended early");
  };
  std::string raw;
  auto end = std::string::npos;
  while ((end = raw.find("\r\n\r\n")) == std::string::npos) {
    if (raw.size() > 64 * 1024 || !connection.receive(raw, patience_)) return incomplete();
  }
  const std::string head = raw.substr(0, end);
  raw.erase(0, end + 4);
  Response response;
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return broken("the answer is no HTTP");
  response.status = static_cast<unsigned>(number(std::string_view(head).substr(9, 3), 10).value_or(0));

  if (header(head, "transfer-encoding") != "chunked") {
    const auto length = number(header(head, "content-length").value_or("0"), 10).value_or(0);
    if (length > kLongest) return broken("the answer is too long");
    while (raw.size() < length) {
      if (!connection.receive(raw, patience_)) return incomplete();
    }
    response.body = raw.substr(0, length);
    return response;
  }
  for (;;) {
    const auto last = unchunk(raw, response.body);
    if (!last) return broken("the answer has a broken chunk");
    if (line != nullptr && !hand_lines(response.body, *line)) return response;
    if (*last) return response;
    if (raw.size() + response.body.size() > kLongest) return broken("the answer is too long");
    if (!connection.receive(raw, line != nullptr ? Duration::max() : patience_)) {
      return broken("the daemon ended the stream");
    }
  }
}

Result<Response, ClientFailure> Client::get(const std::string& target) const { return ask("GET", target, "", nullptr); }

Result<Response, ClientFailure> Client::post(const std::string& target, const std::string& body) const {
  return ask("POST", target, body, nullptr);
}

Result<Response, ClientFailure> Client::follow(const std::string& target,
                                               const std::function<bool(std::string_view)>& line) const {
  return ask("GET", target, "", &line);
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace michi::control
