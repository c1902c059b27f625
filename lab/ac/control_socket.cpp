#include "lab/ac/control_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace michi::lab {

using port::OsError;

namespace {
constexpr std::size_t kLongestLine = 64 * 1024;
}  // namespace

ControlSocket::~ControlSocket() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void, OsError> ControlSocket::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Fault(OsError{"listen on " + path, ENAMETOOLONG});
  std::ranges::copy(path, address.sun_path);
  listener_ = port::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ::unlink(path.c_str());
  if (!listener_ || ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
      ::listen(listener_.get(), 64) < 0)
    return Fault(OsError{"listen on " + path, errno});
  path_ = path;
  ready_ = std::make_unique<linux::Readiness>(loop_, listener_.get(), [this] { accept(); });
  ready_->arm();
  return {};
}

void ControlSocket::accept() {
  clients_.remove_if([](const Client& client) { return client.over; });
  for (;;) {
    port::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) break;
    Client& client = clients_.emplace_back();
    client.fd = std::move(fd);
    client.ready = std::make_unique<linux::Readiness>(loop_, client.fd.get(), [this, &client] { read(client); });
    client.ready->arm();
  }
  ready_->arm();
}

void ControlSocket::read(Client& client) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(client.fd.get(), buffer.data(), buffer.size());
  if (got <= 0 && errno != EAGAIN) client.over = true;
  if (got == 0) client.over = true;
  if (got > 0) client.input.append(buffer.data(), static_cast<std::size_t>(got));
  for (std::size_t end = 0; !client.over && (end = client.input.find('\n')) != std::string::npos;) {
    const std::string answer = answer_(std::string_view(client.input).substr(0, end)) + "\n";
    client.input.erase(0, end + 1);
    client.over = ::send(client.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL) != std::ssize(answer);
  }
  if (client.input.size() > kLongestLine) client.over = true;
  // Its Readiness must not be destroyed from inside its own call: the next accept() clears up.
  if (client.over)
    ::shutdown(client.fd.get(), SHUT_RDWR);
  else
    client.ready->arm();
}

}  // namespace michi::lab
