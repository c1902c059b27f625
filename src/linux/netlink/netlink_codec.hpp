#pragma once
// rtnetlink as values: operations become messages, messages become facts. No socket.
//
// Index and name of a device are looked up through functions, so that the codec is tested with
// bytes alone. Two normal forms, because the kernel shows things differently from how they are
// asked for: an IPv6 metric of 1024 (the kernel's default) is read as 0, and an unreachable route
// has no device. A route with anything a RouteEntry cannot say (several next hops, a tunnel) is read
// with the device kOtherNexthop, so that it never equals one of ours.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "model/kernel.hpp"
#include "port/kernel_net.hpp"

struct nlmsghdr;

namespace michi::linux {

inline constexpr std::string_view kOtherNexthop = "?";

using IndexOf = std::function<std::uint32_t(const std::string& name)>;  // 0: there is none
using NameOf = std::function<std::string(std::uint32_t index)>;         // "": there is none

/// One message with NLM_F_ACK. Nothing when the device it needs is not there, or a name in it is
/// longer than the kernel's names are.
std::optional<ByteVec> encode(const port::NetOp& op, std::uint32_t sequence, const IndexOf& index_of);

/// "add route 192.0.2.0/24 table 20000 dev isp", for errors.
std::string describe(const port::NetOp& op);
/// Whether this errno means that what was wanted is so already.
bool is_done_already(const port::NetOp& op, int error);

enum class Change : std::uint8_t { Seen, Gone };
struct LinkFact {
  model::Link link;
};
struct AddressFact {
  model::AddressEntry address;
  std::uint32_t index = 0;
  bool usable = true;  // false: duplicate detection goes on, or has found one
  bool ours = false;
};
struct RouteFact {
  model::RouteEntry route;
  std::uint32_t index = 0;
};
struct RuleFact {
  model::RuleEntry rule;
  bool foreign = false;  // outside the band
};
/// The IPv4 settings of a device, or of "all"; what the message does not say is not known.
struct SettingsFact {
  std::string device;
  std::optional<bool> forwarding;
  std::optional<std::int32_t> reverse_path_filter;
};
struct NetFact {
  Change change = Change::Seen;
  std::variant<LinkFact, AddressFact, RouteFact, RuleFact, SettingsFact> what;
};
/// Nothing for what is not michi's business: other message types, bridge ports, foreign routes, route
/// types and rule actions the model does not know.
std::optional<NetFact> decode(const nlmsghdr& message, const NameOf& name_of);

/// Which route of table main an address takes with this mark; the route itself, not what a flow makes of it.
ByteVec encode_route_question(const Address& to, std::uint32_t mark, std::uint32_t sequence);
/// Nothing when main has none. A route that refuses has the type Unreachable and no device.
std::optional<model::RouteEntry> decode_route_answer(const nlmsghdr& message, const Address& to, const NameOf& name_of);

/// What a device has counted.
ByteVec encode_counters_question(std::uint32_t index, std::uint32_t sequence);
std::optional<port::LinkCounters> decode_counters_answer(const nlmsghdr& message);

enum class DumpPart : std::uint8_t { Links, Addresses, RoutesV4, RoutesV6, RulesV4, RulesV6, Settings };
/// A dump request that passes the kernel's strict check; routes only those of our protocol.
ByteVec encode_dump(DumpPart part, std::uint32_t sequence);

}  // namespace michi::linux
