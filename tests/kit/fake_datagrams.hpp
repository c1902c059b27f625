#pragma once
// port::DatagramSockets without a kernel: a test looks at what was sent on a device and says what arrives there.

#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "port/datagram_socket.hpp"

namespace michi::kit {

class FakeDatagrams final : public port::DatagramSockets {
 public:
  struct Sent {
    std::string device;
    port::Speaker speaker;
    ByteVec bytes;
    Ipv6 destination;
    std::optional<Ipv6> source;
  };
  using Key = std::pair<std::string, port::Speaker>;

  std::vector<Sent> sent;
  std::set<std::string> missing;  // devices that do not exist
  std::map<Key, port::DatagramSocket*> open_sockets;
  /// Told of everything sent, at once.
  std::function<void(const Sent&)> on_sent;

  bool is_open(const std::string& device, port::Speaker speaker) const {
    return open_sockets.contains({device, speaker});
  }
  /// False: nobody listens there.
  bool arrive(const std::string& device, port::Speaker speaker, port::Datagram datagram) {
    const auto at = open_sockets.find({device, speaker});
    if (at == open_sockets.end()) return false;
    auto& socket = static_cast<Socket&>(*at->second);
    socket.waiting.push_back(std::move(datagram));
    if (socket.wake) socket.wake();
    return true;
  }

  Result<std::unique_ptr<port::DatagramSocket>, port::OsError> open(const std::string& device,
                                                                    port::Speaker speaker) override {
    if (missing.contains(device)) return Fault(port::OsError{"open IPv6 socket on " + device, ENODEV});
    auto made = std::make_unique<Socket>(*this, Key{device, speaker});
    open_sockets[{device, speaker}] = made.get();
    return made;
  }

 private:
  struct Socket final : port::DatagramSocket {
    Socket(FakeDatagrams& of, Key at) : owner(of), key(std::move(at)) {}
    ~Socket() override {
      if (const auto at = owner.open_sockets.find(key); at != owner.open_sockets.end() && at->second == this)
        owner.open_sockets.erase(at);
    }
    Result<void, port::OsError> send(Bytes bytes, const Ipv6& destination, std::optional<Ipv6> source) override {
      owner.sent.push_back({key.first, key.second, copy_of(bytes), destination, source});
      if (owner.on_sent) owner.on_sent(owner.sent.back());
      return {};
    }
    std::optional<port::Datagram> poll() override {
      if (waiting.empty()) return std::nullopt;
      auto first = std::move(waiting.front());
      waiting.pop_front();
      return first;
    }
    void on_wake(port::Wake told) override { wake = std::move(told); }
    FakeDatagrams& owner;
    Key key;
    std::deque<port::Datagram> waiting;
    port::Wake wake;
  };
};

}  // namespace michi::kit
