#pragma once
// Borrowed and owned bytes, and the only two ways to take them apart and put them together.
//
// A Reader never reads past its end and never throws: every read may fail, and a failed read leaves
// it where it was. A Writer grows a vector; lengths that are known only later are patched.
// All integers are in network order.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace michi {

using Bytes = std::span<const std::byte>;
using ByteVec = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

inline std::string text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline ByteVec copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

bool equal(Bytes a, Bytes b);
/// Takes the same time wherever the first difference is; for secrets and digests.
bool equal_in_constant_time(Bytes a, Bytes b);

/// "00 1f a0" without the blanks.
std::string to_hex(Bytes bytes);
/// Accepts upper and lower case; blanks and colons between bytes are skipped.
std::optional<ByteVec> from_hex(std::string_view text);

/// Memory of one size that is written before it is read: its pages cost nothing until then.
class Buffer {
 public:
  explicit Buffer(std::size_t size) : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

  std::byte* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> span() { return {bytes_.get(), size_}; }
  Bytes first(std::size_t count) const { return Bytes(bytes_.get(), size_).first(count); }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  std::optional<std::uint8_t> u8() {
    if (remaining() < 1) return std::nullopt;
    return octet();
  }
  std::optional<std::uint16_t> u16() {
    if (remaining() < 2) return std::nullopt;
    const unsigned high = octet();
    return static_cast<std::uint16_t>(high << 8 | octet());
  }
  std::optional<std::uint32_t> u32() {
    if (remaining() < 4) return std::nullopt;
    const std::uint32_t high = *u16();
    return high << 16 | *u16();
  }
  std::optional<Bytes> take(std::size_t count) {
    if (remaining() < count) return std::nullopt;
    const auto part = bytes_.subspan(offset_, count);
    offset_ += count;
    return part;
  }

  Bytes rest() const { return bytes_.subspan(offset_); }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  std::size_t offset() const { return offset_; }
  bool empty() const { return remaining() == 0; }

 private:
  std::uint8_t octet() { return std::to_integer<std::uint8_t>(bytes_[offset_++]); }

  Bytes bytes_;
  std::size_t offset_ = 0;
};

class Writer {
 public:
  Writer& u8(std::uint8_t value) {
    begin(1);
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Writer& u16(std::uint16_t value) {
    return put(std::array{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value & 0xff)});
  }
  Writer& u32(std::uint32_t value) {
    return u16(static_cast<std::uint16_t>(value >> 16)).u16(static_cast<std::uint16_t>(value & 0xffff));
  }
  Writer& put(Bytes bytes) {
    begin(bytes.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// Overwrites two octets written earlier; used for lengths.
  void patch_u16(std::size_t offset, std::uint16_t value);

  std::size_t size() const { return bytes_.size(); }
  Bytes view() const { return bytes_; }
  ByteVec take() && { return std::move(bytes_); }

 private:
  void begin(std::size_t count) {
    constexpr std::size_t kFirst = 64;  // nearly all control packets fit: no growth octet by octet
    if (bytes_.capacity() == 0) bytes_.reserve(std::max(kFirst, count));
  }

  ByteVec bytes_;
};

}  // namespace michi
