#pragma once
// The kernel as its facts tell it: keeps Observed up to date from the door's reports.
//
// A dump is gathered apart and replaces the view at its end, so nobody sees half of one.

#include "model/kernel.hpp"
#include "port/kernel_net.hpp"

namespace michi::runtime {

class KernelView {
 public:
  /// True when the view changed.
  bool on_report(const port::NetReport& report);
  const model::Observed& observed() const { return current_; }

 private:
  model::Observed& target() { return dumping_ ? next_ : current_; }

  model::Observed current_;
  model::Observed next_;
  bool dumping_ = false;
};

}  // namespace michi::runtime
