#pragma once
// nft text to the kernel through libnftables: one call, one transaction, nft's own words on failure.
//
// Each commit has a context of its own (26 µs): a kept one keeps its picture of the ruleset, two thirds of a megabyte.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "port/os_error.hpp"

namespace michi::linux {

Result<void, port::OsError> commit_nft(const std::string& text);

/// The errno behind nft's words; EINVAL when they name none.
int code_of_nft_message(std::string_view message);

}  // namespace michi::linux
