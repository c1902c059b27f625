#include "linux/nftables/nft_committer.hpp"

#include <nftables/libnftables.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace michi::linux {

namespace {

constexpr std::size_t kLongestMessage = 500;

// The first complaint is the one that matters; the marks under the quoted line say nothing alone.
std::string shortened(std::string_view message) {
  std::string text;
  for (const char c : message.substr(0, kLongestMessage)) text += c == '\n' ? ' ' : c;
  while (!text.empty() && (text.back() == ' ' || text.back() == '^' || text.back() == '~')) text.pop_back();
  return text;
}

}  // namespace

int code_of_nft_message(std::string_view message) {
  for (const int code : {EPERM, ENOENT, EEXIST, EBUSY, ENOMEM, ENOBUFS, EOPNOTSUPP, EMFILE, ENFILE, EMSGSIZE, ELOOP}) {
    if (message.find(std::strerror(code)) != std::string_view::npos) return code;
  }
  return EINVAL;
}

void NftCommitter::Free::operator()(nft_ctx* context) const { ::nft_ctx_free(context); }

NftCommitter::NftCommitter() : context_(::nft_ctx_new(NFT_CTX_DEFAULT)) {
  if (!context_) throw std::runtime_error("libnftables: no context");
  ::nft_ctx_buffer_output(context_.get());
  ::nft_ctx_buffer_error(context_.get());
}

Result<void, port::OsError> NftCommitter::commit(const std::string& text) {
  const int status = ::nft_run_cmd_from_buffer(context_.get(), text.c_str());
  const std::string message = ::nft_ctx_get_error_buffer(context_.get());
  std::ignore = ::nft_ctx_get_output_buffer(context_.get());  // reading empties it
  forget_ruleset();
  if (status == 0) return {};
  return Fault(port::OsError{"commit nftables rules (" + shortened(message) + ")", code_of_nft_message(message)});
}

// The library drops its picture of the ruleset after a dry run only, and reads it anew for every commit anyway.
void NftCommitter::forget_ruleset() {
  ::nft_ctx_set_dry_run(context_.get(), true);
  std::ignore = ::nft_run_cmd_from_buffer(context_.get(), "");
  ::nft_ctx_set_dry_run(context_.get(), false);
}

}  // namespace michi::linux
