#include "uplink/pppoe/access.hpp"

#include <utility>

#include "wire/ppp.hpp"

namespace michi::uplink::pppoe {
namespace {

constexpr std::size_t kMostEarly = 4;

/// What both say of a session, in either direction.
template <class From, class To>
To copied(const From& from, To to) {
  to.session_id = from.session_id;
  to.local = from.local;
  to.peer = from.peer;
  to.ac_name = from.ac_name;
  to.service_name = from.service_name;
  to.cookie = from.cookie;
  to.relay_session_id = from.relay_session_id;
  to.host_uniq = from.host_uniq;
  return to;
}

}  // namespace

Access::Access(Random random, std::optional<model::SessionRecord> orphan)
    : discovery_({}, std::move(random)), orphan_(std::move(orphan)) {}

void Access::leave_behind(std::optional<model::SessionRecord> record) {
  orphan_ = std::move(record);
  agreed_.reset();
}

bool Access::is_of_session(const wire::pppoe::Framed& frame) const {
  return agreed_ && frame.packet.session_id == agreed_->session_id && frame.header.source == agreed_->peer &&
         frame.header.destination == agreed_->local;
}

bool Access::is_padt(const wire::pppoe::Framed& frame, std::string& words) const {
  return agreed_ && engine::pppoe::is_padt_for(*agreed_, frame, &words);
}

ByteVec Access::framed(Bytes ppp) const {
  return wire::pppoe::write_frame(agreed_->peer, agreed_->local, wire::pppoe::Code::Session, agreed_->session_id, ppp);
}

void Access::keep_early(const wire::pppoe::Framed& frame) {
  if (early_.size() < kMostEarly)
    early_.push_back({frame.header, frame.packet.session_id, copy_of(frame.packet.payload)});
}

bool is_user_data(std::uint16_t protocol) {
  const bool compressed = (protocol & 0x8100) == 0x0100;
  return compressed || protocol == static_cast<std::uint16_t>(wire::ppp::Protocol::Ipv4) ||
         protocol == static_cast<std::uint16_t>(wire::ppp::Protocol::Ipv6);
}

model::SessionRecord record_of(const engine::pppoe::Agreed& session, const model::UplinkId& uplink,
                               const std::string& interface) {
  model::SessionRecord record;
  record.uplink = uplink;
  record.interface = interface;
  return copied(session, std::move(record));
}

engine::pppoe::Agreed session_of(const model::SessionRecord& record) { return copied(record, engine::pppoe::Agreed{}); }

Frame padt_of(const model::SessionRecord& record) {
  return {ChannelKind::Pppoe, engine::pppoe::padt(session_of(record)), true};
}

}  // namespace michi::uplink::pppoe
