#pragma once
// What keeps failing is told once for each reason, until it works again.

#include <functional>
#include <string>

#include "model/event.hpp"

namespace michi::runtime {

class Complaint {
 public:
  /// `told` hears of it unless the same words were the last.
  void tell(const std::function<void(const model::Event&)>& told, const model::Event& event) {
    if (event.text == last_) return;
    last_ = event.text;
    told(event);
  }
  void withdraw() { last_.clear(); }

 private:
  std::string last_;
};

}  // namespace michi::runtime
