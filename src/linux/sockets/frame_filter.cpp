#include "linux/sockets/frame_filter.hpp"

#include <linux/bpf_common.h>
#include <linux/if_ether.h>

namespace michi::linux {

namespace {

constexpr std::uint32_t kTypeOffset = 12;      // Ethernet type
constexpr std::uint32_t kProtocolOffset = 20;  // PPP protocol behind Ethernet and PPPoE headers
constexpr std::uint32_t kFirstControl = 0x8000;
constexpr std::uint32_t kCompressed = 0x0100;  // no protocol is odd there: a field of one octet (RFC 1661 §6.5)
constexpr std::uint32_t kIpv4 = 0x0021, kIpv6 = 0x0057;
constexpr std::uint32_t kVlanTag = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG);
constexpr std::uint32_t kVlanIdMask = 0x0fff;
constexpr std::uint32_t kAccept = 0xffffffff, kRefuse = 0;

}  // namespace

FrameFilter session_control_filter() {
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kProtocolOffset),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kFirstControl, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kCompressed, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIpv4, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIpv6, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

FrameFilter dhcp4_filter() {
  constexpr std::uint32_t kIpHeader = 14, kFragment = 20, kIpProtocol = 23;
  constexpr std::uint32_t kUdp = 17, kFragmentOffset = 0x1fff, kClientPort = 68;
  return {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kIpProtocol),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kUdp, 0, 6),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFragment),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kFragmentOffset, 4, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, kIpHeader),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, kIpHeader + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kClientPort, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

FrameFilter arp_filter() {
  constexpr std::uint32_t kOperation = 20, kSender = 28, kTarget = 38;
  constexpr std::uint32_t kRequest = 1;
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kOperation),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kRequest, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSender),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kTarget),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

FrameFilter pass_through_filter() {
  constexpr std::uint32_t kLcp = 0xc021, kConfigureRequest = 1;
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kTypeOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_DISC, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_SES, 0, 7),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kProtocolOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kLcp, 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocolOffset + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kConfigureRequest, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kVlanTag),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kVlanIdMask, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

FrameFilter neighbour_filter() {
  constexpr std::uint32_t kNextHeaderAndHopLimit = 20, kMessage = 54;
  constexpr std::uint32_t kIcmp6FromOneHopAway = 58 << 8 | 255;
  constexpr std::uint32_t kSolicitation = 135 << 8, kAdvertisement = 136 << 8;  // both with code 0
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kNextHeaderAndHopLimit),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIcmp6FromOneHopAway, 0, 4),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kMessage),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSolicitation, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAdvertisement, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

FrameFilter own_address_filter(const Mac& mac) {
  const auto& m = mac.octets;
  const std::uint32_t high = std::uint32_t{m[0]} << 24 | std::uint32_t{m[1]} << 16 | std::uint32_t{m[2]} << 8 | m[3];
  const std::uint32_t low = std::uint32_t{m[4]} << 8 | m[5];
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kTypeOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_DISC, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_PPP_SES, 0, 12),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kProtocolOffset),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kFirstControl, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kCompressed, 9, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIpv4, 8, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIpv6, 7, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kVlanTag),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kVlanIdMask, 5, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 3),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAccept),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
  };
}

}  // namespace michi::linux
