#include "kit/dhcp6_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/dhcp6.hpp"
#include "wire/duid.hpp"

namespace michi::kit {
namespace {

using namespace wire::dhcp6;  // NOLINT: this file speaks of nothing else
namespace engine6 = engine::dhcp6;

constexpr std::size_t kAddresses = 32;

ByteVec framed(const Ipv6& from, const Ipv6& to, Bytes payload) {
  Writer out;
  out.put(from.bytes()).put(to.bytes()).put(payload);
  return std::move(out).take();
}

}  // namespace

Dhcp6Server::Dhcp6Server(World& world, Wire& wire, std::uint8_t number)
    : world_(world),
      wire_(wire),
      duid_(copy_of(wire::Duid::link_layer(Mac{{2, 0, 0, 0, 1, number}}).bytes())),
      address_(Ipv6::link_local(0x0200'00ff'fe00'0100 + number)) {
  behaviour.pool.address = Ipv6{{0x24, 0x00, 0x40, number}};
  world.add(*this);
  wire.attach(*this);
}

unsigned Dhcp6Server::heard(MessageType type) const {
  const auto found = heard_.find(type);
  return found == heard_.end() ? 0 : found->second;
}

Prefix Dhcp6Server::next_prefix() {
  Ipv6 out = *behaviour.pool.address.v6();
  ++given_;
  out.octets[4] = static_cast<std::uint8_t>(given_ >> 16);
  out.octets[5] = static_cast<std::uint8_t>(given_ >> 8);
  out.octets[6] = static_cast<std::uint8_t>(given_);
  return {out, 56};
}

Ia Dhcp6Server::answer_for(const Ia& asked, const std::string& client, MessageType type) {
  Ia out{asked.type, asked.iaid, behaviour.t1, behaviour.t2, {}, {}};
  const std::pair key{client, asked.iaid};
  const auto known = bindings_.find(key);
  if (type == MessageType::Release) {
    bindings_.erase(key);
    return out;
  }
  if (asked.type == IaType::Na) {
    out.status = {StatusCode::NoAddrsAvail, "prefixes only"};
    return out;
  }
  const bool extends = type == MessageType::Renew || type == MessageType::Rebind;
  if (extends && known == bindings_.end()) {
    out.status = {StatusCode::NoBinding, "never seen"};
    return out;
  }
  if (behaviour.empty) {
    out.status = {StatusCode::NoPrefixAvail, "all given away"};
    return out;
  }
  const Prefix prefix = known != bindings_.end() ? known->second : next_prefix();
  if (type != MessageType::Advertise) bindings_[key] = prefix;
  out.leases.push_back({prefix, behaviour.preferred, behaviour.valid, {}});
  return out;
}

Message Dhcp6Server::answer_to(const Message& question) {
  const bool advertises = question.type == MessageType::Solicit;
  Message out{advertises ? MessageType::Advertise : MessageType::Reply, question.transaction_id, {}};
  const Option* client = find_option(question.options, OptionCode::ClientId);
  if (client != nullptr) out.options.push_back(*client);
  out.options.push_back(bytes_option(OptionCode::ServerId, duid_));
  out.options.push_back({OptionCode::Preference, {static_cast<std::byte>(behaviour.preference)}});
  const std::string name = client != nullptr ? text_of(client->value) : std::string{};
  for (const Option& option : question.options)
    if (const auto ia = parse_ia(option))
      out.options.push_back(ia_option(answer_for(*ia, name, advertises ? MessageType::Advertise : question.type)));
  out.options.push_back(bytes_option(OptionCode::DnsServers, address_.bytes()));
  if (question.type == MessageType::InformationRequest)
    out.options.push_back(u32_option(OptionCode::InformationRefreshTime, behaviour.refresh));
  return out;
}

void Dhcp6Server::on_frame(Bytes frame, Instant) {
  if (frame.size() < kAddresses || behaviour.silent) return;
  const Ipv6 from = *Ipv6::from_bytes(frame.first(16));
  const auto question = parse_message(frame.subspan(kAddresses));
  if (!question || question->type == MessageType::Advertise || question->type == MessageType::Reply) return;
  const Option* wanted = find_option(question->options, OptionCode::ServerId);
  if (wanted != nullptr && wanted->value != duid_) return;
  ++heard_[question->type];
  if (behaviour.ignores_unknown && question->type == MessageType::Rebind && bindings_.empty()) return;
  ByteVec reply = framed(address_, from, write_message(answer_to(*question)));
  world_.after(behaviour.delay, [this, reply] { wire_.send(this, reply); });
}

Dhcp6Node::Dhcp6Node(World& world, Wire& wire, engine6::Settings settings, std::uint64_t seed)
    : client(std::move(settings), Random::seeded(seed)), wire_(wire), address_(Ipv6::link_local(seed + 1)) {
  world.add(*this);
  wire.attach(*this);
}

void Dhcp6Node::on_frame(Bytes frame, Instant now) {
  if (frame.size() < kAddresses || Ipv6::from_bytes(frame.subspan(16, 16)) != address_) return;
  client.on_datagram(frame.subspan(kAddresses), *Ipv6::from_bytes(frame.first(16)), now);
}

void Dhcp6Node::take(const engine6::Held& held, Instant now) {
  std::map<Prefix, Instant> next;
  for (const auto& lease : held.leases)
    next[lease.prefix] = lease.valid == engine6::kForever ? Instant::max() : now + lease.valid;
  for (const auto& [prefix, until] : until_)
    if (!next.contains(prefix)) broken_laws.push_back(fmt::format("{} vanished without a word", to_text(prefix)));
  until_ = std::move(next);
}

void Dhcp6Node::give_back(const engine6::Withdrawn& gone) {
  ++withdrawn;
  for (const auto& lease : gone.leases)
    if (until_.erase(lease.prefix) == 0) broken_laws.push_back(fmt::format("{} was not held", to_text(lease.prefix)));
}

bool Dhcp6Node::drain(Instant now) {
  bool any = false;
  while (auto output = client.poll()) {
    any = true;
    if (const auto* send = std::get_if<engine6::SendDatagram>(&*output)) {
      sent_.push_back(now);
      std::erase_if(sent_, [&](Instant at) { return at + seconds(20) <= now; });
      if (sent_.size() > 20) broken_laws.emplace_back("more than twenty messages in twenty seconds");
      wire_.send(this, framed(address_, send->destination, send->payload));
    } else if (const auto* first = std::get_if<engine6::Leased>(&*output)) {
      ++leased;
      take(first->held, now);
    } else if (const auto* again = std::get_if<engine6::Renewed>(&*output)) {
      ++renewed;
      take(again->held, now);
    } else if (const auto* gone = std::get_if<engine6::Withdrawn>(&*output)) {
      give_back(*gone);
    } else if (std::holds_alternative<engine6::Failed>(*output)) {
      ++failed;
    } else if (std::holds_alternative<engine6::Informed>(*output)) {
      ++informed;
    }
  }
  for (const auto& [prefix, until] : until_)
    if (until < now && client.state() != engine6::State::Idle)
      broken_laws.push_back(fmt::format("{} is used after its end", to_text(prefix)));
  return any;
}

std::vector<Prefix> Dhcp6Node::prefixes() const {
  std::vector<Prefix> out;
  for (const auto& [prefix, until] : until_) out.push_back(prefix);
  return out;
}

}  // namespace michi::kit
