#pragma once
// nft text to the kernel through libnftables: one call, one transaction, nft's own words on failure.
//
// One context for good: closing its socket makes the kernel wait for what it deletes, up to 8 ms. But it
// keeps no picture of the ruleset between commits, two thirds of a megabyte.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "port/os_error.hpp"

struct nft_ctx;

namespace michi::linux {

class NftCommitter {
 public:
  /// Throws when libnftables cannot be set up.
  NftCommitter();

  Result<void, port::OsError> commit(const std::string& text);

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };
  void forget_ruleset();

  std::unique_ptr<nft_ctx, Free> context_;
};

/// The errno behind nft's words; EINVAL when they name none.
int code_of_nft_message(std::string_view message);

}  // namespace michi::linux
