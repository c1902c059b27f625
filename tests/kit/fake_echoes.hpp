#pragma once
// port::EchoSockets without a kernel: a test looks at what is asked on a device, and answers or does not.

#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "port/echo_socket.hpp"

namespace michi::kit {

class FakeEchoes final : public port::EchoSockets {
 public:
  struct Asked {
    std::string device;
    Address to;
    ByteVec message;
  };
  using Key = std::pair<std::string, Family>;

  std::set<std::string> missing;  // devices that do not exist
  bool wakes = true;              // otherwise what arrives is found by looking alone
  std::map<Key, port::EchoSocket*> open_sockets;
  /// Told of every question, at once.
  std::function<void(const Asked&)> on_asked;

  bool is_open(const std::string& device, Family family) const { return open_sockets.contains({device, family}); }
  /// False: nobody listens there.
  bool arrive(const std::string& device, const Address& source, ByteVec message) {
    const auto at = open_sockets.find({device, source.family()});
    if (at == open_sockets.end()) return false;
    auto& socket = static_cast<Socket&>(*at->second);
    socket.waiting.push_back({std::move(message), source});
    if (wakes && socket.wake) socket.wake();
    return true;
  }

  Result<std::unique_ptr<port::EchoSocket>, port::OsError> open(const std::string& device, Family family) override {
    if (missing.contains(device)) return Fault(port::OsError{"open ICMP socket on " + device, ENODEV});
    auto made = std::make_unique<Socket>(*this, Key{device, family});
    open_sockets[{device, family}] = made.get();
    return made;
  }

 private:
  struct Socket final : port::EchoSocket {
    Socket(FakeEchoes& of, Key at) : owner(of), key(std::move(at)) {}
    ~Socket() override {
      if (const auto at = owner.open_sockets.find(key); at != owner.open_sockets.end() && at->second == this)
        owner.open_sockets.erase(at);
    }
    Result<void, port::OsError> send(Bytes message, const Address& destination) override {
      if (owner.on_asked) owner.on_asked({key.first, destination, copy_of(message)});
      return {};
    }
    std::optional<port::EchoHeard> poll() override {
      if (waiting.empty()) return std::nullopt;
      auto first = std::move(waiting.front());
      waiting.pop_front();
      return first;
    }
    void on_wake(port::Wake told) override { wake = std::move(told); }
    FakeEchoes& owner;
    Key key;
    std::deque<port::EchoHeard> waiting;
    port::Wake wake;
  };
};

}  // namespace michi::kit
