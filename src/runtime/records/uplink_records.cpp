#include "runtime/records/uplink_records.hpp"

#include <fmt/format.h>

#include <utility>

#include "runtime/records/held_addresses.hpp"
#include "runtime/records/lease_records.hpp"
#include "runtime/records/records.hpp"

namespace michi::runtime {

namespace {

constexpr std::string_view kSessionPrefix = "session.";

std::string key_of(std::string_view prefix, const std::string& uplink) { return std::string(prefix) + uplink; }

}  // namespace

UplinkRecords::UplinkRecords(RecordKeeper& keeper, const port::Alarm& alarm, const port::Files& files,
                             CrashPoint crash_point)
    : keeper_(keeper), alarm_(alarm), files_(files), crash_point_(std::move(crash_point)) {}

void UplinkRecords::keep(const std::string& uplink, const std::optional<model::SessionRecord>& session) {
  keeper_.keep(port::Lifetime::Volatile, key_of(kSessionPrefix, uplink),
               session ? std::optional(write_session(*session)) : std::nullopt,
               fmt::format("the session record of {}", uplink));
  if (crash_point_) crash_point_(session ? "session-recorded" : "session-forgotten");
}

void UplinkRecords::keep(const std::string& uplink, const std::optional<uplink::HeldAddress>& held) {
  keeper_.keep(port::Lifetime::Durable, key_of(kHeldPrefix, uplink),
               held ? std::optional(write_held(*held, stamp_now(alarm_, files_))) : std::nullopt,
               fmt::format("the address of {}", uplink));
}

void UplinkRecords::keep(const std::string& uplink, const std::optional<uplink::LeaseRecord>& lease) {
  keeper_.keep(port::Lifetime::Durable, key_of(kLeasePrefix, uplink),
               lease ? std::optional(write_lease(*lease, stamp_now(alarm_, files_))) : std::nullopt,
               fmt::format("the DHCPv6 lease of {}", uplink));
}

void UplinkRecords::forget(const std::string& uplink) {
  keep(uplink, std::optional<uplink::HeldAddress>{});
  keep(uplink, std::optional<uplink::LeaseRecord>{});
}

void UplinkRecords::recall(const RecordKeeper::Records& in_run, const RecordKeeper::Records& on_disk) {
  for (const auto& [key, value] : in_run) {
    if (!key.starts_with(kSessionPrefix)) continue;
    if (auto record = parse_session(value)) orphans_[record->uplink.name] = *record;
  }
  const auto now = stamp_now(alarm_, files_);
  held_ = held_addresses(on_disk, now);
  leases_ = lease_records(on_disk, now);
}

UplinkRecords::Left UplinkRecords::take(const std::string& uplink) {
  Left out;
  if (auto orphan = orphans_.extract(uplink)) out.orphan = std::move(orphan.mapped());
  if (auto held = held_.extract(uplink)) out.held = held.mapped();
  auto lease = leases_.extract(uplink);
  out.ipv6 = {.record = lease ? std::move(lease.mapped()) : std::nullopt,
              .machine = machine_uuid(files_),
              .wall_seconds = alarm_.wall_seconds()};
  return out;
}

std::vector<model::SessionRecord> UplinkRecords::take_orphans() {
  std::vector<model::SessionRecord> out;
  for (auto& [name, orphan] : std::exchange(orphans_, {})) out.push_back(std::move(orphan));
  return out;
}

void UplinkRecords::forget_rest() {
  for (const auto& [name, held] : std::exchange(held_, {})) keep(name, std::optional<uplink::HeldAddress>{});
  for (const auto& [name, lease] : std::exchange(leases_, {})) keep(name, std::optional<uplink::LeaseRecord>{});
}

}  // namespace michi::runtime
