#include "model/uplink.hpp"

#include <algorithm>

namespace michi::model {

std::string_view to_text(UplinkState state) {
  switch (state) {
    case UplinkState::Down:
      return "down";
    case UplinkState::Waiting:
      return "waiting";
    case UplinkState::Connecting:
      return "connecting";
    case UplinkState::Up:
      return "up";
    case UplinkState::Stopping:
      return "stopping";
    case UplinkState::Failed:
      return "failed";
  }
  return "";
}

std::string_view to_text(Health health) {
  switch (health) {
    case Health::Unknown:
      return "unknown";
    case Health::Good:
      return "good";
    case Health::Dead:
      return "dead";
  }
  return "";
}

std::string_view to_text(Reason reason) {
  switch (reason) {
    case Reason::None:
      return "none";
    case Reason::NotStarted:
      return "not-started";
    case Reason::Admin:
      return "admin";
    case Reason::NoInterface:
      return "no-interface";
    case Reason::NoCarrier:
      return "no-carrier";
    case Reason::NoAnswer:
      return "no-answer";
    case Reason::NoSuitableAc:
      return "no-suitable-ac";
    case Reason::NoConfirmation:
      return "no-confirmation";
    case Reason::ServiceRefused:
      return "service-refused";
    case Reason::AcError:
      return "ac-error";
    case Reason::SessionLimit:
      return "session-limit";
    case Reason::AuthFailed:
      return "auth-failed";
    case Reason::AuthMethodRefused:
      return "auth-method-refused";
    case Reason::AuthNoAnswer:
      return "auth-no-answer";
    case Reason::NegotiationFailed:
      return "negotiation-failed";
    case Reason::NegotiationTimeout:
      return "negotiation-timeout";
    case Reason::Loopback:
      return "loopback";
    case Reason::EchoTimeout:
      return "echo-timeout";
    case Reason::OneWay:
      return "one-way";
    case Reason::PeerTerminated:
      return "peer-terminated";
    case Reason::DuplicateAddress:
      return "duplicate-address";
    case Reason::EstablishTimeout:
      return "establish-timeout";
    case Reason::PlaneFailed:
      return "plane-failed";
    case Reason::NoSecret:
      return "no-secret";
    case Reason::Busy:
      return "busy";
    case Reason::NoLease:
      return "no-lease";
    case Reason::NoRouter:
      return "no-router";
    case Reason::AddressLost:
      return "address-lost";
    case Reason::ClosedNetwork:
      return "closed-network";
    case Reason::SocketRefused:
      return "socket-refused";
    case Reason::ParentDown:
      return "parent-down";
  }
  return "";
}

std::string_view remedy_of(Reason reason) {
  switch (reason) {
    case Reason::None:
    case Reason::Admin:
    case Reason::Busy:
      return "";
    case Reason::NotStarted:
      return "`michi up NAME` starts it; `start = true` in the file starts it at boot";
    case Reason::NoInterface:
      return "check the name in `interface`, the driver and the cable adapter";
    case Reason::NoCarrier:
      return "check the cable and the device at its other end";
    case Reason::NoAnswer:
      return "no access concentrator answered: check that the modem bridges PPPoE (pass-through) and that the contract "
             "is active";
    case Reason::NoSuitableAc:
      return "check `ac-name` and `service-name` against the offers shown in the detail";
    case Reason::NoConfirmation:
      return "the access concentrator offers but does not confirm: it may be overloaded, or still hold an old session";
    case Reason::ServiceRefused:
      return "check `service-name`";
    case Reason::AcError:
      return "the access concentrator refuses for a reason of its own; the detail has its words";
    case Reason::SessionLimit:
      return "the contract's session limit is reached: end another session, or wait for the old one to time out";
    case Reason::AuthFailed:
      return "check `user` and the secret; the detail has the peer's words";
    case Reason::AuthMethodRefused:
      return "the peer demands a method that `auth` does not allow: add it there (\"pap\" sends the password in clear)";
    case Reason::AuthNoAnswer:
      return "the authentication server stays silent: wait, or ask the provider";
    case Reason::NegotiationFailed:
      return "look at `michi trace NAME` for the option the two sides cannot agree on";
    case Reason::NegotiationTimeout:
      return "frames do not come back: check for a second PPPoE client with the same MAC address";
    case Reason::Loopback:
      return "our own frames come back: check for a loop in the wiring";
    case Reason::EchoTimeout:
      return "the line went silent: check the modem";
    case Reason::OneWay:
      return "data comes in but our frames do not arrive: check the modem's upstream";
    case Reason::PeerTerminated:
      return "the provider ended the session; the detail has its words";
    case Reason::DuplicateAddress:
      return "two uplinks were given the same address; this one is held until the other gives it up";
    case Reason::EstablishTimeout:
      return "set-up took too long: see `michi trace NAME`, or raise `connect-timeout`";
    case Reason::PlaneFailed:
      return "the interface or the session device failed; the detail has the cause: check that `interface` is up and "
             "that /dev/net/tun can be opened";
    case Reason::NoSecret:
      return "put the password into secrets.toml under the uplink's name";
    case Reason::NoLease:
      return "no DHCP server gives an address: check that the line has IPv4 without PPPoE, else write ipv4 = false";
    case Reason::NoRouter:
      return "neither a router advertisement nor a DHCPv6 server: check that the contract has IPv6 (IPoE) and that no "
             "switch between filters multicast; else write ipv6 = false";
    case Reason::AddressLost:
      return "the network took the address back or did not extend it; michi asks for another";
    case Reason::ClosedNetwork:
      return "the line has addresses of the carrier's closed network alone: order IPv6 (IPoE) from a provider; where "
             "that is wrong, write closed = false";
    case Reason::SocketRefused:
      return "the kernel refuses michi a socket on the interface; the detail has the cause: too many open files, no "
             "memory, or another program at the same port. It is tried again every few seconds";
    case Reason::ParentDown:
      return "see the reason of the uplink it stands on (`over`)";
  }
  return "";
}

bool UplinkFacts::carries(Family family) const {
  if (!usable(family) || (family == Family::V6 && v6->closed)) return false;
  return family == Family::V4 || !v6->addresses.empty() || std::ranges::any_of(prefixes, &PrefixFacts::confirmed);
}

}  // namespace michi::model
