#pragma once
// Inside of the loader: the configuration while it is being read, and the steps that read and check
// it. Nothing outside this room includes it.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/kinds/kinds.hpp"
#include "config/section.hpp"
#include "model/config.hpp"

namespace michi::config {

struct Environment;

struct Draft {
  Draft(Report& report, std::span<const KindReader> of_kinds) : reading{report, {}, {}}, kinds(of_kinds) {}

  Reading reading;
  std::span<const KindReader> kinds;
  model::Config config;
  std::vector<std::string> routes_files;  // as they are to be read and watched
};

// Reading: document → draft. One finding per wrong value; nothing is compared with anything else.
void read_globals(Draft& draft, const Node& document);
void read_lines(Draft& draft, const Node& document);
void read_uplinks(Draft& draft, const Node& document, const Environment& environment);
/// The kind that an uplink says it is; nullptr, and a finding, when there is none of that name.
const KindReader* read_kind(Draft& draft, Section& section);
/// Keys that others than `kind` take, each with those it belongs to. Without a kind they all may stand.
void refuse_other_kinds(Draft& draft, Section& section, const KindReader* kind);
/// The line or the uplink that it stands on, as its kind has it.
void read_underlay(Section& section, const model::Traits& traits, model::Underlay& into);
/// Parts of one uplink's table.
void read_dhcp6(Section& uplink, model::DelegationConfig& into);
void read_probe(Section& uplink, const model::Traits& traits, model::ProbeConfig& into);
void read_lans(Draft& draft, const Node& document);
void read_policies(Draft& draft, const Node& document);
void read_publishes(Draft& draft, const Node& document);

// Checking: what is right by itself but not together.
void check_names(Draft& draft, const Environment& environment);
void check_uplinks(Draft& draft);
void check_line(Draft& draft, const model::UplinkConfig& uplink);
void check_lines(Draft& draft);
void check_parents(Draft& draft);
void check_lans(Draft& draft);
void check_pass_through(Draft& draft);
void check_closed_networks(Draft& draft);
void check_policies(Draft& draft);
void check_publishes(Draft& draft);

/// The policy that holds when the file has none without conditions.
void add_implied_policy(Draft& draft);

/// The tables [kind.NAME] of the document, by name; says so when `kind` is something else.
std::vector<const Entry*> named_tables(Draft& draft, const Node& document, const std::string& kind);
/// The tables [[kind]], in the order of the file.
std::vector<const Node*> array_tables(Draft& draft, const Node& document, const std::string& kind);

/// A finding unless `word` is the name of an uplink, or of a LAN, with `before` in front of it.
bool is_uplink(Draft& draft, const Word& word, const std::string& key, std::string_view before = {});
bool is_lan(Draft& draft, const Word& word, const std::string& key, std::string_view before = {});
/// Names of uplinks. `prefixes` takes those written as "prefix.NAME"; without it none may be.
std::vector<model::UplinkId> read_uplink_names(Draft& draft, Section& section, const std::string& key,
                                               std::vector<model::UplinkId>* prefixes = nullptr);
std::optional<model::PortRange> read_ports(Section& section, std::string_view key, const Node& node);
/// The LAN one of whose networks holds the address.
const model::LanConfig* lan_of(const model::Config& config, const Address& address);
std::string policy_path(std::size_t index);
/// Where a LAN is named that a line passes through.
std::string pass_through_path(const std::string& line, const std::string& lan);
std::string publish_path(std::size_t index);

}  // namespace michi::config
