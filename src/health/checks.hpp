#pragma once
// Inside of the room: the groups of checks, each adding what it finds.

#include <string>
#include <utility>
#include <vector>

#include "health/doctor.hpp"

namespace michi::health {

class Findings {
 public:
  void good(std::string check, std::string who, std::string text, std::vector<std::string> evidence = {}) {
    all_.push_back({std::move(check), std::move(who), model::Verdict::Good, std::move(text), std::move(evidence), {}});
  }
  void wrong(model::Verdict verdict, std::string check, std::string who, std::string text,
             std::vector<std::string> evidence, std::string remedy) {
    all_.push_back(
        {std::move(check), std::move(who), verdict, std::move(text), std::move(evidence), std::move(remedy)});
  }
  std::vector<model::Finding> take() { return std::move(all_); }

 private:
  std::vector<model::Finding> all_;
};

void check_session(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found);
void check_prefix(const Evidence& evidence, const UplinkEvidence& uplink, Findings& found);
void check_house(const Evidence& evidence, Findings& found);

}  // namespace michi::health
