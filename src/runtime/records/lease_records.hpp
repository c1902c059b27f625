#pragma once
// DHCPv6 leases on disk, so that a restart has its prefixes from the first moment: as text, with the moment
// they were written.
//
// What cannot be read is dropped. Where nobody can tell how old a record is, nothing is taken off its
// lifetimes (stamp.hpp).

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "port/system.hpp"
#include "runtime/records/stamp.hpp"
#include "uplink/ip/lease_record.hpp"

namespace michi::runtime {

inline constexpr std::string_view kLeasePrefix = "lease.";  // of the record's key; the uplink's name follows

std::string write_lease(const uplink::LeaseRecord& record, const Stamp& stamp);
/// With the lifetimes that are left now.
std::optional<uplink::LeaseRecord> parse_lease(std::string_view text, const Stamp& now);

/// What DHCPv6 kept, by uplink name; nullopt: a record is there and cannot be read.
std::map<std::string, std::optional<uplink::LeaseRecord>> lease_records(
    const std::map<std::string, std::string>& records, const Stamp& now);

/// Of /etc/machine-id, which itself is nobody's business on a network (machine-id(5)).
std::optional<std::array<std::byte, 16>> machine_uuid(const port::Files& files);

}  // namespace michi::runtime
