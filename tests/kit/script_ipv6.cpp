#include "kit/script_ipv6.hpp"

#include "wire/dhcp6.hpp"
#include "wire/duid.hpp"
#include "wire/icmp6.hpp"

namespace michi::kit {
namespace {

Prefix prefix_of(Script& script, std::uint8_t length) {
  Ipv6 address{{0x20, 0x01, 0x0d, 0xb8}};
  address.octets[5] = script.u8();
  return {address, length};
}

}  // namespace

ByteVec scripted_answer(Bytes asked_last, Script& script) {
  using namespace wire::dhcp6;
  const auto question = parse_message(asked_last);
  if (!question) return script.bytes();
  const std::uint8_t bits = script.u8();
  Message out{question->type == MessageType::Solicit ? MessageType::Advertise : MessageType::Reply,
              question->transaction_id,
              {}};
  if (const auto* client = find_option(question->options, OptionCode::ClientId)) out.options.push_back(*client);
  out.options.push_back(bytes_option(OptionCode::ServerId, wire::Duid::link_layer(Mac{{2, 0, 0, 0, 0, bits}}).bytes()));
  for (const auto& option : question->options) {
    const auto asked = parse_ia(option);
    if (!asked) continue;
    Ia ia{asked->type, asked->iaid, script.u8(), script.u8(), {}, {}};
    if ((bits & 1) != 0) ia.status = {StatusCode::NoBinding, "script"};
    if ((bits & 2) == 0)
      ia.leases.push_back({prefix_of(script, asked->type == IaType::Pd ? 56 : 128), script.u8(), script.u16(), {}});
    out.options.push_back(ia_option(ia));
  }
  return write_message(out);
}

ByteVec scripted_advertisement(const Ipv6& source, Script& script) {
  using namespace wire::icmp6;
  RouterAdvertisement ra;
  ra.lifetime = script.u8();
  ra.other = (ra.lifetime & 1) != 0;
  ra.options.push_back(
      PrefixInformation{prefix_of(script, 64), true, true, Lifetime{script.u16()}, Lifetime{script.u8()}});
  return write_message(ra, source, kAllNodes);
}

}  // namespace michi::kit
