#pragma once
// Asks one LAN for its DHCPv4 servers (engine/dhcp4/survey) over a frame socket of its own, which is open only while
// it asks. A server on this machine is not among those that answer: its frames never reach the wire.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/dhcp4/survey.hpp"
#include "port/frame_socket.hpp"

namespace michi::runtime {

class LanSurvey {
 public:
  LanSurvey(std::unique_ptr<port::FrameSocket> socket, const Mac& local, Random random);

  void start(Instant now);
  /// Hears what came, a bounded number. True: there may be more.
  bool turn(Instant now);
  void finish();
  std::optional<Instant> next_deadline() const { return survey_.next_deadline(); }
  const std::vector<engine::dhcp4::SurveyedServer>& servers() const { return survey_.servers(); }

 private:
  void send();

  std::unique_ptr<port::FrameSocket> socket_;
  Mac local_;
  engine::dhcp4::Survey survey_;
};

}  // namespace michi::runtime
