#pragma once
// Reads the attributes of netlink messages and nests, whatever their family.
//
// Lengths are checked: a short attribute reads as absent, a broken list ends where it breaks.

#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace michi::linux {

/// The payload of a message, as far as it is there.
inline Bytes payload_of(const nlmsghdr& message) {
  const std::size_t length = message.nlmsg_len < NLMSG_HDRLEN ? std::size_t{NLMSG_HDRLEN} : message.nlmsg_len;
  return Bytes(reinterpret_cast<const std::byte*>(&message), length).subspan(NLMSG_HDRLEN);
}

/// The family's header in front of the attributes; null when the message is too short.
template <class Header>
const Header* header_of(const nlmsghdr& message) {
  const Bytes payload = payload_of(message);
  return payload.size() < sizeof(Header) ? nullptr : reinterpret_cast<const Header*>(payload.data());
}

/// What follows that header.
template <class Header>
Bytes attributes_of(const nlmsghdr& message) {
  const Bytes payload = payload_of(message);
  const std::size_t header = NLMSG_ALIGN(sizeof(Header));
  return payload.size() < header ? Bytes{} : payload.subspan(header);
}

struct Attribute {
  std::uint16_t type = 0;
  Bytes value;
};

/// Takes the first attribute off the list.
inline std::optional<Attribute> next_attribute(Bytes& list) {
  nlattr header{};
  if (list.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, list.data(), sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > list.size()) return std::nullopt;
  const Attribute result{.type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                         .value = list.first(header.nla_len).subspan(sizeof header)};
  const std::size_t whole = (std::size_t{header.nla_len} + 3) & ~std::size_t{3};
  list = list.subspan(whole < list.size() ? whole : list.size());
  return result;
}

/// The attributes of one list by type; of several of a type the last counts.
class Attributes {
 public:
  explicit Attributes(Bytes list) {
    while (const auto attribute = next_attribute(list)) {
      if (attribute->type < values_.size()) values_[attribute->type] = attribute->value;
    }
  }

  bool has(std::size_t type) const { return values_[type].has_value(); }
  Bytes bytes(std::size_t type) const { return values_[type].value_or(Bytes{}); }
  Attributes nest(std::size_t type) const { return Attributes(bytes(type)); }
  /// In the machine's order, as the kernel wrote it.
  template <class Number>
  std::optional<Number> number(std::size_t type) const {
    const Bytes value = bytes(type);
    Number result{};
    if (value.size() < sizeof result) return std::nullopt;
    std::memcpy(&result, value.data(), sizeof result);
    return result;
  }
  std::string text(std::size_t type) const {
    const std::string value = text_of(bytes(type));
    return value.substr(0, value.find('\0'));
  }

 private:
  std::array<std::optional<Bytes>, 72> values_{};
};

}  // namespace michi::linux
