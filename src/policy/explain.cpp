// One flow through the routing law, in the order the kernel takes: local, published, laws 1 to 8.
// The verdict is for a new flow; an established one keeps the way its mark says.

#include <fmt/format.h>

#include <algorithm>

#include "policy/match.hpp"
#include "policy/nft.hpp"
#include "policy/openings.hpp"
#include "policy/policies.hpp"
#include "policy/slots.hpp"
#include "policy/view.hpp"

namespace michi::policy {

namespace {

using Verdict = Explanation::Verdict;

class Walk {
 public:
  Walk(const Inputs& inputs, const FlowQuery& query) : view_(inputs), query_(query) { find_origin(); }

  Explanation go() {
    if (is_unspecified(query_.destination))
      return end("no destination", "", fmt::format("{} stands for no address", to_text(query_.destination)));
    if (auto answer = no_such_interface()) return *answer;
    if (from_uplink_ != nullptr) return arriving();
    if (!own_ && arrives_on_.empty())
      return end("unknown source", "",
                 fmt::format("no connected network and no route of main holds {}: say with --in where it arrives",
                             to_text(source_)));
    if (auto answer = published()) return *answer;
    if (is_routers(view_, query_.destination)) return local();
    if (is_group(query_.destination)) return group();
    if (auto answer = specific_route()) return *answer;
    if (auto answer = foreign_interface()) return *answer;
    if (!own_ && !view_.is_lan(arrives_on_))
      return end("8 rest", "",
                 fmt::format("{} is neither a LAN nor an uplink: nothing is forwarded from it",
                             arrives_on_.empty() ? "the source" : arrives_on_));
    if (auto answer = own_address()) return *answer;
    if (auto answer = closed_network()) return *answer;
    if (auto answer = own_prefix()) return *answer;
    if (!view_.governs(family()))
      return main("8 rest", "lookup main", main_device(), "no uplink has an IPv6 prefix yet: table main decides");
    return policies();
  }

 private:
  Family family() const { return query_.destination.family(); }
  void say(std::string reason) { answer_.reasons.push_back(std::move(reason)); }

  Explanation end(std::string law, std::string rule, std::string reason) {
    say(std::move(reason));
    answer_.verdict = Verdict::Unreachable;
    answer_.law = std::move(law);
    answer_.rule = std::move(rule);
    return std::move(answer_);
  }
  Explanation main(std::string law, std::string rule, std::string device, std::string reason) {
    say(std::move(reason));
    answer_.verdict = Verdict::Main;
    answer_.law = std::move(law);
    answer_.rule = std::move(rule);
    answer_.device = std::move(device);
    return std::move(answer_);
  }
  Explanation by(const UplinkView& uplink, std::string law, std::string rule) {
    if (!own_ && !uplink.carries(family()))
      return end(std::move(law), std::move(rule),
                 fmt::format("{} has no address the internet could answer to: IPv6 is refused there", uplink.name()));
    if (uplink.dead(family())) say(dead_text(uplink, family()));
    answer_.verdict = Verdict::Uplink;
    answer_.uplink = uplink.name();
    answer_.device = uplink.device();
    answer_.law = std::move(law);
    answer_.rule = std::move(rule);
    carried(uplink);
    auto [source, reason] = translated(view_, uplink, source_);
    answer_.translated_source = std::move(source);
    if (!reason.empty()) say(std::move(reason));
    return std::move(answer_);
  }

  /// The second level: the uplink that this one stands on.
  void carried(const UplinkView& uplink) {
    if (uplink.carrier == nullptr) return;
    answer_.carried_by = uplink.carrier->name();
    say(fmt::format("{} is carried by {}", uplink.name(), answer_.carried_by));
  }

  static bool is_unspecified(const Address& address) {
    return address.v4() != nullptr ? address.v4()->value == 0 : *address.v6() == Ipv6{};
  }

  static bool is_group(const Address& address) {
    const Ipv4* v4 = address.v4();
    return v4 != nullptr ? v4->value >= 0xe0000000 : address.v6()->octets[0] == 0xff;
  }

  /// What table main whole says of the destination; its default counts.
  const model::RouteEntry* main_route() const {
    const model::RouteEntry* found = nullptr;
    for (const auto& route : view_.inputs().surroundings.main_routes) {
      if (route.to.family() != query_.destination.family() || !route.to.contains(query_.destination)) continue;
      if (found == nullptr || route.to.length > found->to.length) found = &route;
    }
    return found;
  }
  std::string main_device() const {
    if (const auto* route = main_route()) return std::string(route->device.view());
    return neighbour_interface(view_, query_.destination);
  }

