// michi-ac: an access concentrator for the lab. See README.md.

#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>

#include "lab/ac/control_socket.hpp"
#include "lab/ac/network.hpp"
#include "lab/ac/server.hpp"

int main(int argc, char** argv) {
  using namespace michi;
  auto options = lab::parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "michi-ac: %s\n%s", options.error().c_str(), lab::usage().c_str());
    return 2;
  }
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  boost::asio::io_context loop(1);
  lab::Server server(loop, *options);
  if (const auto opened = server.open(); !opened) {
    std::fprintf(stderr, "michi-ac: %s\n", opened.error().text().c_str());
    return 1;
  }
  if (!lab::apply(lab::network_script(*options))) std::fprintf(stderr, "michi-ac: ip(8) refused something\n");
  lab::ControlSocket control(loop, [&](std::string_view line) { return server.command(line); });
  if (!options->control.empty()) {
    if (const auto listening = control.listen(options->control); !listening) {
      std::fprintf(stderr, "michi-ac: %s\n", listening.error().text().c_str());
      return 1;
    }
  }
  const port::Fd asked(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  linux::Readiness over(loop, asked.get(), [&] {
    server.stop();
    loop.stop();
  });
  over.arm();
  loop.run();
  return 0;
}
