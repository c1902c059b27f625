#include "observe/counters.hpp"

namespace michi::observe {

std::uint64_t& Counters::at(std::string_view name) {
  auto found = values_.find(name);
  if (found == values_.end()) found = values_.emplace(std::string(name), 0).first;
  return found->second;
}

void Counters::add(std::string_view name, std::uint64_t by) { at(name) += by; }

void Counters::set(std::string_view name, std::uint64_t value) { at(name) = value; }

std::uint64_t Counters::value(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? 0 : found->second;
}

}  // namespace michi::observe