  std::optional<Explanation> no_such_interface() {
    const auto& links = view_.inputs().surroundings.links;
    const auto& name = query_.arrives_on;
    if (name.empty() || links.empty() || links.contains(name)) return std::nullopt;
    if (view_.named(name)) {
      say(fmt::format("{} is in the file, but not there now", name));
      return std::nullopt;
    }
    return end("unknown interface", "", fmt::format("there is no interface {}", name));
  }

  Address unbound_source() const {
    if (family() == Family::V4) return view_.internal();
    return view_.self_source6().value_or(Ipv6{});
  }

  void find_origin() {
    const bool bound = query_.source && !is_unspecified(*query_.source);
    own_ = query_.arrives_on.empty() && (!bound || is_routers(view_, *query_.source));
    source_ = bound ? *query_.source : unbound_source();
    arrives_on_ = query_.arrives_on;
    if (own_) {
      say(bound ? "the router's own flow, bound to an address" : "the router's own flow");
      return;
    }
    if (arrives_on_.empty()) arrives_on_ = neighbour_interface(view_, source_);
    if (arrives_on_.empty())
      for (const auto& uplink : view_.uplinks())
        if (view_.owns(uplink, query_.destination)) arrives_on_ = uplink.device();
    if (!arrives_on_.empty()) say(fmt::format("arrives on {}", arrives_on_));
    from_uplink_ = view_.find_device(arrives_on_);
  }

  Explanation arriving() {
    const bool is_own = view_.owns(*from_uplink_, query_.destination);
    if (is_own)
      if (auto answer = published()) return *answer;
    if (is_own && family() == Family::V6 && query_.protocol == model::Protocol::Icmp) return answered();
    closed_services();
    return end("default-deny", "", "not published: what arrives on an uplink unasked is refused");
  }

  /// The file opens this port on this uplink, but over IPv6 there is nothing to open now.
  void closed_services() {
    if (const auto reason = foreign_port(view_, query_); !reason.empty()) say(reason);
    if (family() == Family::V4) return;
    for (const auto& publish : view_.config().publishes) {
      if (!publish.to6 || !names_service(publish, query_) || !holds(publish.uplinks6, from_uplink_->config->id))
        continue;
      const auto open = openings(view_, publish);
      if (std::ranges::none_of(open, [&](const Opening& at) { return at.uplink == from_uplink_; }))
        say(fmt::format("publish {} opens nothing here: {}", publish.index + 1, why_closed(publish, *from_uplink_)));
      for (const auto& at : open)
        if (at.uplink == from_uplink_ && Address(at.address) != query_.destination)
          say(fmt::format("publish {} is at {} here", publish.index + 1, to_text(at.address)));
    }
  }

  /// RFC 4890 §4.3.1: without echo and errors IPv6 does not work.
  Explanation answered() {
    say("ICMPv6 echo and errors pass");
    answer_.verdict = is_routers(view_, query_.destination) ? Verdict::Local : Verdict::Main;
    answer_.law = "1 more specific route";
    answer_.device = neighbour_interface(view_, query_.destination);
    return std::move(answer_);
  }

  std::optional<Explanation> published() {
    for (const auto& publish : view_.config().publishes) {
      if (!matches(view_, publish, query_, source_, from_uplink_)) continue;
      answer_.verdict = stays_here(view_, publish, family()) ? Verdict::Local : Verdict::Published;
      for (const auto& uplink : view_.uplinks())
        if (view_.owns(uplink, query_.destination) && holds(publish.uplinks6, uplink.config->id))
          answer_.uplink = uplink.name();
      if (family() == Family::V6 && answer_.verdict == Verdict::Published && !is_routers(view_, query_.destination))
        answer_.device = neighbour_interface(view_, query_.destination);
      if (const auto* uplink = view_.find(answer_.uplink); uplink != nullptr && uplink->carrier != nullptr)
        answer_.carried_by = uplink->carrier->name();
      answer_.law = "published";
      answer_.rule = fmt::format("publish {}", publish.index + 1);
      say(fmt::format("leads to {}", target_of(view_, publish, query_)));
      if (from_uplink_ != nullptr) say(fmt::format("answers leave by {}", from_uplink_->name()));
      return std::move(answer_);
    }
    return std::nullopt;
  }

