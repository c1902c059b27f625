#include "wire/fault.hpp"

namespace michi::wire {

std::string_view to_text(FaultCode code) {
  switch (code) {
    case FaultCode::Truncated:
      return "truncated";
    case FaultCode::BadLength:
      return "bad length";
    case FaultCode::BadVersion:
      return "bad version";
    case FaultCode::BadValue:
      return "bad value";
    case FaultCode::WrongType:
      return "wrong type";
  }
  return "?";
}

}  // namespace michi::wire
