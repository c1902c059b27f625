#pragma once
// The one writer of records: what is to be known again after this life goes to the store from here, under a key, and
// what could not be written is told.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/event.hpp"
#include "port/system.hpp"
#include "runtime/tickets.hpp"

namespace michi::runtime {

class RecordKeeper {
 public:
  RecordKeeper(port::Store& store, Tickets& tickets) : store_(store), tickets_(tickets) {}

  using Records = std::map<std::string, std::string>;
  /// All of a lifetime; an event and nothing when they cannot be read.
  std::optional<Records> load(port::Lifetime lifetime);
  /// Written before this returns (Volatile) or behind (Durable); nullopt: forgotten. `what` names it for a person.
  void keep(port::Lifetime lifetime, const std::string& key, const std::optional<std::string>& value,
            std::string what = "a record");
  /// Completions of the store.
  void turn();
  std::optional<model::Event> poll_event();

 private:
  port::Store& store_;
  Tickets& tickets_;
  std::map<port::Ticket, std::string> under_way_;
  std::deque<model::Event> events_;
};

}  // namespace michi::runtime