  Explanation local() {
    if (const auto reason = foreign_port(view_, query_); !reason.empty()) say(reason);
    say("an address of the router itself");
    answer_.verdict = Verdict::Local;
    answer_.law = "local";
    return std::move(answer_);
  }

  Explanation group() {
    say("a broadcast or multicast address stays on the network it is sent to; it never leaves by an uplink");
    answer_.verdict = Verdict::Local;
    answer_.law = "group address";
    return std::move(answer_);
  }

  std::optional<Explanation> specific_route() {
    // A route that refuses is not suppressed by its length.
    if (const auto* route = main_route(); route != nullptr && route->type == model::RouteType::Unreachable)
      return end("1 more specific route", "lookup main suppress_prefixlength 0",
                 fmt::format("a route of table main refuses {}", to_text(query_.destination)));
    const auto device = neighbour_interface(view_, query_.destination);
    if (device.empty()) return nobodys();
    return main("1 more specific route", "lookup main suppress_prefixlength 0", device,
                fmt::format("table main leads to {} on {}", to_text(query_.destination), device));
  }

  std::optional<Explanation> nobodys() {
    for (const auto& uplink : view_.uplinks())
      for (const auto& delegation : uplink.prefixes)
        if (delegation.prefix.contains(query_.destination))
          return end("1 more specific route", fmt::format("unreachable {}", to_text(delegation.prefix)),
                     fmt::format("{} is delegated to {}, and on no LAN", to_text(query_.destination), uplink.name()));
    for (const auto& uplink : view_.uplinks())
      for (const auto& shared : uplink.shared)
        if (shared.prefix.contains(query_.destination))
          return end("1 more specific route", fmt::format("unreachable {}", to_text(shared.prefix)),
                     fmt::format("{} is on the line of {}, which is away", to_text(query_.destination), uplink.name()));
    return std::nullopt;
  }

  std::optional<Explanation> foreign_interface() {
    if (!own_ && !arrives_on_.empty() && !view_.named(arrives_on_))
      return by_main(fmt::format("fwmark {}", nft::hex(view_.marks().main())),
                     fmt::format("the file does not name {}: table main alone decides", arrives_on_));
    if (!own_) return std::nullopt;
    for (const auto& entry : view_.foreign_addresses())
      if (entry.address.address == source_)
        return by_main(fmt::format("from {}", to_text(source_)),
                       fmt::format("{} is an address of {}, which the file does not name: table main alone decides",
                                   to_text(source_), entry.device));
    return std::nullopt;
  }

  Explanation by_main(std::string rule, std::string reason) {
    constexpr auto kLaw = "2 interface not in the file";
    const auto device = main_device();
    if (device.empty() && view_.inputs().surroundings.main_asked) {
      say(std::move(reason));
      return end(kLaw, std::move(rule), fmt::format("table main has no route to {}", to_text(query_.destination)));
    }
    if (!device.empty()) reason += fmt::format(", and leads to {}", device);
    return main(kLaw, std::move(rule), device, std::move(reason));
  }

  std::optional<Explanation> own_address() {
    if (!own_) return std::nullopt;
    for (const auto& uplink : view_.uplinks()) {
      if (!is_bound_to(uplink)) continue;
      const auto rule = fmt::format("from {} lookup {}", to_text(source_), uplink.table());
      if (!uplink.usable[family()]) return end("4 an uplink's own address", rule, why_not(uplink, family()));
      say(fmt::format("bound to the address of {}", uplink.name()));
      return by(uplink, "4 an uplink's own address", rule);
    }
    return std::nullopt;
  }

  bool is_bound_to(const UplinkView& uplink) const {
    if (const auto* v4 = source_.v4()) return uplink.address == *v4;
    return holds(uplink.device_addresses(), *source_.v6());
  }

  /// Law 6, for packets without a mark: a socket of the router's bound to one of its LAN addresses.
  std::optional<Explanation> own_prefix() {
    if (!own_ || !query_.source || family() == Family::V4) return std::nullopt;
    for (const auto& uplink : view_.uplinks())
      for (const auto& delegation : uplink.prefixes) {
        if (!delegation.prefix.contains(source_) || source_ == Address(delegation.self_address())) continue;
        const auto rule = fmt::format("from {} lookup {}", to_text(delegation.prefix), uplink.table());
        if (!uplink.usable.v6) return end("6 an uplink's prefix", rule, why_not(uplink, family()));
        return by(uplink, "6 an uplink's prefix", rule);
      }
    return std::nullopt;
  }

