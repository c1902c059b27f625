#pragma once
// Asks one LAN for its DHCPv4 servers (engine/dhcp4/survey) over a channel that is open only while it
// asks. A server on this machine is not among those that answer: its frames never reach the wire.

#include <optional>
#include <string>
#include <vector>

#include "engine/dhcp4/survey.hpp"
#include "runtime/channels.hpp"

namespace michi::runtime {

class LanSurvey {
 public:
  LanSurvey(Channels& channels, std::string lan, std::string device, const Mac& local, Random random);

  /// False: the LAN cannot be asked.
  bool start(Instant now);
  void turn(Instant now);
  void finish(Instant now);
  std::optional<Instant> next_deadline() const { return survey_.next_deadline(); }
  const std::vector<engine::dhcp4::SurveyedServer>& servers() const { return survey_.servers(); }

 private:
  void send();

  ChannelOwner owner() const { return {ChannelOwner::Part::Examination, lan_}; }
  ChannelId channel() const { return {ChannelType::Dhcp4, device_}; }

  Channels& channels_;
  std::string lan_;
  std::string device_;
  Mac local_;
  engine::dhcp4::Survey survey_;
};

}  // namespace michi::runtime
