#include "wire/pap.hpp"

#include <algorithm>

namespace michi::wire::pap {
namespace {

void put_counted(Writer& out, Bytes text) {
  const std::size_t size = std::min<std::size_t>(text.size(), 255);
  out.u8(static_cast<std::uint8_t>(size)).put(text.first(size));
}

std::optional<Bytes> take_counted(Reader& in) {
  const auto size = in.u8();
  if (!size) return std::nullopt;
  return in.take(*size);
}

}  // namespace

Parsed<Request> parse_request(Bytes data) {
  Reader in(data);
  const auto user = take_counted(in);
  if (!user) return fault(FaultCode::BadLength, in.offset());
  const auto password = take_counted(in);
  if (!password) return fault(FaultCode::BadLength, in.offset());
  return Request{*user, *password};
}

ByteVec write_request(Bytes user, Bytes password) {
  Writer out;
  put_counted(out, user);
  put_counted(out, password);
  return std::move(out).take();
}

Parsed<Bytes> parse_message(Bytes data) {
  if (data.empty()) return data;
  Reader in(data);
  const auto message = take_counted(in);
  if (!message) return fault(FaultCode::BadLength, 0);
  return *message;
}

ByteVec write_message(Bytes message) {
  Writer out;
  put_counted(out, message);
  return std::move(out).take();
}

}  // namespace michi::wire::pap
