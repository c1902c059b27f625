#pragma once
// What an examination found: one sentence, what it was seen by, and what a person can do.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace michi::model {

enum class Verdict : std::uint8_t {
  Good,     // looked at, nothing wrong
  Suspect,  // may be the cause of a trouble, or become one
  Bad       // is in the way of something
};

struct Finding {
  std::string check;   // stable code: "prefix.not-accepted"
  std::string uplink;  // its name, "lan.NAME", or empty
  Verdict verdict = Verdict::Good;
  std::string text;                   // one sentence
  std::vector<std::string> evidence;  // what was seen, a line each
  std::string remedy;                 // empty when nothing is wrong
};

std::string_view to_text(Verdict verdict);

}  // namespace michi::model
