#pragma once
// Neighbour discovery in tests: messages into an engine and out of it, and an engine as a node on a
// wire. There a frame is hop limit, source, destination, then ICMPv6.

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <variant>

#include "engine/ndisc/message.hpp"
#include "kit/world.hpp"
#include "wire/icmp6.hpp"

namespace michi::kit::nd {

inline Ipv6 ip(std::string_view text) { return parse_ipv6(text).value(); }
inline Prefix net(std::string_view text) { return parse_prefix(text).value(); }

template <class T>
T read(const engine::ndisc::Message& message) {
  EXPECT_TRUE(wire::icmp6::is_sealed(message.source, message.destination, message.bytes));
  EXPECT_EQ(message.hop_limit, 255);
  return std::get<T>(wire::icmp6::parse_message(message.bytes).value());
}

template <class Engine>
void hear(Engine& engine, const wire::icmp6::Message& message, const Ipv6& source, const Ipv6& destination,
          Instant now) {
  engine.on_message(wire::icmp6::write_message(message, source, destination), source, destination, 255, now);
}

template <class T>
std::vector<T> all(const wire::icmp6::Options& options) {
  std::vector<T> out;
  for (const auto& option : options)
    if (const T* one = std::get_if<T>(&option)) out.push_back(*one);
  return out;
}

inline ByteVec frame_of(const engine::ndisc::Message& message) {
  Writer out;
  out.u8(message.hop_limit).put(message.source.bytes()).put(message.destination.bytes()).put(message.bytes);
  return std::move(out).take();
}

struct Heard {
  std::uint8_t hop_limit = 0;
  Ipv6 source;
  Ipv6 destination;
  Bytes icmp6;
};
inline Heard heard(Bytes frame) {
  return {std::to_integer<std::uint8_t>(frame[0]), *Ipv6::from_bytes(frame.subspan(1, 16)),
          *Ipv6::from_bytes(frame.subspan(17, 16)), frame.subspan(33)};
}

/// An engine with one side. `mine` says which addresses reach it; multicast always does.
template <class Engine>
class NdNode : public Node {
 public:
  using Output = typename decltype(std::declval<Engine&>().poll())::value_type;
  NdNode(World& world, Wire& wire, Ipv6 mine, Engine built) : engine(std::move(built)), mine_(mine), wire_(wire) {
    world.add(*this);
    wire.attach(*this);
  }

  void on_frame(Bytes frame, Instant now) override {
    const Heard h = heard(frame);
    if (h.destination == mine_ || h.destination.is_multicast())
      engine.on_message(h.icmp6, h.source, h.destination, h.hop_limit, now);
  }
  void on_deadline(Instant now) override { engine.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return engine.next_deadline(); }
  bool drain(Instant) override {
    bool any = false;
    while (auto output = engine.poll()) {
      any = true;
      if (const auto* message = std::get_if<engine::ndisc::Message>(&*output))
        wire_.send(this, frame_of(*message));
      else
        reports.push_back(std::move(*output));
    }
    return any;
  }

  Engine engine;
  std::vector<Output> reports;

 private:
  Ipv6 mine_;
  Wire& wire_;
};

}  // namespace michi::kit::nd
