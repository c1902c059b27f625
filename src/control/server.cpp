#include "control/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <map>

#include "control/connection.hpp"

namespace michi::control {

namespace asio = boost::asio;
using Stream = asio::local::stream_protocol;
using Socket = Stream::socket;
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& io, Commands& commands, observe::EventLog& events, ServerOptions options)
      : context(io), acceptor(io), service(std::make_shared<Service>(Service{commands, events, std::move(options)})) {}

  asio::io_context& context;
  Stream::acceptor acceptor;
  std::shared_ptr<Service> service;
  std::map<std::shared_ptr<Socket>, Rights> clients;
  std::optional<gid_t> commanders;
  bool listening = false;
  bool closed = false;

  void set_mode() const {
    const auto& path = service->options.path;
    if (commanders) std::ignore = chown(path.c_str(), static_cast<uid_t>(-1), *commanders);
    std::ignore = chmod(path.c_str(), service->options.others_may_look ? 0666 : 0660);
  }

  bool full_for(Rights rights) const {
    const auto& limits = service->options;
    if (clients.size() >= limits.connections) return true;
    if (rights == Rights::Command) return false;
    const auto others = std::ranges::count_if(clients, [](const auto& c) { return c.second != Rights::Command; });
    return static_cast<std::size_t>(others) + limits.for_commanders >= limits.connections;
  }

  void take(Socket socket, Rights rights) {
    if (full_for(rights)) {
      turn_away(socket, 503, {"busy", "too many clients of the control socket; end one of them", {}});
      return;
    }
    auto client = std::make_shared<Socket>(std::move(socket));
    clients.emplace(client, rights);
    asio::co_spawn(context, serve_client(client, service, rights),
                   [self = shared_from_this(), client](const std::exception_ptr&) { self->clients.erase(client); });
  }

  static asio::awaitable<void> accept(std::shared_ptr<Impl> self) {
    while (!self->closed) {
      auto [error, socket] = co_await self->acceptor.async_accept(kAsTuple);
      if (self->closed || error == asio::error::operation_aborted) co_return;
      if (error) {
        // No descriptors left, most likely: give others time to end.
        asio::steady_timer pause(self->context, std::chrono::milliseconds(100));
        co_await pause.async_wait(kAsTuple);
        continue;
      }
      const auto peer = peer_of(socket.native_handle());
      const auto rights = rights_of(peer, self->commanders, geteuid(), self->service->options.others_may_look);
      self->take(std::move(socket), rights);
    }
  }
};

Server::Server(asio::io_context& context, Commands& commands, observe::EventLog& events, ServerOptions options)
    : impl_(std::make_shared<Impl>(context, commands, events, std::move(options))) {
  impl_->commanders = group_number(impl_->service->options.group);
}

Server::~Server() { close(); }

bool somebody_listens(const std::string& path) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof address.sun_path - 1));
  const int result = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool listens = result == 0 || errno == EAGAIN;
  ::close(probe);
  return listens;
}

Result<void, std::string> Server::listen() {
  const auto& path = impl_->service->options.path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return Fault(fmt::format("{}: the path is too long", path));
  struct stat status{};
  if (lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return Fault(fmt::format("{}: exists and is no socket; remove it", path));
    if (somebody_listens(path)) return Fault(fmt::format("{}: another michid is running there", path));
    unlink(path.c_str());
  }
  boost::system::error_code error;
  impl_->acceptor.open(Stream(), error);
  // Nobody may connect between bind and chmod.
  const mode_t mask = umask(0177);
  if (!error) impl_->acceptor.bind(Stream::endpoint(path), error);
  umask(mask);
  if (!error) impl_->acceptor.listen(static_cast<int>(impl_->service->options.connections), error);
  if (error) {
    impl_->acceptor.close();
    return Fault(fmt::format("{}: {}", path, error.message()));
  }
  impl_->set_mode();
  impl_->listening = true;
  asio::co_spawn(impl_->context, Impl::accept(impl_), [](const std::exception_ptr&) {});
  return {};
}

void Server::serve(int descriptor, Rights rights) {
  Socket socket(impl_->context);
  boost::system::error_code error;
  socket.assign(Stream(), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  impl_->take(std::move(socket), rights);
}

void Server::set_others_may_look(bool allowed) {
  impl_->service->options.others_may_look = allowed;
  if (impl_->listening) impl_->set_mode();
}

void Server::close() {
  if (impl_->closed) return;
  impl_->closed = true;
  boost::system::error_code error;
  impl_->acceptor.close(error);
  if (impl_->listening) unlink(impl_->service->options.path.c_str());
  for (const auto& [client, rights] : impl_->clients) client->close(error);
}

std::size_t Server::connections() const { return impl_->clients.size(); }

}  // namespace michi::control