  std::optional<Explanation> closed_network() {
    const model::UplinkConfig* owner = nullptr;
    std::optional<Prefix> longest;
    for (const auto& uplink : view_.config().uplinks)
      for (const auto& route : uplink.routes) {
        const bool longer = !longest || route.length > longest->length ||
                            (route.length == longest->length && !usable(*owner) && usable(uplink));
        if (route.family() != query_.destination.family() || !route.contains(query_.destination) || !longer) continue;
        owner = &uplink;
        longest = route;
      }
    if (owner == nullptr) return std::nullopt;
    const auto rule = fmt::format("{} of uplink {}", to_text(longest->canonical()), owner->id.name);
    const auto* uplink = view_.find(owner->id.name);
    if (uplink == nullptr || !uplink->usable[query_.destination.family()])
      return end("5 closed network", rule,
                 (uplink == nullptr ? owner->id.name + " has no device" : why_not(*uplink, family())) +
                     "; a closed network is never reached by another uplink");
    say(fmt::format("{} is in a closed network", to_text(query_.destination)));
    return by(*uplink, "5 closed network", rule);
  }

  bool usable(const model::UplinkConfig& config) const {
    const auto* uplink = view_.find(config.id.name);
    return uplink != nullptr && uplink->usable[query_.destination.family()];
  }

  Explanation policies() {
    for (const auto& lan : view_.config().lans) {
      if (own_ || !lan.uplink || lan.interface != arrives_on_) continue;
      const auto rule = fmt::format("lan.{} belongs to uplink {}", lan.name, lan.uplink->name);
      const auto* uplink = view_.find(lan.uplink->name);
      if (uplink != nullptr && uplink->carries(family())) return by(*uplink, "7 LAN of an uplink", rule);
      return end("7 LAN of an uplink", rule,
                 uplink == nullptr ? lan.uplink->name + " has no device" : why_not(*uplink, family()));
    }
    for (const auto& policy : view_.config().policies) {
      if (!matches(view_, policy, query_, source_, arrives_on_, own_)) continue;
      if (auto answer = take(policy)) return *answer;
    }
    return end("8 rest", "", "no policy line has a usable uplink for this flow");
  }

  std::optional<Explanation> take(const model::PolicyConfig& policy) {
    const auto law = fmt::format("7 {}", policy.label);
    const auto rule =
        policy.file_line == 0 ? policy.label : fmt::format("{} (line {})", policy.label, policy.file_line);
    if (family() == Family::V6)
      for (const auto& [prefix, uplink] : own_sources(view_, policy))
        if (prefix.contains(source_)) return by(*uplink, law, rule);
    const auto usable = candidates(view_, policy, family());
    for (const auto& id : policy.use) {
      const auto* uplink = view_.find(id.name);
      if (uplink == nullptr) continue;
      if (!uplink->carries(family()))
        say(why_not(*uplink, family()));
      else if (uplink->dead(family()) && !holds(usable, id))
        say(dead_text(*uplink, family()));
    }
    if (takes_despite(view_, policy, family()))
      say(fmt::format("every uplink of {} is judged dead, and there is no other road: it is tried all the same",
                      policy.label));
    if (usable.empty()) {
      if (policy.otherwise == model::Otherwise::Unreachable)
        return end(law, rule, fmt::format("{} says: otherwise unreachable", policy.label));
      say(fmt::format("{} matches but has no usable uplink: the next line", policy.label));
      return std::nullopt;
    }
    std::string chosen = usable.front().name;
    if (is_hashed(policy)) {
      const auto slots = share_slots(policy, view_.config(), usable);
      for (const auto& id : usable)
        if (holds(slots, id.name)) answer_.candidates.push_back(id.name);
      const auto slot = slot_of(policy, source_, query_.destination);
      chosen = slot ? slots[*slot] : answer_.candidates.front();
      say(slot ? fmt::format("balanced: the hash of the addresses gives slot {} of {}", *slot, kSlots)
               : "balanced: every flow draws");
    }
    return by(*view_.find(chosen), law, rule);
  }

  View view_;
  const FlowQuery& query_;
  bool own_ = false;
  Address source_;
  std::string arrives_on_;
  const UplinkView* from_uplink_ = nullptr;
  Explanation answer_;
};

}  // namespace

Explanation explain(const Inputs& inputs, const FlowQuery& query) { return Walk(inputs, query).go(); }

}  // namespace michi::policy
