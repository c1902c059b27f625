#include "linux/nftables/flow_sweep.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <utility>

#include "linux/nftables/conntrack_codec.hpp"

namespace michi::linux {

namespace {

const std::vector<Prefix>& private_addresses() {
  static const std::vector<Prefix> prefixes = {*parse_prefix("10.0.0.0/8"), *parse_prefix("172.16.0.0/12"),
                                               *parse_prefix("192.168.0.0/16"), *parse_prefix("100.64.0.0/10")};
  return prefixes;
}

NetlinkSocket::Settings settings() { return {.protocol = NETLINK_NETFILTER, .groups = {}, .receive_buffer = 1 << 20}; }

}  // namespace

FlowSweep::FlowSweep(std::uint32_t mask, std::vector<Prefix> inside)
    : listing_(settings()),
      deleting_(settings()),
      mask_(mask),
      inside_(inside.empty() ? private_addresses() : std::move(inside)) {
  running_ = begin(Family::V4);
}

bool FlowSweep::begin(Family family) {
  family_ = family;
  part_done_ = false;
  const auto sent = listing_.send(encode_flow_dump(family, listing_.next_sequence()));
  if (!sent) error_ = sent.error();
  return sent.has_value();
}

bool FlowSweep::finish_family() { return family_ == Family::V4 && begin(Family::V6); }

FlowSweep::Progress FlowSweep::step(int datagrams) {
  for (; running_ && datagrams > 0; --datagrams) {
    if (listing_.receive() != NetlinkSocket::Read::Datagram) {
      running_ = false;
      break;
    }
    for_each_message(listing_.datagram(), [this](const nlmsghdr& message) { on_message(message); });
    delete_found();
    if (part_done_) running_ = finish_family();
  }
  return running_ ? Progress::More : Progress::Done;
}

void FlowSweep::on_message(const nlmsghdr& message) {
  if (message.nlmsg_type == NLMSG_DONE) {
    part_done_ = true;
  } else if (const auto answer = parse_acknowledgement(message)) {
    part_done_ = true;
    if (answer->error != 0) error_ = port::OsError{"list conntrack entries", answer->error};
  } else if (const auto flow = decode_flow(message); flow && is_untranslated(*flow, mask_, inside_)) {
    const ByteVec request = encode_delete_flow(*flow, deleting_.next_sequence());
    found_.insert(found_.end(), request.begin(), request.end());
  }
}

void FlowSweep::delete_found() {
  if (found_.empty()) return;
  const auto sent = deleting_.send(found_);
  found_.clear();
  if (!sent) error_ = sent.error();
  while (deleting_.receive() == NetlinkSocket::Read::Datagram) {
    for_each_message(deleting_.datagram(), [this](const nlmsghdr& message) {
      const auto answer = parse_acknowledgement(message);
      if (answer && answer->error != 0 && answer->error != ENOENT) {
        error_ = port::OsError{"delete conntrack entry", answer->error};
      }
    });
  }
}

}  // namespace michi::linux
