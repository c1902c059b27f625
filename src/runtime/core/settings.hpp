#pragma once
// Writes sysctls, and remembers in /run what stood there before, so that `michi flush` can put it
// back, also after a restart in between. Only those that policy marks for restoring are remembered.

#include <map>
#include <optional>
#include <string>

#include "model/kernel.hpp"
#include "port/system.hpp"
#include "runtime/tickets.hpp"

namespace michi::runtime {

class Settings {
 public:
  Settings(port::Files& files, port::Store& store, Tickets& tickets)
      : files_(files), store_(store), tickets_(tickets) {}

  /// What an earlier life found before it wrote, by record key.
  void recall(const std::map<std::string, std::string>& records);
  /// The failure's text, if it failed.
  std::optional<std::string> write(const model::SysctlWant& want);
  void restore();

 private:
  bool is_host(const std::string& accept_ra) const;

  port::Files& files_;
  port::Store& store_;
  Tickets& tickets_;
  std::map<std::string, std::string> before_;  // path → value
};

}  // namespace michi::runtime
