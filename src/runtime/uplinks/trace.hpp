#pragma once
// What was said by an uplink's channels, as a trace has it: frames as they were, and for a datagram the packet around
// it, made up, because its socket has it no more.

#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "uplink/ip/datagram.hpp"

namespace michi::runtime {

enum class Direction : std::uint8_t { In, Out };

struct Traced {
  enum class Layer : std::uint8_t { Ethernet, Ipv6 };
  Direction direction = Direction::In;
  Layer layer = Layer::Ethernet;
  Bytes bytes;
};

class Tracer {
 public:
  using Sink = std::function<void(const std::string& uplink, const Traced&)>;

  /// Empty: nobody traces, and nothing is made for it.
  void set(Sink sink) { sink_ = std::move(sink); }
  void frame(const std::string& uplink, Direction direction, Bytes frame) const;
  void datagram(const std::string& uplink, Direction direction, const uplink::Heard& datagram) const;

 private:
  Sink sink_;
};

}  // namespace michi::runtime
