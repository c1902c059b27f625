#pragma once
// What kind of uplink it is, as data: traits that every room may ask, and the keys that only the kind itself knows.
//
// No room asks which kind an uplink is: what depends on it is a trait here, or stands in the kind's own files
// (config/kinds, uplink/<kind>). A kind is known by the type of its keys, which names its traits.

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/invariant.hpp"

namespace michi::model {

/// Who moves the packets of an uplink.
enum class PacketPath : std::uint8_t {
  Plane,  // a data plane, between the uplink's own device and the line
  Kernel  // the kernel: the device is the Ethernet interface itself
};

/// Where the addresses come from.
enum class AddressSource : std::uint8_t {
  Peer,     // negotiated in the session
  Network,  // DHCPv4, DHCPv6 and router advertisements
  File
};

/// What stands around the uplink's IPv4 address.
enum class Ipv4Scope : std::uint8_t {
  Host,    // nothing: it is put as a /32
  Network  // the network of the line: it is put with its length
};

struct Traits {
  std::string_view name;  // `kind` in the file, and in status
  PacketPath path = PacketPath::Plane;
  AddressSource address_source = AddressSource::Peer;
  Ipv4Scope ipv4_scope = Ipv4Scope::Host;
  bool stands_on_uplink = false;  // another uplink carries it (`over`); otherwise a line (`interface`)
  bool owns_device = true;        // a device of michi's own, named after the uplink
  bool puts_link_local = true;    // michi puts its link-local address; otherwise the kernel has one
  bool has_secret = true;         // a password in secrets.toml
  bool counts_as_session = true;  // of those the access contract allows ([line.X] sessions)
  bool expects_ipv6 = false;      // global addresses are to be expected wherever IPv6 is on
  bool probed = false;            // unless the file says otherwise
  bool shares_address = false;    // of its IPv4 address only some ports may be ours
  std::uint16_t default_mtu = 1492;
};

/// Keys of one kind: a value whose type only that kind knows. `T` has `static constexpr Traits kTraits` and
/// compares with ==. Copies share; edit() makes its own.
class KindConfig {
 public:
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, KindConfig>)
  KindConfig(T keys)  // NOLINT: a kind is its keys
      : keys_(std::make_shared<Keys<T>>(std::move(keys))) {}

  const Traits& traits() const { return keys_->traits; }
  template <class T>
  bool is() const {
    return &keys_->traits == &T::kTraits;
  }
  template <class T>
  const T& as() const {
    MICHI_INVARIANT(is<T>(), "a kind's keys are read by that kind");
    return static_cast<const Keys<T>&>(*keys_).value;
  }
  template <class T>
  T& edit() {
    MICHI_INVARIANT(is<T>(), "a kind's keys are written by that kind");
    auto own = std::make_shared<Keys<T>>(as<T>());
    T& value = own->value;
    keys_ = std::move(own);
    return value;
  }
  bool operator==(const KindConfig& other) const {
    return keys_ == other.keys_ || (&traits() == &other.traits() && keys_->same_as(*other.keys_));
  }

 private:
  struct Base {
    explicit Base(const Traits& of) : traits(of) {}
    virtual ~Base() = default;
    virtual bool same_as(const Base& other) const = 0;
    const Traits& traits;
  };
  template <class T>
  struct Keys final : Base {
    explicit Keys(T keys) : Base(T::kTraits), value(std::move(keys)) {}
    bool same_as(const Base& other) const override { return value == static_cast<const Keys&>(other).value; }
    T value;
  };
  std::shared_ptr<const Base> keys_;
};

}  // namespace michi::model
