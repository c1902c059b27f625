#include "linux/host/watcher.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "linux/loop/readiness.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK;

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

class Watcher::Impl {
 public:
  explicit Impl(boost::asio::io_context& loop)
      : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), readable_(loop, checked(), [this] { on_readable(); }) {
    readable_.arm();
  }

  void watch(std::set<std::string> paths) {
    for (const auto& [watch, files] : directories_) ::inotify_rm_watch(fd_.get(), watch);
    directories_.clear();
    for (const std::string& path : paths) {
      const auto [directory, name] = split(path);
      const int watch = ::inotify_add_watch(fd_.get(), directory.c_str(), kEvents);
      if (watch >= 0) directories_[watch][name] = path;
    }
    paths_ = std::move(paths);
  }

  std::optional<std::string> poll() {
    if (changed_.empty()) return std::nullopt;
    return changed_.extract(changed_.begin()).value();
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  int checked() const {
    if (!fd_) throw std::runtime_error(port::OsError{"watch files", errno}.text());
    return fd_.get();
  }

  void on_readable() {
    alignas(inotify_event) std::array<std::byte, 8192> buffer{};
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    Bytes rest = Bytes(buffer).first(got > 0 ? static_cast<std::size_t>(got) : 0);
    while (rest.size() >= sizeof(inotify_event)) {
      inotify_event event{};
      std::memcpy(&event, rest.data(), sizeof event);
      const std::size_t whole = sizeof event + event.len;
      if (whole > rest.size()) break;
      const std::string name = text_of(rest.subspan(sizeof event, event.len));
      on_event(event, name.substr(0, name.find('\0')));
      rest = rest.subspan(whole);
    }
    readable_.arm();
    if (!changed_.empty() && wake_) wake_();
  }

  void on_event(const inotify_event& event, const std::string& name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      changed_ = paths_;
      return;
    }
    const auto directory = directories_.find(event.wd);
    if (directory == directories_.end()) return;
    if (const auto file = directory->second.find(name); file != directory->second.end()) changed_.insert(file->second);
  }

  port::Fd fd_;
  std::map<int, std::map<std::string, std::string>> directories_;  // watch → name in it → path
  std::set<std::string> paths_, changed_;
  port::Wake wake_;
  Readiness readable_;
};

Watcher::Watcher(boost::asio::io_context& loop) : impl_(std::make_unique<Impl>(loop)) {}
Watcher::~Watcher() = default;
void Watcher::watch(std::set<std::string> paths) { impl_->watch(std::move(paths)); }
std::optional<std::string> Watcher::poll() { return impl_->poll(); }
void Watcher::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }

}  // namespace michi::linux
