#include "runtime/core/settings.hpp"

namespace michi::runtime {

namespace {

constexpr std::string_view kPrefix = "sysctl.";

}  // namespace

void Settings::recall(const std::map<std::string, std::string>& records) {
  for (const auto& [key, value] : records)
    if (key.starts_with(kPrefix)) before_.emplace(key.substr(kPrefix.size()), value);
}

bool Settings::is_host(const std::string& accept_ra) const {
  const auto listens = files_.read_sysctl(accept_ra);
  const auto forwards = files_.read_sysctl(accept_ra.substr(0, accept_ra.rfind('/')) + "/forwarding");
  return listens && forwards && *listens == "1" && *forwards == "0";
}

std::optional<std::string> Settings::write(const model::SysctlWant& want) {
  if (want.only_on_hosts && !is_host(want.path)) return std::nullopt;
  if (want.restore && !before_.contains(want.path)) {
    if (auto old = files_.read_sysctl(want.path); old && *old != want.value) {
      before_.emplace(want.path, *old);
      keeper_.keep(port::Lifetime::Volatile, std::string(kPrefix) + want.path, *old, "what a sysctl was before");
    }
  }
  auto written = files_.write_sysctl(want.path, want.value);
  if (written) return std::nullopt;
  return written.error().text();
}

void Settings::restore() {
  for (const auto& [path, value] : before_) {
    // The interface it belonged to may be gone; then there is nothing to put back.
    std::ignore = files_.write_sysctl(path, value);
    keeper_.keep(port::Lifetime::Volatile, std::string(kPrefix) + path, std::nullopt);
  }
  before_.clear();
}

}  // namespace michi::runtime
