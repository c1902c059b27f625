#pragma once
// Sessions of an earlier life whose uplinks are gone: each gets its PADT as soon as its line can carry one.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/uplink.hpp"
#include "runtime/channels.hpp"

namespace michi::runtime {

class Orphans {
 public:
  explicit Orphans(Channels& channels) : channels_(channels) {}

  void add(model::SessionRecord record, Instant now);
  /// PADT on every line that has a carrier; `ended` is told of each.
  void turn(const std::function<bool(const std::string& interface)>& has_carrier,
            const std::function<void(const model::SessionRecord&)>& ended, Instant now);
  std::vector<std::string> interfaces() const;

 private:
  void want(Instant now);

  Channels& channels_;
  std::vector<model::SessionRecord> records_;
};

}  // namespace michi::runtime
