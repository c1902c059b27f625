#pragma once
// port::FrameSockets without a kernel: a test puts frames in front of an interface, looks at what was sent there, and
// refuses to open as often as it wants.

#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "port/frame_socket.hpp"

namespace michi::kit {

class FakeFrames final : public port::FrameSockets {
 public:
  using Key = std::pair<std::string, port::FrameKind>;

  std::map<Key, int> refusals;  // how often to come
  std::map<Key, int> opened;    // how often, refused or not
  std::map<Key, std::vector<ByteVec>> sent;

  bool is_open(const std::string& interface, port::FrameKind kind) const { return open_.contains({interface, kind}); }
  std::set<Mac> addresses(const std::string& interface, port::FrameKind kind) const {
    return open_.at({interface, kind})->addresses;
  }
  /// False: nobody listens there.
  bool arrive(const std::string& interface, port::FrameKind kind, ByteVec frame) {
    const auto at = open_.find({interface, kind});
    if (at == open_.end()) return false;
    at->second->waiting.push_back(std::move(frame));
    if (at->second->wake) at->second->wake();
    return true;
  }

  Result<std::unique_ptr<port::FrameSocket>, port::OsError> open(const std::string& interface,
                                                                 port::FrameKind kind) override {
    const Key key{interface, kind};
    ++opened[key];
    if (auto& left = refusals[key]; left > 0) {
      --left;
      return Fault(port::OsError{"open packet socket on " + interface, EMFILE});
    }
    auto made = std::make_unique<Socket>(*this, key);
    open_[key] = made.get();
    return made;
  }

 private:
  struct Socket final : port::FrameSocket {
    Socket(FakeFrames& of, Key at) : owner(of), key(std::move(at)) {}
    ~Socket() override {
      if (const auto at = owner.open_.find(key); at != owner.open_.end() && at->second == this) owner.open_.erase(at);
    }
    Result<void, port::OsError> add_address(Mac mac) override {
      addresses.insert(mac);
      return {};
    }
    void remove_address(Mac mac) override { addresses.erase(mac); }
    Result<void, port::OsError> send(Bytes frame, port::Priority) override {
      owner.sent[key].push_back(copy_of(frame));
      return {};
    }
    std::optional<ByteVec> poll() override {
      if (waiting.empty()) return std::nullopt;
      auto first = std::move(waiting.front());
      waiting.pop_front();
      return first;
    }
    void look() override {}
    void on_wake(port::Wake to) override { wake = std::move(to); }

    FakeFrames& owner;
    Key key;
    std::set<Mac> addresses;
    std::deque<ByteVec> waiting;
    port::Wake wake;
  };
  std::map<Key, Socket*> open_;
};

}  // namespace michi::kit
