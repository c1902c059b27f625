#include "runtime/records/keeper.hpp"

#include <fmt/format.h>

#include <utility>

namespace michi::runtime {

std::optional<RecordKeeper::Records> RecordKeeper::load(port::Lifetime lifetime) {
  auto records = store_.load(lifetime);
  if (records) return std::move(*records);
  if (lifetime == port::Lifetime::Volatile)
    events_.push_back({model::Severity::Warning,
                       "store.unreadable",
                       "",
                       fmt::format("cannot read what an earlier run left: {}", records.error().text()),
                       {}});
  return std::nullopt;
}

void RecordKeeper::keep(port::Lifetime lifetime, const std::string& key, const std::optional<std::string>& value,
                        std::string what) {
  const auto ticket = tickets_.next();
  under_way_[ticket] = std::move(what);
  if (value)
    store_.submit(port::Put{lifetime, key, *value}, ticket);
  else
    store_.submit(port::Erase{lifetime, key}, ticket);
}

void RecordKeeper::turn() {
  while (auto done = store_.poll()) {
    auto what = under_way_.extract(done->ticket);
    if (!done->error) continue;
    events_.push_back({model::Severity::Warning,
                       "store.write-failed",
                       "",
                       fmt::format("cannot keep {}: {}", what ? what.mapped() : "a record", done->error->text()),
                       {}});
  }
}

std::optional<model::Event> RecordKeeper::poll_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace michi::runtime
