#include "wire/dhcp6_info.hpp"

#include <algorithm>
#include <utility>

namespace michi::wire::dhcp6 {
namespace {

constexpr std::size_t kMostLabel = 63;
constexpr std::size_t kMostNameText = 253;

// RFC 5908 §4
constexpr std::uint16_t kNtpServerAddress = 1;
constexpr std::uint16_t kNtpMulticastAddress = 2;
constexpr std::uint16_t kNtpServerName = 3;

bool is_name_octet(std::byte b) {
  const auto c = std::to_integer<unsigned char>(b);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// What is new goes to the end, as far as there is room.
template <class T>
bool append(std::vector<T>& to, std::vector<T> more, std::size_t limit) {
  for (T& one : more) {
    if (std::ranges::find(to, one) != to.end()) continue;
    if (to.size() == limit) return false;
    to.push_back(std::move(one));
  }
  return true;
}

bool add_addresses(std::vector<Ipv6>& to, Bytes value) {
  auto addresses = parse_addresses(value);
  return addresses && append(to, std::move(*addresses), kMostAddresses);
}

bool add_names(std::vector<std::string>& to, Bytes value) {
  auto names = parse_names(value);
  return names && append(to, std::move(*names), kMostNames);
}

bool add_ntp(Info& info, Bytes value) {
  const auto inner = parse_options(value);
  if (!inner) return false;
  bool read = true;
  for (const Option& one : *inner) {
    const auto code = static_cast<std::uint16_t>(one.code);
    const bool is_address = one.value.size() == 16;
    if (code == kNtpServerAddress) read &= is_address && add_addresses(info.ntp, one.value);
    if (code == kNtpMulticastAddress) read &= is_address && add_addresses(info.ntp_multicast, one.value);
    if (code == kNtpServerName) read &= add_names(info.ntp_names, one.value);
  }
  return read;
}

bool add_aftr(std::string& to, Bytes value) {
  const auto names = parse_names(value);
  if (!names || names->size() != 1 || !to.empty()) return false;
  to = names->front();
  return true;
}

bool add_raw(std::vector<Option>& to, const Option& option) {
  if (to.size() == kMostRaw || option.value.size() > kMostRawOctets) return false;
  to.push_back(option);
  return true;
}

bool is_s46(OptionCode code) {
  return code == OptionCode::S46ContMapE || code == OptionCode::S46ContMapT || code == OptionCode::S46ContLw;
}

bool add(Info& info, const Option& option) {
  const OptionCode code = option.code;
  if (code == OptionCode::DnsServers) return add_addresses(info.dns, option.value);
  if (code == OptionCode::DomainList) return add_names(info.domains, option.value);
  if (code == OptionCode::SipServers) return add_addresses(info.sip, option.value);
  if (code == OptionCode::SntpServers) return add_addresses(info.sntp, option.value);
  if (code == OptionCode::NtpServer) return add_ntp(info, option.value);
  if (code == OptionCode::AftrName) return add_aftr(info.aftr, option.value);
  if (code == OptionCode::VendorOptions) return add_raw(info.vendor, option);
  if (is_s46(code)) return add_raw(info.s46, option);
  return true;
}

Option ntp_suboption(std::uint16_t code, ByteVec value) { return {static_cast<OptionCode>(code), std::move(value)}; }

}  // namespace

Info info_in(std::span<const Option> options, std::uint64_t& unread) {
  Info out;
  for (const Option& option : options)
    if (!add(out, option)) ++unread;
  return out;
}

Options info_options(const Info& info) {
  Options out;
  const auto addresses = [&](OptionCode code, const std::vector<Ipv6>& list) {
    if (!list.empty()) out.push_back({code, write_addresses(list)});
  };
  addresses(OptionCode::DnsServers, info.dns);
  if (!info.domains.empty()) out.push_back({OptionCode::DomainList, write_names(info.domains)});
  addresses(OptionCode::SipServers, info.sip);
  addresses(OptionCode::SntpServers, info.sntp);
  Options ntp;
  for (const Ipv6& one : info.ntp) ntp.push_back(ntp_suboption(kNtpServerAddress, copy_of(one.bytes())));
  for (const Ipv6& one : info.ntp_multicast) ntp.push_back(ntp_suboption(kNtpMulticastAddress, copy_of(one.bytes())));
  for (const std::string& one : info.ntp_names)
    ntp.push_back(ntp_suboption(kNtpServerName, write_names(std::span(&one, 1))));
  if (!ntp.empty()) out.push_back({OptionCode::NtpServer, write_options(ntp)});
  if (!info.aftr.empty()) out.push_back({OptionCode::AftrName, write_names(std::span(&info.aftr, 1))});
  out.insert(out.end(), info.s46.begin(), info.s46.end());
  out.insert(out.end(), info.vendor.begin(), info.vendor.end());
  return out;
}

Parsed<std::vector<Ipv6>> parse_addresses(Bytes value) {
  if (value.empty() || value.size() % 16 != 0) return fault(FaultCode::BadLength, value.size());
  std::vector<Ipv6> out;
  for (Reader in(value); !in.empty();) out.push_back(*Ipv6::from_bytes(*in.take(16)));
  return out;
}

ByteVec write_addresses(std::span<const Ipv6> addresses) {
  Writer out;
  for (const Ipv6& one : addresses) out.put(one.bytes());
  return std::move(out).take();
}

Parsed<std::vector<std::string>> parse_names(Bytes value) {
  std::vector<std::string> out;
  Reader in(value);
  std::string name;
  while (!in.empty()) {
    const std::size_t at = in.offset();
    const std::uint8_t length = *in.u8();
    if (length == 0) {
      if (name.empty()) return fault(FaultCode::BadValue, at);
      out.push_back(std::exchange(name, {}));
      continue;
    }
    if (length > kMostLabel) return fault(FaultCode::BadLength, at);
    const auto label = in.take(length);
    if (!label) return fault(FaultCode::Truncated, at);
    if (!std::ranges::all_of(*label, is_name_octet)) return fault(FaultCode::BadValue, at + 1);
    if (!name.empty()) name += '.';
    name += text_of(*label);
    if (name.size() > kMostNameText) return fault(FaultCode::BadLength, at);
  }
  if (!name.empty() || out.empty()) return fault(FaultCode::Truncated, value.size());
  return out;
}

ByteVec write_names(std::span<const std::string> names) {
  Writer out;
  for (std::string_view rest : names) {
    while (!rest.empty()) {
      const auto dot = rest.find('.');
      const std::string_view label = rest.substr(0, std::min(dot, kMostLabel));
      if (!label.empty()) out.u8(static_cast<std::uint8_t>(label.size())).put(bytes_of(label));
      rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    }
    out.u8(0);
  }
  return std::move(out).take();
}

}  // namespace michi::wire::dhcp6
