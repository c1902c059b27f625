#include "uplink/pppoe/failure.hpp"

#include <fmt/format.h>

namespace michi::uplink {

using model::Reason;

Failure failure_of(const engine::pppoe::Failed& failed) {
  using enum engine::pppoe::FailCause;
  switch (failed.cause) {
    case NoOffer:
      return {FailureClass::NoOffer, Reason::NoAnswer, failed.detail};
    case NoSuitableOffer:
      return {FailureClass::Refused, Reason::NoSuitableAc, failed.detail};
    case NoConfirmation:
      return {FailureClass::Refused, Reason::NoConfirmation, failed.detail};
    case ServiceNameError:
    case AcSystemError:
    case GenericError:
      if (speaks_of_session_limit(failed.detail))
        return {FailureClass::SessionLimit, Reason::SessionLimit, failed.detail};
      return {FailureClass::Refused, failed.cause == ServiceNameError ? Reason::ServiceRefused : Reason::AcError,
              failed.detail};
    case BadSessionId:
      return {FailureClass::Refused, Reason::AcError, failed.detail};
  }
  return {};
}

Failure failure_of_padt(std::string_view words) {
  const std::string detail = words.empty() ? std::string("PADT") : fmt::format("PADT: {}", words);
  if (speaks_of_session_limit(words)) return {FailureClass::SessionLimit, Reason::SessionLimit, detail};
  return {FailureClass::Terminated, Reason::PeerTerminated, detail};
}

}  // namespace michi::uplink
