#pragma once
// Builds one netlink message on libmnl, with a fixed bound on its size.

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.hpp"
#include "base/invariant.hpp"

namespace michi::linux {

class NetlinkMessage {
 public:
  NetlinkMessage(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
    header_ = mnl_nlmsg_put_header(buffer_.data());
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header_->nlmsg_seq = sequence;
  }
  NetlinkMessage(const NetlinkMessage&) = delete;
  NetlinkMessage& operator=(const NetlinkMessage&) = delete;

  template <class Header>
  Header& extra() {
    return *static_cast<Header*>(mnl_nlmsg_put_extra_header(header_, sizeof(Header)));
  }
  NetlinkMessage& u8(std::uint16_t type, std::uint8_t value) { return raw(type, &value, sizeof value); }
  NetlinkMessage& u32(std::uint16_t type, std::uint32_t value) { return raw(type, &value, sizeof value); }
  NetlinkMessage& text(std::uint16_t type, const std::string& value) {
    return raw(type, value.c_str(), value.size() + 1);
  }
  NetlinkMessage& bytes(std::uint16_t type, Bytes value) { return raw(type, value.data(), value.size()); }
  nlattr* begin(std::uint16_t type) { return mnl_attr_nest_start(header_, type); }
  void end(nlattr* nest) { mnl_attr_nest_end(header_, nest); }

  ByteVec take() const { return copy_of(Bytes(buffer_).first(header_->nlmsg_len)); }

 private:
  static constexpr std::size_t kMargin = 16;  // header and padding of an attribute

  NetlinkMessage& raw(std::uint16_t type, const void* data, std::size_t size) {
    MICHI_INVARIANT(header_->nlmsg_len + size + kMargin <= buffer_.size(), "a netlink request fits");
    mnl_attr_put(header_, type, size, data);
    return *this;
  }

  alignas(8) std::array<std::byte, 2048> buffer_{};
  nlmsghdr* header_ = nullptr;
};

}  // namespace michi::linux
