#pragma once
// port::Files on the file system: whole small files, atomic writes, sysctls.
//
// Reading refuses what is not a regular file or is larger than 16 MiB: nothing michi reads is.

#include "port/system.hpp"

namespace michi::linux {

enum class Sync : std::uint8_t { No, Yes };

/// Whole file; used for /proc too.
Result<std::string, port::OsError> read_file(const std::string& path);
/// A temporary file beside it, then rename; with Sync::Yes the data and the name reach the disk.
Result<void, port::OsError> write_file(const std::string& path, std::string_view text, std::uint32_t mode, Sync sync);

class Files final : public port::Files {
 public:
  /// `sysctl_root` is another place in tests only.
  explicit Files(std::string sysctl_root = "/proc/sys/") : sysctl_root_(std::move(sysctl_root)) {}

  Result<std::string, port::OsError> read(const std::string& path) const override;
  Result<port::FileStatus, port::OsError> status(const std::string& path) const override;
  Result<void, port::OsError> write(const std::string& path, std::string_view text, std::uint32_t mode) override;
  Result<std::vector<std::string>, port::OsError> executables(const std::string& directory) const override;
  Result<std::string, port::OsError> read_sysctl(const std::string& path) const override;
  Result<void, port::OsError> write_sysctl(const std::string& path, std::string_view value) override;

 private:
  std::string sysctl_root_;
};

}  // namespace michi::linux
