#pragma once
// Ticket numbers for doors, never 0 and never used twice in one life.

#include "port/door.hpp"

namespace michi::runtime {

class Tickets {
 public:
  /// The reconciler counts its own from 1; ours start high so that the two never meet.
  port::Ticket next() { return ++last_; }

 private:
  port::Ticket last_ = port::Ticket{1} << 48;
};

}  // namespace michi::runtime
