#pragma once
// An examination for `michi doctor`: listens on the devices for a few seconds and asks the LANs for their DHCP
// servers; what it heard joins what is known, and `health` says what follows.
//
// One at a time; a new one takes the place of the last. It changes nothing but for questions it asks the
// networks (a DHCPv6 client that waits asks again, a LAN hears two DHCPDISCOVER).

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "health/doctor.hpp"
#include "port/data_plane.hpp"
#include "port/observer.hpp"
#include "runtime/channels.hpp"
#include "runtime/lan/lan_survey.hpp"
#include "runtime/part.hpp"

namespace michi::runtime {

/// How long it listens: a Solicit's answer and its first repetition fit in.
inline constexpr Duration kListening = milliseconds(2500);
/// Servers that make sure that nobody has the address they are about to offer take three seconds (dnsmasq).
inline constexpr Duration kServersAnswer = seconds(5);

class Examination final : public Part {
 public:
  Examination(Channels& channels, port::Observers& observers, const port::DataPlane& plane, Random random);

  /// A LAN to be asked, as its interface is now.
  struct LanWire {
    std::string device;
    Mac mac;
  };
  /// `devices`: by uplink, the device its packets leave by; those that are up. `lans`: by name.
  void begin(const std::map<std::string, std::string>& devices, const std::map<std::string, LanWire>& lans,
             Instant now);
  bool turn(Instant now, Pass pass) override;
  std::optional<Instant> next_deadline() const override;
  bool running() const { return until_.has_value(); }

  /// What was heard on an uplink's device, into its evidence.
  void describe(const std::string& uplink, health::UplinkEvidence& evidence) const;
  /// And on a LAN, once it is over.
  void describe(const std::string& lan, health::LanEvidence& evidence) const;

 private:
  struct Heard {
    std::unique_ptr<port::Observer> observer;  // until it is over
    unsigned answers = 0;
    port::PlaneCounters before, after;
  };
  void look(const std::string& uplink, Heard& heard) const;

  Channels& channels_;
  port::Observers& observers_;
  const port::DataPlane& plane_;
  Random random_;
  std::map<std::string, Heard> heard_;
  std::map<std::string, LanSurvey> surveys_;
  std::optional<Instant> until_;
};

}  // namespace michi::runtime
