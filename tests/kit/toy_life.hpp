#pragma once
// The life of the toy kind (toy_kind.hpp): IPv4 carried by its parent's IPv6. It is up while the parent carries IPv6
// and has a confirmed prefix, from which it takes its address outside; while the prefix is only remembered it is stale.
//
// It has no peer and no timer: all that happens to it comes from its parent. With toy_kind.* it is everything that a
// sixth kind needs.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "uplink/kind.hpp"
#include "uplink/machine.hpp"

namespace michi::kit {

enum class ToyPhase : std::uint8_t {
  Down,        // nobody wants it
  WaitParent,  // the uplink it stands on is not there, or carries no IPv6
  Up,
  Stale  // the parent's prefix is only remembered
};
enum class ToyTimer : std::uint8_t { TellUp };

struct ToyPhases {
  using Phase = ToyPhase;
  using Timer = ToyTimer;
  static constexpr Timer kLastTimer = ToyTimer::TellUp;
  using State = model::UplinkState;
  using enum ToyPhase;
  using enum uplink::Entry;
  static constexpr std::array<uplink::PhaseRow<Phase>, 4> kTable = {{
      {Down, "Down", State::Down, Orderly, false, 0, uplink::bits(WaitParent)},
      {WaitParent, "WaitParent", State::Waiting, Plain, true, 0, uplink::bits(Down, Up, Stale)},
      {Up, "Up", State::Up, Plain, true, 0, uplink::bits(Down, WaitParent, Stale)},
      {Stale, "Stale", State::Waiting, Plain, true, 0, uplink::bits(Down, WaitParent, Up)},
  }};
};

class ToyLife final : public uplink::Life {
 public:
  explicit ToyLife(uplink::Beginning beginning);

  void recall(uplink::Ipv6Memory memory, Instant now) override;
  uplink::Ipv6Memory memory(Instant) const override { return memory_; }
  void start(Instant now) override;
  void stop(Instant now) override;
  void redial(Instant now) override;
  uplink::Applied configure(model::UplinkConfig config, std::optional<Secret> secret, Instant now) override;
  void on_underlay(const model::UplinkFacts* parent, Instant now) override;
  void on_deadline(Instant) override {}
  std::optional<Instant> next_deadline() const override { return std::nullopt; }
  std::optional<uplink::Output> poll() override { return machine_.poll(); }
  const model::UplinkFacts& facts() const override { return machine_.facts(); }
  std::string_view phase() const override { return machine_.row().name; }
  const model::UplinkConfig& config() const override { return config_; }
  std::vector<std::string> waiting_for() const override;
  bool settled_down() const override { return machine_.is(ToyPhase::Down); }

 private:
  void follow(std::string_view on, Instant now);
  void go(ToyPhase next, std::string_view on, Instant now);
  ToyPhase wanted() const;
  void compose();

  model::UplinkConfig config_;
  uplink::Machine<ToyPhases> machine_;
  uplink::Ipv6Memory memory_;
  std::optional<model::UplinkFacts> parent_;
};

/// Its row of the table of lives.
uplink::Kind toy_life();
/// The kinds of the product and the toy: for runtime::CoreOptions.
uplink::Kinds lives_with_toy();

}  // namespace michi::kit
