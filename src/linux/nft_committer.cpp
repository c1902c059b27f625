#include "linux/nft_committer.hpp"

#include <nftables/libnftables.h>

#include <cerrno>
#include <cstring>
#include <memory>
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

Result<void, port::OsError> commit_nft(const std::string& text) {
  const std::unique_ptr<nft_ctx, decltype(&::nft_ctx_free)> context(::nft_ctx_new(NFT_CTX_DEFAULT), &::nft_ctx_free);
  if (!context || ::nft_ctx_buffer_output(context.get()) != 0 || ::nft_ctx_buffer_error(context.get()) != 0) {
    return Fault(port::OsError{"set up libnftables", ENOMEM});
  }
  if (::nft_run_cmd_from_buffer(context.get(), text.c_str()) == 0) return {};
  const std::string message = ::nft_ctx_get_error_buffer(context.get());
  return Fault(port::OsError{"commit nftables rules (" + shortened(message) + ")", code_of_nft_message(message)});
}

}  // namespace michi::linux
