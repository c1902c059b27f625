#pragma once
// Every message an operator can see: its code, how serious it is as a rule, and a paragraph on what
// it means and what to do. docs/operator/events.md has the same paragraphs; a test compares.

#include <span>
#include <string_view>

#include "model/event.hpp"

namespace michi::observe {

struct Message {
  std::string_view code;
  model::Severity severity;
  std::string_view paragraph;
};

/// In the order of the codes.
std::span<const Message> catalogue();
const Message* find_message(std::string_view code);

}  // namespace michi::observe
