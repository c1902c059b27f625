#pragma once
// One of michi's tables as the kernel's notices tell of it: who changed it, and what its digest is now. No socket.
//
// A change of elements by ourselves is added to the digest: the kernel tells of each element what a listing would. Any
// other change (rules, sets, somebody else's elements, notices that were lost) asks for a listing. Neither counts
// twice: a listing is of a generation, and notices up to that one are in it.

#include <optional>
#include <string>

#include "linux/nftables/nft_codec.hpp"
#include "port/firewall.hpp"

namespace michi::linux {

class TableWatch {
 public:
  explicit TableWatch(model::NftFamily table) : table_(table) {}

  model::NftFamily table() const { return table_; }

  /// A notice of this table, inside of a transaction that has not ended.
  void on_change(const nlmsghdr& message);
  /// The transaction's end. `ours`: we made it.
  void on_generation(const NftGeneration& generation, bool ours);
  bool touched() const { return touched_; }
  /// Notices were lost: who wrote is not known.
  void on_overrun();
  /// A look is wanted, whatever was told. It says nothing about who wrote; a change that waits to be told keeps its
  /// writer.
  void look_again();

  /// A TableSeen is due; before it is taken, a listing may be needed.
  bool due() const { return seen_; }
  bool needs_listing() const { return !known_; }
  void on_listed(NftDigest digest, std::optional<std::uint32_t> generation);
  port::TableSeen take();

 private:
  struct Known {
    NftDigest digest;
    std::optional<std::uint32_t> generation;  // of the listing; none: it was disturbed, and holds for one look
  };
  void learn(const NftGeneration& generation, bool ours);
  void changed_by(std::string writer, bool ours);
  void forget_transaction();

  model::NftFamily table_;
  std::optional<Known> known_;
  // The transaction being read.
  bool touched_ = false;
  bool only_elements_ = true;
  NftSum added_;
  // What is to be told.
  bool seen_ = false;
  bool writer_ours_ = false;
  std::string writer_;
};

}  // namespace michi::linux
