// The uplinks' probes: their sockets while they are wanted, and what the answers say.
#include <fmt/format.h>

#include <utility>

#include "base/overloaded.hpp"
#include "runtime/uplinks/uplinks.hpp"

namespace michi::runtime {

namespace {

constexpr Duration kOpenAgain = seconds(5);
/// Of one socket in one turn: a flood waits, timers run.
constexpr std::size_t kEchoesPerTurn = 64;
constexpr std::array kFamilies = {Family::V4, Family::V6};

constexpr std::size_t at(Family family) { return family == Family::V4 ? 0 : 1; }

}  // namespace

void Uplinks::tend_echo(const std::string& name, Unit& unit, Family family, Instant now) {
  auto& echoing = unit.echoes[at(family)];
  const bool wanted = unit.probe.wants(family) && unit.device != 0;
  if (!wanted || (echoing && echoing->index != unit.device)) echoing.reset();
  if (wanted && !echoing && !unit.echo_again) {
    auto opened = doors_.echoes.open(device_of(name, unit), family);
    if (opened) {
      echoing = std::make_unique<Echoing>(Echoing{.socket = std::move(*opened), .index = unit.device});
      echoing->socket->on_wake([one = echoing.get(), wake = wake_] {
        one->ready = true;
        wake();
      });
      unit.echo_complaint.withdraw();
    } else {
      unit.echo_again = now + kOpenAgain;
      unit.echo_complaint.tell(sinks_.event, {model::Severity::Warning,
                                              "probe.unusable",
                                              name,
                                              fmt::format("{} cannot be probed: {}", name, opened.error().text()),
                                              {{"device", device_of(name, unit)}}});
    }
  }
  unit.probe.on_socket(family, echoing != nullptr, now);
}

void Uplinks::tend_probe(const std::string& name, Unit& unit, Instant now) {
  unit.probe.on_facts(unit.uplink.facts(), now);
  if (unit.echo_again && *unit.echo_again <= now) unit.echo_again.reset();
  for (Family family : kFamilies) tend_echo(name, unit, family, now);
  drain_probe(name, unit);
}

void Uplinks::drain_probe(const std::string& name, Unit& unit) {
  while (auto output = unit.probe.poll())
    std::visit(Overloaded{
                   [&](uplink::EchoAsk& ask) {
                     // What the kernel refuses is a lost echo: the next one is not far.
                     if (auto& echoing = unit.echoes[at(ask.to.family())])
                       std::ignore = echoing->socket->send(ask.message, ask.to);
                   },
                   [&](uplink::HealthChanged&) { note_facts(name, facts_[name], unit); },
                   [&](model::Event& event) { sinks_.event(event); },
               },
               *output);
}

void Uplinks::take_echoes(const std::string& name, Unit& unit, Look look, Instant now) {
  for (Family family : kFamilies) {
    auto* echoing = unit.echoes[at(family)].get();
    if (!echoing || (!echoing->ready && look == Look::WhereTold)) continue;
    std::size_t taken = 0;
    for (; taken < kEchoesPerTurn; ++taken) {
      const auto heard = echoing->socket->poll();
      if (!heard) break;
      unit.probe.on_message(family, heard->message, heard->source, now);
    }
    echoing->ready = taken == kEchoesPerTurn;
    if (echoing->ready) wake_();
  }
  drain_probe(name, unit);
}

/// A deadline that comes late to a busy loop must not overtake the answers that came in time.
void Uplinks::run_probe(const std::string& name, Unit& unit, Instant now) {
  if (unit.echo_again && *unit.echo_again <= now) tend_probe(name, unit, now);
  const auto due = unit.probe.next_deadline();
  if (!due || now < *due) return;
  take_echoes(name, unit, Look::Everywhere, now);
  unit.probe.on_deadline(now);
  drain_probe(name, unit);
}

std::vector<model::ProbeSnapshot> Uplinks::probes(const std::string& name, Instant now) const {
  const auto unit = units_.find(name);
  return unit == units_.end() ? std::vector<model::ProbeSnapshot>{} : unit->second.probe.snapshots(now);
}

}  // namespace michi::runtime
