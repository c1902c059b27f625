#include "engine/dhcp4/table.hpp"

namespace michi::engine::dhcp4 {

std::string_view to_text(State state) {
  switch (state) {
    case State::Stopped:
      return "Stopped";
    case State::Init:
      return "Init";
    case State::Selecting:
      return "Selecting";
    case State::Requesting:
      return "Requesting";
    case State::InitReboot:
      return "InitReboot";
    case State::Rebooting:
      return "Rebooting";
    case State::Checking:
      return "Checking";
    case State::Bound:
      return "Bound";
    case State::Renewing:
      return "Renewing";
    case State::Rebinding:
      return "Rebinding";
  }
  return "?";
}

std::string_view to_text(Event event) {
  switch (event) {
    case Event::Start:
      return "Start";
    case Event::StartHeld:
      return "StartHeld";
    case Event::LinkUp:
      return "LinkUp";
    case Event::Begin:
      return "Begin";
    case Event::Choose:
      return "Choose";
    case Event::Ack:
      return "Ack";
    case Event::Nak:
      return "Nak";
    case Event::Retry:
      return "Retry";
    case Event::GiveUp:
      return "GiveUp";
    case Event::Resume:
      return "Resume";
    case Event::Clear:
      return "Clear";
    case Event::Conflict:
      return "Conflict";
    case Event::T1:
      return "T1";
    case Event::T2:
      return "T2";
    case Event::Expire:
      return "Expire";
    case Event::Stop:
      return "Stop";
    case Event::Release:
      return "Release";
  }
  return "?";
}

}  // namespace michi::engine::dhcp4
