#include "uplink/ppp/ppp_failure.hpp"

namespace michi::uplink {

using model::Reason;

Failure failure_of(const engine::ppp::Ended& ended) {
  using enum engine::ppp::EndCause;
  const bool limit = speaks_of_session_limit(ended.detail);
  switch (ended.cause) {
    case LocalStop:
      return {FailureClass::Terminated, Reason::Admin, ended.detail};
    case AuthFailed:
      if (limit) return {FailureClass::SessionLimit, Reason::SessionLimit, ended.detail};
      return {FailureClass::Auth, Reason::AuthFailed, ended.detail};
    case AuthRefused:
      return {FailureClass::Auth, Reason::AuthMethodRefused, ended.detail};
    case AuthSilent:
      return {FailureClass::Negotiation, Reason::AuthNoAnswer, ended.detail};
    case LcpTimeout:
      return {FailureClass::Negotiation, Reason::NegotiationTimeout, ended.detail};
    case LcpFailed:
    case NoNetwork:
      return {FailureClass::Negotiation, Reason::NegotiationFailed, ended.detail};
    case Loopback:
      return {FailureClass::Negotiation, Reason::Loopback, ended.detail};
    case EchoTimeout:
      return {FailureClass::Echo, Reason::EchoTimeout, ended.detail};
    case OneWay:
      return {FailureClass::Echo, Reason::OneWay, ended.detail};
    case PeerTerminated:
      if (limit) return {FailureClass::SessionLimit, Reason::SessionLimit, ended.detail};
      return {FailureClass::Terminated, Reason::PeerTerminated, ended.detail};
    case EstablishTimeout:
      return {FailureClass::Negotiation, Reason::EstablishTimeout, ended.detail};
  }
  return {};
}

}  // namespace michi::uplink
