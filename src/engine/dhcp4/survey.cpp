#include "engine/dhcp4/survey.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/dhcp4/messages.hpp"
#include "wire/dhcp4_options.hpp"
#include "wire/udp4.hpp"

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::OptionCode;

constexpr Ipv4 kEverybody{0xffffffff};
constexpr std::byte kNoHardware{0};  // RFC 2132 §9.14
constexpr std::string_view kWho = "michi doctor ";

ByteVec identifier_of(const Mac& local) {
  ByteVec out{kNoHardware};
  const Bytes who = bytes_of(kWho), mac = local.bytes();
  out.insert(out.end(), who.begin(), who.end());
  out.insert(out.end(), mac.begin(), mac.end());
  return out;
}

}  // namespace

Survey::Survey(const Mac& local, Random random) : local_(local), xid_(random.u32()) {}

void Survey::start(Instant now) {
  running_ = true;
  servers_.clear();
  again_ = now + kAskAgain;
  ask();
}

void Survey::stop() {
  running_ = false;
  again_.reset();
  outputs_.clear();
}

void Survey::ask() {
  Settings settings;
  settings.local = local_;
  settings.client_identifier = identifier_of(local_);
  settings.broadcast = BroadcastReplies::Wanted;
  const auto message = compose(Purpose::Discover, settings, {.xid = xid_, .secs = 0, .address = {}, .server = {}});
  const ByteVec payload = wire::dhcp4::write_message(message);
  outputs_.push_back(wire::udp4::write_packet({.source = {},
                                               .destination = kEverybody,
                                               .source_port = wire::dhcp4::kClientPort,
                                               .destination_port = wire::dhcp4::kServerPort,
                                               .payload = payload}));
}

void Survey::on_deadline(Instant now) {
  if (!again_ || now < *again_) return;
  again_.reset();
  ask();
}

void Survey::on_ip_frame(Bytes packet, const Mac& source) {
  const auto datagram = wire::udp4::parse_packet(packet);
  if (!running_ || source == local_ || !datagram) return;
  if (datagram->source_port != wire::dhcp4::kServerPort || datagram->destination_port != wire::dhcp4::kClientPort)
    return;
  const auto message = wire::dhcp4::parse_message(datagram->payload);
  if (!message || message->op != wire::dhcp4::Op::Reply || message->xid != xid_ || !message->is_for(local_)) return;
  if (wire::dhcp4::message_type(message->options) != wire::dhcp4::MessageType::Offer) return;
  const auto routers = wire::dhcp4::addresses_of(message->options, OptionCode::Router, 1);
  const SurveyedServer found{
      .identifier = wire::dhcp4::address_of(message->options, OptionCode::ServerIdentifier).value_or(datagram->source),
      .mac = source,
      .offered = message->yiaddr,
      .router = routers.empty() ? std::nullopt : std::optional(routers.front())};
  const bool known = std::ranges::any_of(servers_, [&](const SurveyedServer& other) {
    return other.identifier == found.identifier && other.mac == found.mac;
  });
  if (!known && servers_.size() < kMost) servers_.push_back(found);
}

std::optional<ByteVec> Survey::poll() {
  if (outputs_.empty()) return std::nullopt;
  ByteVec out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

}  // namespace michi::engine::dhcp4
