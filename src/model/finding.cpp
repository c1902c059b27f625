#include "model/finding.hpp"

namespace michi::model {

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::Good:
      return "good";
    case Verdict::Suspect:
      return "suspect";
    case Verdict::Bad:
      return "bad";
  }
  return "";
}

}  // namespace michi::model
