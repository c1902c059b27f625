#include "linux/nftables/flow_log.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <cerrno>
#include <stdexcept>

#include "linux/netlink/netlink_attributes.hpp"
#include "linux/netlink/netlink_message.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kCopied = 128;   // both headers, with IPv6
constexpr std::uint32_t kAtOnce = 1;     // packets that the kernel gathers before it tells
constexpr int kReceiveBuffer = 1 << 20;  // a packet too many is lost; its flow has more

constexpr std::uint16_t type_of(int message) { return static_cast<std::uint16_t>((NFNL_SUBSYS_ULOG << 8) | message); }

ByteVec encode_bind(std::uint16_t group, std::uint32_t sequence) {
  NetlinkMessage message(type_of(NFULNL_MSG_CONFIG), NLM_F_ACK, sequence);
  auto& header = message.extra<nfgenmsg>();
  header.nfgen_family = AF_UNSPEC;
  header.res_id = htons(group);
  message.u8(NFULA_CFG_CMD, NFULNL_CFG_CMD_BIND);
  Writer mode;
  mode.u32(kCopied).u8(NFULNL_COPY_PACKET).u8(0);
  message.bytes(NFULA_CFG_MODE, mode.view());
  message.u32(NFULA_CFG_QTHRESH, htonl(kAtOnce));
  return message.take();
}

}  // namespace

FlowLog::FlowLog(std::uint16_t group)
    : socket_({.protocol = NETLINK_NETFILTER, .groups = {}, .receive_buffer = kReceiveBuffer}) {
  if (!socket_.send(encode_bind(group, socket_.next_sequence()))) throw std::runtime_error("nfnetlink_log: send");
  int error = EAGAIN;
  while (socket_.receive() == NetlinkSocket::Read::Datagram)
    for_each_message(socket_.datagram(), [&](const nlmsghdr& message) {
      if (const auto answer = parse_acknowledgement(message)) error = answer->error;
    });
  if (error != 0) throw std::runtime_error(port::OsError{"listen to logged packets", error}.text());
}

void FlowLog::read(int datagrams, const std::function<void(Bytes packet)>& each) {
  for (; datagrams > 0; --datagrams) {
    const auto got = socket_.receive();
    if (got == NetlinkSocket::Read::Overrun) continue;
    if (got != NetlinkSocket::Read::Datagram) return;
    for_each_message(socket_.datagram(), [&](const nlmsghdr& message) {
      if (message.nlmsg_type != type_of(NFULNL_MSG_PACKET)) return;
      each(Attributes(attributes_of<nfgenmsg>(message)).bytes(NFULA_PAYLOAD));
    });
  }
}

}  // namespace michi::linux
