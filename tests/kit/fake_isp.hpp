#pragma once
// An access concentrator in a world: the same value that stands in the lab, in virtual time.

#include <set>
#include <string>
#include <vector>

#include "engine/pppoe/access_concentrator.hpp"
#include "kit/world.hpp"

namespace michi::kit {

/// CHAP-MD5, user@isp / secret, 192.0.2.0/24 behind 192.0.2.1, two resolvers, the RFC's timers.
engine::pppoe::AcSettings plain_isp(std::string ac_name = "bas1", std::uint8_t last_octet = 0xa1);

class FakeIsp : public Node {
 public:
  FakeIsp(World& world, Wire& wire, engine::pppoe::AcSettings settings = plain_isp());

  void on_frame(Bytes frame, Instant now) override { ac_.on_frame(frame, now); }
  void on_deadline(Instant now) override { ac_.on_deadline(now); }
  std::optional<Instant> next_deadline() const override { return ac_.next_deadline(); }
  bool drain(Instant now) override;

  engine::pppoe::AccessConcentrator& operator*() { return ac_; }
  engine::pppoe::AccessConcentrator* operator->() { return &ac_; }
  /// Sessions that are up as the access concentrator sees it.
  std::size_t up_count() const { return up_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Wire& wire_;
  engine::pppoe::AccessConcentrator ac_;
  std::size_t up_ = 0;
  std::set<std::uint16_t> ups_;
  std::vector<std::string> notes_;
};

}  // namespace michi::kit
