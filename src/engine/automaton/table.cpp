#include "engine/automaton/table.hpp"

namespace michi::engine::automaton {

std::string_view to_text(State state) {
  switch (state) {
    case State::Initial:
      return "Initial";
    case State::Starting:
      return "Starting";
    case State::Closed:
      return "Closed";
    case State::Stopped:
      return "Stopped";
    case State::Closing:
      return "Closing";
    case State::Stopping:
      return "Stopping";
    case State::ReqSent:
      return "ReqSent";
    case State::AckRcvd:
      return "AckRcvd";
    case State::AckSent:
      return "AckSent";
    case State::Opened:
      return "Opened";
  }
  return "?";
}

std::string_view to_text(Event event) {
  switch (event) {
    case Event::Up:
      return "Up";
    case Event::Down:
      return "Down";
    case Event::Open:
      return "Open";
    case Event::Close:
      return "Close";
    case Event::ToPlus:
      return "TO+";
    case Event::ToMinus:
      return "TO-";
    case Event::RcrPlus:
      return "RCR+";
    case Event::RcrMinus:
      return "RCR-";
    case Event::Rca:
      return "RCA";
    case Event::Rcn:
      return "RCN";
    case Event::Rtr:
      return "RTR";
    case Event::Rta:
      return "RTA";
    case Event::Ruc:
      return "RUC";
    case Event::RxjPlus:
      return "RXJ+";
    case Event::RxjMinus:
      return "RXJ-";
    case Event::Rxr:
      return "RXR";
  }
  return "?";
}

}  // namespace michi::engine::automaton
