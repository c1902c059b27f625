#include "cli/pcapng.hpp"

namespace michi::cli {

namespace {

// Little endian throughout; the byte-order magic of the section says so.
void u16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8 & 0xff);
}

void u32(std::string& out, std::uint32_t value) {
  u16(out, value & 0xffff);
  u16(out, value >> 16);
}

void pad(std::string& out) {
  while (out.size() % 4 != 0) out += '\0';
}

void option(std::string& out, std::uint16_t code, std::string_view value) {
  u16(out, code);
  u16(out, static_cast<std::uint32_t>(value.size()));
  out += value;
  pad(out);
}

std::string block(std::uint32_t type, const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  std::string out;
  u32(out, type);
  u32(out, length);
  out += body;
  u32(out, length);
  return out;
}

std::string interface_block(std::uint16_t link_type, std::string_view name) {
  std::string interface;
  u16(interface, link_type);
  u16(interface, 0);
  u32(interface, 0);                                  // no limit
  option(interface, 2, name);                         // if_name
  option(interface, 9, std::string_view("\x09", 1));  // if_tsresol: 10^-9
  option(interface, 0, "");
  return block(1, interface);
}

constexpr std::uint16_t kEthernet = 1, kRaw = 101;  // LINKTYPE_ETHERNET, LINKTYPE_RAW

}  // namespace

std::string pcapng_header(std::string_view interface_name) {
  std::string section;
  u32(section, 0x1a2b3c4d);  // byte-order magic
  u16(section, 1);
  u16(section, 0);
  u32(section, 0xffffffff);  // section length: not known
  u32(section, 0xffffffff);
  option(section, 4, "michi " MICHI_VERSION);  // shb_userappl
  option(section, 0, "");
  return block(0x0a0d0d0a, section) + interface_block(kEthernet, interface_name) +
         interface_block(kRaw, interface_name);
}

std::string pcapng_packet(std::int64_t time_ns, bool outgoing, CaptureLink link, Bytes frame) {
  const auto time = static_cast<std::uint64_t>(time_ns);
  std::string body;
  u32(body, static_cast<std::uint32_t>(link));
  u32(body, static_cast<std::uint32_t>(time >> 32));
  u32(body, static_cast<std::uint32_t>(time & 0xffffffff));
  u32(body, static_cast<std::uint32_t>(frame.size()));
  u32(body, static_cast<std::uint32_t>(frame.size()));
  for (const auto octet : frame) body += static_cast<char>(octet);
  pad(body);
  std::string flags;
  u32(flags, outgoing ? 2 : 1);
  option(body, 2, flags);  // epb_flags: direction
  option(body, 0, "");
  return block(6, body);
}

}  // namespace michi::cli
