#include "linux/nftables/nft_lister.hpp"

#include <linux/netlink.h>

#include <algorithm>

#include "linux/nftables/nft_codec.hpp"

namespace michi::linux {

namespace {

constexpr int kAttempts = 3;  // a listing is interrupted when someone commits meanwhile
constexpr std::size_t kMostForeignChains = 64;
constexpr std::size_t kMostCounters = 64;
constexpr std::size_t kMostElements = 1024;

}  // namespace

NftLister::NftLister() : socket_({.protocol = NETLINK_NETFILTER, .groups = {}, .receive_buffer = 1 << 20}) {}

NftLister::Outcome NftLister::ask(Bytes message, const std::function<void(const nlmsghdr&)>& each) {
  const std::uint32_t sequence = reinterpret_cast<const nlmsghdr*>(message.data())->nlmsg_seq;
  if (!socket_.send(message)) return Outcome::Refused;
  bool ended = false, refused = false, interrupted = false;
  while (!ended) {
    if (socket_.receive() != NetlinkSocket::Read::Datagram) return Outcome::Interrupted;
    for_each_message(socket_.datagram(), [&](const nlmsghdr& part) {
      if (part.nlmsg_seq != sequence) return;
      interrupted |= (part.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (const auto answer = parse_acknowledgement(part)) {
        ended = true;
        refused = answer->error != 0;
      } else if (part.nlmsg_type == NLMSG_DONE) {
        ended = true;
      } else {
        each(part);
      }
    });
  }
  if (refused) return Outcome::Refused;
  return interrupted ? Outcome::Interrupted : Outcome::Whole;
}

std::optional<std::uint32_t> NftLister::generation() {
  std::optional<std::uint32_t> id;
  ask(encode_nft_generation(next_sequence()), [&](const nlmsghdr& part) {
    const auto event = decode_nft_event(part);
    if (event && std::holds_alternative<NftGeneration>(*event)) id = std::get<NftGeneration>(*event).id;
  });
  return id;
}

NftLister::Listed NftLister::list(model::NftFamily table) {
  ++listings_;
  Listed listed;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto before = generation();
    NftListing listing(table);
    bool whole = before.has_value();
    const auto add = [&](Bytes message) {
      const Outcome outcome = ask(message, [&](const nlmsghdr& part) { listing.on_message(part); });
      whole &= outcome == Outcome::Whole;
      return outcome;
    };
    const bool there = add(encode_nft_dump(table, NftPart::Table, next_sequence())) != Outcome::Refused;
    if (there) {
      for (const NftPart part : {NftPart::Chains, NftPart::Rules, NftPart::Sets, NftPart::Objects})
        add(encode_nft_dump(table, part, next_sequence()));
      const std::vector<std::string> sets = listing.sets();
      for (const std::string& set : sets) add(encode_nft_elements(table, set, next_sequence()));
    }
    listed.digest = listing.digest();
    if ((whole || !there) && generation() == before) {
      listed.generation = before;
      break;
    }
  }
  return listed;
}

std::vector<port::ForeignChain> NftLister::foreign_chains() {
  std::vector<BaseChain> chains;
  ask(encode_nft_all_chains(next_sequence()), [&](const nlmsghdr& part) {
    if (auto chain = decode_foreign_chain(part); chain && chains.size() < kMostForeignChains) {
      chains.push_back(std::move(*chain));
    }
  });
  std::vector<port::ForeignChain> result;
  for (BaseChain& base : chains) {
    bool drops = base.drops;
    if (!drops) {
      ask(encode_nft_rules_of(base.family, base.chain.table, base.chain.chain, next_sequence()),
          [&](const nlmsghdr& part) { drops |= rule_drops(part); });
      if (drops) base.chain.policy = "accept, with a rule that drops";
    }
    if (drops) result.push_back(std::move(base.chain));
  }
  return result;
}

std::vector<model::FirewallCounter> NftLister::counters() {
  std::vector<model::FirewallCounter> found;
  ask(encode_nft_dump(model::NftFamily::Inet, NftPart::Objects, next_sequence()), [&](const nlmsghdr& part) {
    if (auto counter = decode_counter(part); counter && found.size() < kMostCounters)
      found.push_back(std::move(*counter));
  });
  std::ranges::sort(found, {}, &model::FirewallCounter::name);
  return found;
}

std::vector<model::PassedTraffic> NftLister::passed_traffic() {
  constexpr auto kFamily = model::NftFamily::Netdev;
  NftListing listing(kFamily);
  ask(encode_nft_dump(kFamily, NftPart::Sets, next_sequence()),
      [&](const nlmsghdr& part) { listing.on_message(part); });
  std::vector<model::PassedTraffic> found;
  for (const std::string& set : listing.sets()) {
    ask(encode_nft_elements(kFamily, set, next_sequence()), [&](const nlmsghdr& part) {
      for (const auto& traffic : decode_passed_traffic(part))
        if (found.size() < kMostElements) found.push_back(traffic);
    });
  }
  return found;
}

std::optional<port::OsError> NftLister::request(Bytes message, const std::string& operation) {
  const std::uint32_t sequence = reinterpret_cast<const nlmsghdr*>(message.data())->nlmsg_seq;
  if (const auto sent = socket_.send(message); !sent) return port::OsError{operation, sent.error().code};
  std::optional<port::OsError> error;
  while (socket_.receive() == NetlinkSocket::Read::Datagram) {
    for_each_message(socket_.datagram(), [&](const nlmsghdr& part) {
      const auto answer = parse_acknowledgement(part);
      if (answer && answer->sequence == sequence && answer->error != 0) error = port::OsError{operation, answer->error};
    });
  }
  return error;
}

}  // namespace michi::linux
