// The routing law's band of rules, 20000..20999 (docs/operator/routing.md).

#include "policy/rules.hpp"

#include <set>

#include "policy/view.hpp"

namespace michi::policy {

namespace {

enum Priority : std::uint32_t {
  kSpecific = 20010,       // law 1
  kMainMark = 20100,       // law 2: arrived on an interface the file does not name
  kMainAddress = 20110,    // law 2: comes from an address of one
  kMainDevice = 20120,     // law 2: bound to one
  kUplinkDevice = 20200,   // law 3
  kUplinkAddress = 20300,  // law 4
  kClosed = 20400,         // law 5
  kSelfAddress = 20490,    // law 6: the source of the router's own flows has no road of its own
  kPrefix = 20500,         // law 6
  kNowhereMark = 20590,    // policy's "unreachable"
  kUplinkMark = 20600,     // law 7
  kSelf = 20700,           // law 8, the router's own packets
  kRest = 20990            // law 8: nothing falls through to main's default
};

class Rules {
 public:
  Rules(const View& view, Family family) : view_(view), family_(family) {}

  std::set<model::RuleEntry> make() {
    auto specific = lookup(kSpecific, kTableMain);
    specific.suppress_prefix_length = 0;
    add(specific);
    foreign();
    for (const auto& uplink : view_.uplinks()) uplink_rules(uplink);
    add(lookup(kClosed, model::kTableClosed));
    if (family_ == Family::V6)
      for (const auto& uplink : view_.uplinks()) prefix_rules(uplink);
    add(marked(unreachable(kNowhereMark), view_.marks().nowhere()));
    if (view_.governs(family_)) rest();
    return std::move(rules_);
  }

 private:
  model::RuleEntry lookup(std::uint32_t priority, std::uint32_t table) const {
    return {.family = family_, .priority = priority, .table = table};
  }
  model::RuleEntry unreachable(std::uint32_t priority) const {
    return {.family = family_, .priority = priority, .action = model::RuleAction::Unreachable};
  }
  model::RuleEntry marked(model::RuleEntry rule, std::uint32_t mark) const {
    rule.mark = mark;
    rule.mark_mask = view_.marks().mask;
    return rule;
  }
  void add(const model::RuleEntry& rule) { rules_.insert(rule); }

  /// Law 2: main whole, and nothing but main: no default there means unreachable, not an uplink.
  void foreign() {
    add(marked(lookup(kMainMark, kTableMain), view_.marks().main()));
    add(marked(unreachable(kMainMark + 1), view_.marks().main()));
    for (const auto& entry : view_.foreign_addresses()) {
      if (entry.address.family() != family_) continue;
      for (auto rule : {lookup(kMainAddress, kTableMain), unreachable(kMainAddress + 1)}) {
        rule.from = Prefix::host(entry.address.address);
        add(rule);
      }
      for (auto rule : {lookup(kMainDevice, kTableMain), unreachable(kMainDevice + 1)}) {
        rule.oif = entry.device;
        add(rule);
      }
    }
  }

  /// Until an uplink has more of IPv6 than a link-local address there is no default to give, and main's
  /// (router advertisements on a management port or the WAN's Ethernet) stays what it was without michi.
  void rest() {
    auto self = lookup(kSelf, model::kTableSelf);
    self.iif = "lo";
    add(self);
    add(unreachable(kRest));
  }

  void uplink_rules(const UplinkView& uplink) {
    auto device = lookup(kUplinkDevice, uplink.table());
    device.oif = uplink.device();
    add(device);
    if (family_ == Family::V4 && uplink.address) bound(uplink, *uplink.address);
    if (family_ == Family::V6)
      for (const auto& own : uplink.device_addresses()) bound(uplink, own);
    add(marked(lookup(kUplinkMark, uplink.table()), view_.marks().of(uplink.number)));
  }

  void bound(const UplinkView& uplink, const Address& own) {
    auto address = lookup(kUplinkAddress, uplink.table());
    address.from = Prefix::host(own);
    add(address);
  }

  /// Law 6: only what no policy line has marked. Remembered prefixes too: what still has such a source is
  /// translated, or refused, by the uplink it belongs to.
  void prefix_rules(const UplinkView& uplink) {
    for (const auto& delegation : uplink.prefixes) {
      auto self = marked(lookup(kSelfAddress, model::kTableSelf), 0);
      self.from = Prefix::host(delegation.self_address());
      add(self);
      auto source = marked(lookup(kPrefix, uplink.table()), 0);
      source.from = delegation.prefix;
      add(source);
    }
    for (const auto& shared : uplink.shared) {
      auto source = marked(lookup(kPrefix, uplink.table()), 0);
      source.from = shared.prefix;
      add(source);
    }
  }

  const View& view_;
  Family family_;
  std::set<model::RuleEntry> rules_;
};

}  // namespace

std::vector<model::RuleEntry> derive_rules(const View& view) {
  std::vector<model::RuleEntry> all;
  for (Family family : kFamilies) {
    const auto rules = Rules(view, family).make();
    all.insert(all.end(), rules.begin(), rules.end());
  }
  return all;
}

}  // namespace michi::policy
