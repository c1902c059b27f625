#pragma once
// nf_tables' own netlink messages: what changed, what is there, and a digest of it. No socket.
//
// The digest covers the declarations and contents of one of michi's tables that nft text decides: chains,
// rules, sets, maps and the elements of those that are not filled by traffic. It leaves out handles,
// use counts, counters, quotas and remaining time, and it does not depend on the order in which the
// kernel lists sets and elements; the order of rules in a chain counts. Because elements add up, the digest
// of a table whose elements changed follows from the one before and from what the kernel told of the change.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "port/firewall.hpp"

struct nlmsghdr;

namespace michi::linux {

inline constexpr std::string_view kTable = "michi";

/// A change of one object, in one of our tables if any; or the end of a transaction with the name of who made it.
struct NftChange {
  std::optional<model::NftFamily> ours;
};
struct NftGeneration {
  std::uint32_t id = 0;  // counts transactions of the whole namespace
  std::uint32_t process = 0;
  std::string name;
};
std::optional<std::variant<NftChange, NftGeneration>> decode_nft_event(const nlmsghdr& message);

ByteVec encode_nft_generation(std::uint32_t sequence);

/// Requests for what a table of ours consists of; of the elements, set by set.
enum class NftPart : std::uint8_t { Table, Chains, Rules, Sets, Objects };
ByteVec encode_nft_dump(model::NftFamily table, NftPart part, std::uint32_t sequence);
ByteVec encode_nft_elements(model::NftFamily table, const std::string& set, std::uint32_t sequence);
/// All chains of all families, and the rules of one.
ByteVec encode_nft_all_chains(std::uint32_t sequence);
ByteVec encode_nft_rules_of(std::uint8_t family, const std::string& table, const std::string& chain,
                            std::uint32_t sequence);

/// What the parts of a table come to, whatever their order: each part's digest is added, modulo 2^64.
class NftSum {
 public:
  void add(Bytes part);
  void remove(Bytes part);
  NftSum& operator+=(const NftSum& other);
  Bytes bytes() const { return std::as_bytes(std::span(words_)); }

 private:
  std::array<std::uint64_t, 2> words_{};
};

/// What a table comes to. `text` is the digest, empty when there is no such table.
struct NftDigest {
  bool present = false;
  NftSum parts;                      // all but rules
  Sha1 rules{};                      // chain by chain, in order
  std::vector<std::string> dynamic;  // sets that packets fill: their elements do not count
  std::string text() const;
};

/// Whether a change is one of elements only; then what it adds to a table that has these dynamic sets.
bool is_element_change(const nlmsghdr& message);
void add_element_change(NftSum& sum, const nlmsghdr& message, const std::vector<std::string>& dynamic);

/// Gathers the answers to those dumps.
class NftListing {
 public:
  explicit NftListing(model::NftFamily table) : table_(table) {}

  void on_message(const nlmsghdr& message);
  /// Sets whose elements belong to the digest: not those that packets fill.
  const std::vector<std::string>& sets() const { return sets_; }
  NftDigest digest() const;

 private:
  model::NftFamily table_;
  NftDigest digest_;  // but for the rules
  std::vector<std::string> sets_;
  std::map<std::string, std::vector<ByteVec>> rules_;  // by chain, in order
};

/// A named counter of `inet michi`, from the answer to a dump of its objects.
std::optional<model::FirewallCounter> decode_counter(const nlmsghdr& message);

/// The elements of a set of `netdev michi` that name sessions, with what each counted; from the answer to a dump.
std::vector<model::PassedTraffic> decode_passed_traffic(const nlmsghdr& message);

/// A base chain on a path that michi's packets take, of another table. `drops`: its policy does.
struct BaseChain {
  std::uint8_t family = 0;
  port::ForeignChain chain;
  bool drops = false;
};
std::optional<BaseChain> decode_foreign_chain(const nlmsghdr& message);
/// Whether a rule ends in drop or reject.
bool rule_drops(const nlmsghdr& message);

}  // namespace michi::linux
