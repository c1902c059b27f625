#pragma once
// secrets.toml → the passwords by uplink name, and who may read that file.
//
// Flat: name = "password". No finding ever holds a password or a part of one. Whether the file's
// permissions are acceptable is decided here, on values; the caller asks the kernel for them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "model/config.hpp"

namespace michi::config {

struct LoadedSecrets {
  model::Secrets secrets;
  std::vector<Diagnostic> warnings;
};

/// With a configuration, secrets of unknown uplinks and uplinks without one are warned of.
Result<LoadedSecrets, std::vector<Diagnostic>> load_secrets(std::string_view text, const std::string& file_name,
                                                            const model::Config* config);

/// What stat() says of the file, with the names of its owner and group.
struct SecretsFileStatus {
  std::uint32_t mode = 0;  // permission bits
  std::string owner;       // "root"
  std::string group;       // "michi"
};

/// Accepted: owner michi 0600, root:michi 0640, root 0600, and anything narrower. Otherwise an error
/// that says what to type. `michi_user` is the account the daemon runs as.
std::optional<Diagnostic> check_secrets_status(const SecretsFileStatus& status, const std::string& file_name,
                                               std::string_view michi_user = "michi");

}  // namespace michi::config
