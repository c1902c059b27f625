#include "engine/ppp/ipcp.hpp"

#include <algorithm>
#include <bitset>

namespace michi::engine::ppp {

using wire::control::Option;
using wire::ipcp::OptionType;

namespace {

constexpr std::array<OptionType, 2> kDnsOptions = {OptionType::PrimaryDns, OptionType::SecondaryDns};

}  // namespace

Ipcp::Ipcp(const Settings& settings) : settings_(settings) { restart(); }

void Ipcp::restart() {
  const bool client = settings_.role == Role::Client;
  local_ = client ? settings_.wanted_address : settings_.server_address;
  // A server without an address of its own says nothing about it (trap 51).
  ask_address_ = client || !local_.is_unspecified();
  dns_ = {};
  for (Dns& dns : dns_) dns.asked = client && settings_.request_dns;
}

Options Ipcp::request() const {
  Options options;
  if (ask_address_) options.push_back(wire::ipcp::address_option(OptionType::IpAddress, local_));
  for (std::size_t i = 0; i < dns_.size(); ++i)
    if (dns_[i].asked) options.push_back(wire::ipcp::address_option(kDnsOptions[i], dns_[i].address));
  return options;
}

Negotiator::Judgement Ipcp::judge(const Options& theirs, Patience patience) {
  Judgement nak{Kind::Nak, {}};
  Judgement reject{Kind::Reject, {}};
  draft_peer_ = Ipv4{};
  std::bitset<256> seen;
  for (const Option& option : theirs) {
    const auto type = static_cast<OptionType>(option.type);
    const bool server = settings_.role == Role::Server;
    if (seen.test(option.type))
      reject.options.push_back(option);
    else if (type == OptionType::IpAddress)
      judge_address(option, patience, nak, reject);
    else if (server && type == OptionType::PrimaryDns)
      judge_dns(option, 0, patience, nak, reject);
    else if (server && type == OptionType::SecondaryDns)
      judge_dns(option, 1, patience, nak, reject);
    else
      reject.options.push_back(option);
    seen.set(option.type);
  }
  const bool hands_out = settings_.role == Role::Server && !settings_.assigned_address.is_unspecified();
  if (hands_out && !seen.test(static_cast<std::uint8_t>(OptionType::IpAddress)) && patience == Patience::Nak)
    nak.options.push_back(wire::ipcp::address_option(OptionType::IpAddress, settings_.assigned_address));
  if (!reject.options.empty()) return reject;
  if (!nak.options.empty()) return nak;
  peer_ = draft_peer_;
  return {};
}

void Ipcp::judge_address(const Option& option, Patience patience, Judgement& nak, Judgement& reject) {
  const auto wanted = wire::ipcp::address(option);
  const Ipv4 ours = settings_.role == Role::Server ? settings_.assigned_address : Ipv4{};
  if (wanted && !wanted->is_unspecified() && (ours.is_unspecified() || *wanted == ours)) {
    draft_peer_ = *wanted;
  } else if (!ours.is_unspecified() && patience == Patience::Nak) {
    nak.options.push_back(wire::ipcp::address_option(OptionType::IpAddress, ours));
  } else {
    // It asks for an address and there is none to give; a peer without one is welcome.
    reject.options.push_back(option);
  }
}

void Ipcp::judge_dns(const Option& option, std::size_t which, Patience patience, Judgement& nak,
                     Judgement& reject) const {
  if (which >= settings_.assigned_dns.size()) {
    reject.options.push_back(option);
    return;
  }
  const Ipv4 ours = settings_.assigned_dns[which];
  if (wire::ipcp::address(option) == ours) return;
  if (patience == Patience::Nak)
    nak.options.push_back(wire::ipcp::address_option(kDnsOptions[which], ours));
  else
    reject.options.push_back(option);
}

Ipcp::Dns* Ipcp::dns_of(std::uint8_t type) {
  for (std::size_t i = 0; i < dns_.size(); ++i)
    if (type == static_cast<std::uint8_t>(kDnsOptions[i])) return &dns_[i];
  return nullptr;
}

void Ipcp::on_nak(const Options& suggested) {
  for (const Option& option : suggested) {
    const auto address = wire::ipcp::address(option);
    if (!address) continue;
    if (Dns* dns = dns_of(option.type); dns != nullptr && dns->asked) {
      // A Nak that suggests what was asked, or nothing, will do so for ever.
      if (address->is_unspecified() || *address == dns->address)
        dns->asked = false;
      else
        dns->address = *address;
    } else if (static_cast<OptionType>(option.type) == OptionType::IpAddress) {
      // The server's address is the operator's decision, the client's is the server's.
      if (settings_.role == Role::Client && !address->is_unspecified()) local_ = *address, ask_address_ = true;
    }
  }
}

void Ipcp::on_reject(const Options& refused) {
  for (const Option& option : refused) {
    if (Dns* dns = dns_of(option.type)) dns->asked = false;
    if (static_cast<OptionType>(option.type) != OptionType::IpAddress) continue;
    ask_address_ = false;
    if (settings_.role == Role::Client) local_ = Ipv4{};
  }
}

Ipv4Up Ipcp::result() const {
  Ipv4Up up{local_, peer_, {}};
  for (const Dns& dns : dns_) {
    const bool given = dns.asked && !dns.address.is_unspecified();
    if (given && std::ranges::find(up.dns, dns.address) == up.dns.end()) up.dns.push_back(dns.address);
  }
  return up;
}

}  // namespace michi::engine::ppp
