#include "runtime/core/decider.hpp"

#include <utility>

#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

constexpr auto kNumbersKey = "numbers";
constexpr auto kUlaKey = "ula";
constexpr auto kReversePathFilter = "net/ipv4/conf/all/rp_filter";

}  // namespace

void Decider::recall(const RecordKeeper::Records& on_disk) {
  if (auto at = on_disk.find(kNumbersKey); at != on_disk.end()) numbers_ = parse_numbers(at->second);
  if (auto at = on_disk.find(kUlaKey); at != on_disk.end()) ula_ = parse_ula(at->second).value_or(ula_);
}

void Decider::adopt(const model::Observed& observed, const model::Config& config) {
  for (const auto& [name, number] : policy::recover_numbers(observed.rules, config)) numbers_.emplace(name, number);
  selector_.adopt(observed.addresses);
}

void Decider::configure(model::ConfigPtr config, Instant now) {
  config_ = std::move(config);
  numbers_ = policy::assign_numbers(*config_, numbers_);
  selector_.configure(config_, now);
}

void Decider::keep(RecordKeeper& keeper) const {
  keeper.keep(port::Lifetime::Durable, kNumbersKey, write_numbers(numbers_));
  keeper.keep(port::Lifetime::Durable, kUlaKey, to_text(ula_));
}

bool Decider::on_observed(const model::Observed& observed) {
  if (around_.links == observed.links && around_.addresses == observed.addresses) return false;
  around_.links = observed.links;
  around_.addresses = observed.addresses;
  return true;
}

bool Decider::on_deadline(Instant now) {
  const auto due = selector_.next_deadline();
  if (!due || now < *due) return false;
  selector_.on_deadline(now);
  return true;
}

policy::Inputs Decider::inputs(const policy::Surroundings& around) const {
  return {.config = *config_,
          .numbers = numbers_,
          .facts = sources_.uplinks.facts(),
          .selector = selector_,
          .surroundings = around,
          .ula = ula_,
          .neighbours = sources_.proxies.hosts(),
          .passed = sources_.passed.sessions(),
          .planes = planes_};
}

model::Desired Decider::derive(Instant now) {
  selector_.on_facts(sources_.uplinks.facts(), now);
  ++derivations_;
  return policy::derive(inputs(around_));
}

policy::Explanation Decider::why(const policy::FlowQuery& query, port::KernelNet& kernel) const {
  auto around = around_;
  around.main_asked = true;
  const auto ask = [&](const Address& address) {
    if (auto route = kernel.main_route(address, policy::main_mark(*config_)))
      around.main_routes.push_back(std::move(*route));
  };
  ask(query.destination);
  if (query.source) ask(*query.source);
  return policy::explain(inputs(around), query);
}

std::vector<model::Event> Decider::warnings(const model::Observed& observed, const port::Files& files) const {
  auto around = around_;
  around.foreign_rules.assign(observed.foreign_rules.begin(), observed.foreign_rules.end());
  if (auto value = files.read_sysctl(kReversePathFilter)) around.sysctls[kReversePathFilter] = *value;
  return policy::warnings(inputs(around));
}

}  // namespace michi::runtime
