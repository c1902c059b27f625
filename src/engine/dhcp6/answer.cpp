#include "engine/dhcp6/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wire/text.hpp"

namespace michi::engine::dhcp6 {
namespace {

using wire::dhcp6::Ia;
using wire::dhcp6::IaLease;
using wire::dhcp6::Option;
using wire::dhcp6::OptionCode;
using wire::dhcp6::Status;
using wire::dhcp6::StatusCode;

bool can_be_used(const Prefix& prefix) {
  static const Prefix kNever[] = {{Ipv6{}, 8},
                                  {Ipv6{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, 10},
                                  {Ipv6{{0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, 8}};
  return std::ranges::none_of(kNever, [&](const Prefix& never) { return never.overlaps(prefix); });
}

/// What the peer sent for one IA, without what cannot be used.
void tidy(Ia& ia) {
  std::vector<IaLease> kept;
  const bool refused = ia.status.code != StatusCode::Success;
  for (IaLease& lease : ia.leases) {
    const bool taken_away = lease.valid == 0;
    if (lease.status.code != StatusCode::Success || (refused && !taken_away)) continue;
    if (!can_be_used(lease.prefix) || std::ranges::find(kept, lease.prefix, &IaLease::prefix) != kept.end()) continue;
    if (kept.size() < kMostLeases) kept.push_back(std::move(lease));
  }
  ia.leases = std::move(kept);
}

bool is_given(const IaLease& lease) { return lease.valid != 0; }

}  // namespace

Answer read_answer(std::span<const Option> options, std::span<const Wanted> wanted, std::uint64_t& unread) {
  Answer out;
  out.complaint = wire::dhcp6::status_in(options);
  out.no_binding = out.complaint.code == StatusCode::NoBinding;
  std::vector<bool> seen(wanted.size());
  for (const Option& option : options) {
    if (option.code != OptionCode::IaNa && option.code != OptionCode::IaPd) continue;
    auto ia = wire::dhcp6::parse_ia(option);
    if (!ia) {
      ++unread;
      continue;
    }
    const auto ours =
        std::ranges::find_if(wanted, [&](const Wanted& one) { return one.type == ia->type && one.iaid == ia->iaid; });
    if (ours == wanted.end()) continue;
    const auto index = static_cast<std::size_t>(ours - wanted.begin());
    // RFC 8415 §21.4, §21.21: an IA whose T1 is above its T2 is not looked at.
    if (seen[index] || (ia->t1 > ia->t2 && ia->t2 != 0)) continue;
    seen[index] = true;
    if (ia->status.code == StatusCode::NoBinding) out.no_binding = true;
    if (ia->status.code != StatusCode::Success && out.complaint.code == StatusCode::Success) out.complaint = ia->status;
    tidy(*ia);
    if (std::ranges::any_of(ia->leases, is_given)) ++out.served;
    if (!ia->leases.empty()) out.ias.push_back(std::move(*ia));
  }
  return out;
}

std::string describe(const Status& status) {
  const std::string words = wire::printable(bytes_of(status.message));
  std::string name(wire::dhcp6::to_text(status.code));
  if (name == "?") name = fmt::format("status {}", static_cast<unsigned>(status.code));
  return words.empty() ? name : fmt::format("{}: {}", name, words);
}

}  // namespace michi::engine::dhcp6
