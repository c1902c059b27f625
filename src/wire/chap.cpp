#include "wire/chap.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "wire/text.hpp"

namespace michi::wire::chap {
namespace {

constexpr std::size_t kReserved = 8;
constexpr std::size_t kSuccessDigits = 40;

/// The message runs to the end: it may contain blanks and anything that looks like a field.
std::string message_of(std::string_view text) {
  const std::size_t at = text.find("M=");
  return at == std::string_view::npos ? std::string() : printable(bytes_of(text.substr(at + 2)));
}

std::string_view field(std::string_view text, std::string_view key) {
  text = text.substr(0, text.find("M="));
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view value = text.substr(at + key.size());
  return value.substr(0, value.find(' '));
}

}  // namespace

Parsed<Valued> parse_valued(Bytes data) {
  Reader in(data);
  const auto size = in.u8();
  if (!size) return fault(FaultCode::Truncated, 0);
  if (*size == 0) return fault(FaultCode::BadValue, 0);  // RFC 1994 §4.1: one or more octets
  const auto value = in.take(*size);
  if (!value) return fault(FaultCode::BadLength, 0);
  return Valued{*value, in.rest()};
}

ByteVec write_valued(Bytes value, Bytes name) {
  Writer out;
  const std::size_t size = std::min<std::size_t>(value.size(), 255);
  out.u8(static_cast<std::uint8_t>(size)).put(value.first(size)).put(name);
  return std::move(out).take();
}

std::optional<MsChapV2Response> parse_mschapv2_response(Bytes value) {
  if (value.size() != kMsChapV2Response) return std::nullopt;
  MsChapV2Response out;
  std::ranges::copy(value.first(16), out.peer_challenge.begin());
  std::ranges::copy(value.subspan(16 + kReserved, 24), out.nt_response.begin());
  return out;
}

ByteVec write_mschapv2_response(const MsChapV2Response& response) {
  Writer out;
  out.put(response.peer_challenge).put(std::array<std::byte, kReserved>{}).put(response.nt_response).u8(0);
  return std::move(out).take();
}

std::optional<MsChapV2Success> parse_mschapv2_success(Bytes text) {
  const std::string words = text_of(text);
  if (!words.starts_with("S=") || words.size() < 2 + kSuccessDigits) return std::nullopt;
  const std::string_view digits = std::string_view(words).substr(2, kSuccessDigits);
  auto response = from_hex(digits);
  if (!response || response->size() != kSuccessDigits / 2) return std::nullopt;
  return MsChapV2Success{std::move(*response), message_of(std::string_view(words).substr(2 + kSuccessDigits))};
}

MsChapV2Failure parse_mschapv2_failure(Bytes text) {
  const std::string words = text_of(text);
  MsChapV2Failure out;
  const std::string_view error = field(words, "E=");
  std::from_chars(error.data(), error.data() + error.size(), out.error);
  out.retry = field(words, "R=") == "1";
  out.message = message_of(words);
  return out;
}

}  // namespace michi::wire::chap
