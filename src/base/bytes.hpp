#pragma once
// Borrowed and owned bytes, and the only two ways to take them apart and put them together.
//
// A Reader never reads past its end and never throws: every read may fail, and a failed read leaves
// it where it was. A Writer grows a vector; lengths that are known only later are patched.
// All integers are in network order.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  std::optional<std::uint8_t> u8();
  std::optional<std::uint16_t> u16();
  std::optional<std::uint32_t> u32();
  std::optional<Bytes> take(std::size_t count);

  Bytes rest() const { return bytes_.subspan(offset_); }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  std::size_t offset() const { return offset_; }
  bool empty() const { return remaining() == 0; }

 private:
  Bytes bytes_;
  std::size_t offset_ = 0;
};

class Writer {
 public:
  Writer& u8(std::uint8_t value);
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& put(Bytes bytes);
  /// Overwrites two octets written earlier; used for lengths.
  void patch_u16(std::size_t offset, std::uint16_t value);

  std::size_t size() const { return bytes_.size(); }
  Bytes view() const { return bytes_; }
  ByteVec take() && { return std::move(bytes_); }

 private:
  ByteVec bytes_;
};

}  // namespace michi
