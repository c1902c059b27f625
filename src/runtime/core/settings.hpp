#pragma once
// Writes sysctls, and remembers in /run what stood there before, so that `michi flush` can put it
// back, also after a restart in between. Only those that policy marks for restoring are remembered.

#include <map>
#include <optional>
#include <string>

#include "model/kernel.hpp"
#include "port/system.hpp"
#include "runtime/records/keeper.hpp"

namespace michi::runtime {

class Settings {
 public:
  Settings(port::Files& files, RecordKeeper& keeper) : files_(files), keeper_(keeper) {}

  /// What an earlier life found before it wrote, by record key.
  void recall(const std::map<std::string, std::string>& records);
  /// The failure's text, if it failed.
  std::optional<std::string> write(const model::SysctlWant& want);
  void restore();

 private:
  bool is_host(const std::string& accept_ra) const;

  port::Files& files_;
  RecordKeeper& keeper_;
  std::map<std::string, std::string> before_;  // path → value
};

}  // namespace michi::runtime
