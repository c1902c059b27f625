#include "linux/host/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr std::size_t kLargest = 16u << 20;

Fault<port::OsError> fault(const char* what, const std::string& path, int code) {
  return Fault(port::OsError{std::string(what) + " " + path, code});
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

std::string name_of_user(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::to_string(uid);
  return found->pw_name;
}

std::string name_of_group(gid_t gid) {
  std::array<char, 4096> buffer{};
  group entry{};
  group* found = nullptr;
  if (::getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::to_string(gid);
  return found->gr_name;
}

// "net/ipv4/ip_forward" and nothing that leaves the directory.
bool is_sysctl_path(std::string_view path) {
  return !path.empty() && path.front() != '/' && path.find("..") == std::string_view::npos;
}

}  // namespace

Result<std::string, port::OsError> read_file(const std::string& path) {
  // Non-blocking, so that a FIFO in place of a file does not stop the loop.
  const port::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fault("read", path, errno);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fault("read", path, errno);
  if (S_ISDIR(status.st_mode)) return fault("read", path, EISDIR);
  if (!S_ISREG(status.st_mode)) return Fault(port::OsError{"read " + path + ", which is no regular file", EINVAL});
  std::string text;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault("read", path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargest) return fault("read", path, EFBIG);
  }
}

Result<void, port::OsError> write_file(const std::string& path, std::string_view text, std::uint32_t mode, Sync sync) {
  const std::string directory = directory_of(path);
  std::string temporary = directory + "/.michi-XXXXXX";
  port::Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fault("write", path, errno);
  const bool written = write_all(fd.get(), text) && ::fchmod(fd.get(), mode) == 0 &&
                       (sync == Sync::No || ::fdatasync(fd.get()) == 0) &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const int code = errno;
    ::unlink(temporary.c_str());
    return fault("write", path, code);
  }
  if (sync == Sync::Yes) {
    const port::Fd names(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!names || ::fsync(names.get()) != 0) return fault("write", path, errno);
  }
  return {};
}

Result<std::string, port::OsError> Files::read(const std::string& path) const { return read_file(path); }

Result<port::FileStatus, port::OsError> Files::status(const std::string& path) const {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fault("look at", path, errno);
  return port::FileStatus{.mode = status.st_mode & 07777u,
                          .uid = status.st_uid,
                          .gid = status.st_gid,
                          .owner = name_of_user(status.st_uid),
                          .group = name_of_group(status.st_gid)};
}

Result<void, port::OsError> Files::write(const std::string& path, std::string_view text, std::uint32_t mode) {
  return write_file(path, text, mode, Sync::No);
}

Result<std::vector<std::string>, port::OsError> Files::executables(const std::string& directory) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (!open) return fault("list", directory, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    struct stat status{};
    // Editors' leavings are no hooks.
    if (name.front() == '.' || name.back() == '~') continue;
    const auto path = directory + "/" + name;
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0)
      names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<std::string, port::OsError> Files::read_sysctl(const std::string& path) const {
  if (!is_sysctl_path(path)) return fault("read sysctl", path, EINVAL);
  auto text = read_file(sysctl_root_ + path);
  if (!text) return fault("read sysctl", path, text.error().code);
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  return text;
}

Result<void, port::OsError> Files::write_sysctl(const std::string& path, std::string_view value) {
  if (!is_sysctl_path(path)) return fault("write sysctl", path, EINVAL);
  const port::Fd fd(::open((sysctl_root_ + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || !write_all(fd.get(), value)) return fault("write sysctl", path, errno);
  return {};
}

}  // namespace michi::linux
