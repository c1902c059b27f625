#include "engine/dhcp4/lease.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::Message;
using wire::dhcp4::OptionCode;
using wire::dhcp4::Options;

constexpr std::uint32_t kForEver = 0xffffffff;  // RFC 2131 §3.3
constexpr unsigned kShortestPrefix = 8;
constexpr Duration kEarliestRenewal = seconds(30);
constexpr auto kShortestIpv6OnlyWait = seconds(300);  // MIN_V6ONLY_WAIT, RFC 8925 §3.4

/// The length of a mask without holes.
std::optional<std::uint8_t> length_of(std::uint32_t mask) {
  const int length = std::countl_one(mask);
  if (length < 32 && mask << length != 0) return std::nullopt;
  return static_cast<std::uint8_t>(length);
}

/// The mask of the address's class (RFC 791 §2.3), for servers that give none.
std::uint8_t class_length(Ipv4 address) {
  if (address.value >> 31 == 0) return 8;
  return address.value >> 30 == 2 ? 16 : 24;
}

std::optional<std::string> wrong_with(Ipv4 address, std::uint8_t length) {
  if (!is_host_address(address)) return fmt::format("{} is no host's address", to_text(address));
  if (length < kShortestPrefix) return fmt::format("a prefix length of {}", length);
  if (length > 30) return std::nullopt;
  const std::uint32_t hosts = 0xffffffffU >> length;
  if ((address.value & hosts) == 0 || (address.value & hosts) == hosts)
    return fmt::format("{} is the network or the broadcast address of its /{}", to_text(address), length);
  return std::nullopt;
}

std::optional<Times> times_of(const Options& options, std::uint32_t granted, std::vector<std::string>& notes) {
  if (granted == kForEver) return std::nullopt;
  Times out;
  out.lifetime = std::min<Duration>(seconds(granted), kLongestLease);
  // RFC 2131 §4.4.5.
  const Duration renew_default = out.lifetime / 2;
  const Duration rebind_default = out.lifetime / 8 * 7;
  const auto given = [&](OptionCode code) -> std::optional<Duration> {
    if (const auto value = u32_of(options, code)) return seconds(*value);
    return std::nullopt;
  };
  const auto renew = given(OptionCode::RenewalTime);
  const auto rebind = given(OptionCode::RebindingTime);
  out.renew = renew.value_or(std::min(renew_default, rebind.value_or(renew_default)));
  out.rebind = rebind.value_or(std::max(rebind_default, std::min(out.renew, out.lifetime)));
  const bool fits =
      out.renew >= std::min(kEarliestRenewal, renew_default) && out.renew <= out.rebind && out.rebind <= out.lifetime;
  if (!fits) {
    notes.push_back("T1 and T2 do not fit the lease and were replaced");
    out.renew = renew_default;
    out.rebind = rebind_default;
  }
  return out;
}

class Filter {
 public:
  Filter(const Options& options, std::vector<std::string>& notes) : options_(options), notes_(notes) {}

  std::vector<Ipv4> operator()(OptionCode code, std::string_view what) {
    auto addresses = addresses_of(options_, code, kMostAddresses);
    const auto wrong = [](Ipv4 address) { return !is_host_address(address); };
    if (std::erase_if(addresses, wrong) != 0) notes_.push_back(fmt::format("a {} without a host's address", what));
    return addresses;
  }

 private:
  const Options& options_;
  std::vector<std::string>& notes_;
};

void read_routes(const Options& options, Lease& lease) {
  if (find_option(options, OptionCode::ClasslessStaticRoute) == nullptr) return;
  auto routes = classless_routes(options, kMostRoutes);
  if (!routes) {
    lease.notes.push_back("classless routes that cannot be read; the router option counts");
    return;
  }
  const auto wrong = [](const wire::dhcp4::Route& route) {
    const Ipv4 to = *route.destination.address.v4();
    return (!route.gateway.is_unspecified() && !is_host_address(route.gateway)) || to.value >> 28 >= 14 ||
           to.value >> 24 == 127;
  };
  if (std::erase_if(*routes, wrong) != 0) lease.notes.push_back("a classless route that leads nowhere");
  lease.routes = std::move(*routes);
  lease.routers.clear();  // RFC 3442: the router option must be ignored then
}

void read_rest(const Options& options, const LeaseLimits& limits, Lease& lease) {
  if (const auto mtu = u16_of(options, OptionCode::InterfaceMtu)) {
    if (*mtu >= limits.mtu_min && *mtu <= limits.mtu_max)
      lease.mtu = *mtu;
    else
      lease.notes.push_back(fmt::format("an MTU of {}", *mtu));
  }
  if (const auto domain = domain_name(options))
    lease.domain = *domain;
  else if (find_option(options, OptionCode::DomainName) != nullptr)
    lease.notes.push_back("a domain that is no name");
  if (const auto wait = u32_of(options, OptionCode::Ipv6OnlyPreferred))
    lease.ipv6_only_wait = std::max(seconds(*wait), kShortestIpv6OnlyWait);
  if (const auto* six_rd = find_option(options, OptionCode::SixRd)) {
    if (six_rd->value.size() <= kMostSixRd)
      lease.six_rd = six_rd->value;
    else
      lease.notes.push_back("a 6RD option that is too long");
  }
}

}  // namespace

bool is_host_address(Ipv4 address) {
  const std::uint32_t first = address.value >> 24;
  return first != 0 && first != 127 && first < 224;
}

Result<Lease, std::string> read_lease(const Message& message, const LeaseLimits& limits) {
  const Options& options = message.options;
  Lease lease;
  lease.address = message.yiaddr;
  if (const auto mask = u32_of(options, OptionCode::SubnetMask)) {
    const auto length = length_of(*mask);
    if (!length) return Fault<std::string>(fmt::format("a mask with holes: {}", to_text(Ipv4{*mask})));
    lease.prefix_length = *length;
  } else {
    lease.prefix_length = class_length(lease.address);
    lease.notes.push_back("no subnet mask; that of the address's class was taken");
  }
  if (auto wrong = wrong_with(lease.address, lease.prefix_length)) return Fault<std::string>(std::move(*wrong));
  const auto server = address_of(options, OptionCode::ServerIdentifier);
  if (!server || !is_host_address(*server)) return Fault<std::string>("no usable server identifier");
  lease.server = *server;
  const auto granted = u32_of(options, OptionCode::LeaseTime);
  if (!granted) return Fault<std::string>("no lease time");
  if (seconds(*granted) < kShortestLease) return Fault<std::string>(fmt::format("a lease of {} s", *granted));
  lease.times = times_of(options, *granted, lease.notes);

  Filter usable(options, lease.notes);
  lease.routers = usable(OptionCode::Router, "router");
  lease.dns = usable(OptionCode::DomainNameServer, "resolver");
  lease.ntp = usable(OptionCode::NtpServers, "time server");
  const Prefix subnet{lease.address, lease.prefix_length};
  if (std::ranges::any_of(lease.routers, [&](Ipv4 router) { return !subnet.contains(Address(router)); }))
    lease.notes.push_back("a router outside the subnet");
  read_routes(options, lease);
  read_rest(options, limits, lease);
  return lease;
}

}  // namespace michi::engine::dhcp4
