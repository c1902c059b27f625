#pragma once
// PPPoE of an uplink: discovery, the session that was agreed, frames of it that overtook the PADS, and a session that
// was left behind without a PADT. It knows no PPP and no phase.

#include <list>
#include <optional>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "engine/pppoe/discovery.hpp"
#include "model/uplink.hpp"
#include "uplink/signals.hpp"

namespace michi::uplink::pppoe {

class Access {
 public:
  Access(Random random, std::optional<model::SessionRecord> orphan);

  engine::pppoe::Discovery& discovery() { return discovery_; }
  const engine::pppoe::Discovery& discovery() const { return discovery_; }

  /// The session is ours from here on.
  void agree(engine::pppoe::Agreed session) { agreed_ = std::move(session); }
  void forget() { agreed_.reset(); }
  /// No way to send PADT now: the session becomes the orphan.
  void leave_behind(std::optional<model::SessionRecord> record);
  const std::optional<engine::pppoe::Agreed>& agreed() const { return agreed_; }
  std::optional<model::SessionRecord> take_orphan() { return std::exchange(orphan_, std::nullopt); }

  /// A frame of exactly this session: identifier and both addresses.
  bool is_of_session(const wire::pppoe::Framed& frame) const;
  /// Whether it is a PADT for this session; its words go to `words`.
  bool is_padt(const wire::pppoe::Framed& frame, std::string& words) const;
  /// A whole frame around a frame of PPP.
  ByteVec framed(Bytes ppp) const;

  /// A session frame before the PADS is kept, if it may be ours: there are few, and they are wanted soon (trap 16).
  void keep_early(const wire::pppoe::Framed& frame);
  void forget_early() { early_.clear(); }
  /// Each with its payload borrowed from what is given back.
  struct Early {
    wire::ether::Header header;
    std::uint16_t session_id = 0;
    ByteVec payload;
    wire::pppoe::Framed framed() const { return {header, {wire::pppoe::Code::Session, session_id, payload}}; }
  };
  std::list<Early> take_early() { return std::exchange(early_, {}); }

 private:
  engine::pppoe::Discovery discovery_;
  std::optional<engine::pppoe::Agreed> agreed_;
  std::list<Early> early_;
  std::optional<model::SessionRecord> orphan_;
};

/// User data, and what a compressed protocol field makes of it (RFC 1661 §6.5): the plane's, not PPP's.
bool is_user_data(std::uint16_t protocol);

/// The session as /run keeps it, and back. The interface and the uplink are known to the record alone.
model::SessionRecord record_of(const engine::pppoe::Agreed& session, const model::UplinkId& uplink,
                               const std::string& interface);
engine::pppoe::Agreed session_of(const model::SessionRecord& record);

/// The PADT that ends a session of earlier.
Frame padt_of(const model::SessionRecord& record);

}  // namespace michi::uplink::pppoe
