#include "linux/nftables/nft_codec.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "linux/netlink/netlink_attributes.hpp"
#include "linux/netlink/netlink_message.hpp"

namespace michi::linux {

namespace {

// Every object names its table in the attribute with this number (NFTA_CHAIN_TABLE, NFTA_RULE_TABLE …).
constexpr std::uint16_t kTableAttribute = 1;
static_assert(NFTA_TABLE_NAME == kTableAttribute && NFTA_CHAIN_TABLE == kTableAttribute &&
              NFTA_RULE_TABLE == kTableAttribute && NFTA_SET_TABLE == kTableAttribute &&
              NFTA_SET_ELEM_LIST_TABLE == kTableAttribute && NFTA_OBJ_TABLE == kTableAttribute &&
              NFTA_FLOWTABLE_TABLE == kTableAttribute);

constexpr std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

std::uint32_t big_endian(const Attributes& attributes, std::size_t type) {
  return Reader(attributes.bytes(type)).u32().value_or(0);
}

void begin(NetlinkMessage& message, std::uint8_t family) {
  auto& header = message.extra<nfgenmsg>();
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
}

Attributes attributes_of_nft(const nlmsghdr& message) { return Attributes(attributes_of<nfgenmsg>(message)); }

std::uint8_t number_of(model::NftFamily family) {
  return family == model::NftFamily::Inet ? NFPROTO_INET : NFPROTO_NETDEV;
}

std::optional<model::NftFamily> our_table(const nlmsghdr& message) {
  const auto* header = header_of<nfgenmsg>(message);
  if (header == nullptr) return std::nullopt;
  for (const model::NftFamily family : model::kNftFamilies)
    if (header->nfgen_family == number_of(family) && attributes_of_nft(message).text(kTableAttribute) == kTable)
      return family;
  return std::nullopt;
}

// The expressions of a rule: name and data, without the data of those that only count.
void put_expressions(Writer& out, Bytes list) {
  while (const auto element = next_attribute(list)) {
    const Attributes expression(element->value);
    const std::string name = expression.text(NFTA_EXPR_NAME);
    const bool counts = name == "counter" || name == "quota" || name == "last";
    const Bytes data = counts ? Bytes{} : expression.bytes(NFTA_EXPR_DATA);
    out.u32(static_cast<std::uint32_t>(name.size())).put(bytes_of(name));
    out.u32(static_cast<std::uint32_t>(data.size())).put(data);
  }
}

// Type, length and value of the attributes that nft text decides.
void put_chosen(Writer& out, Bytes list, std::span<const std::uint16_t> types) {
  while (const auto attribute = next_attribute(list)) {
    if (std::ranges::find(types, attribute->type) == types.end()) continue;
    out.u16(attribute->type).u32(static_cast<std::uint32_t>(attribute->value.size())).put(attribute->value);
  }
}

ByteVec chosen(std::uint8_t kind, Bytes list, std::initializer_list<std::uint16_t> types) {
  Writer out;
  out.u8(kind);
  put_chosen(out, list, std::span(types.begin(), types.size()));
  return std::move(out).take();
}

std::array<std::uint64_t, 2> words_of(Bytes part) {
  const Sha1 digest = sha1({part});
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), digest.data(), sizeof words);
  return words;
}

// What a set's element consists of, listed or told of.
ByteVec element_part(std::string_view set, Bytes element) {
  constexpr std::array<std::uint16_t, 5> kChosen = {NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_KEY_END, NFTA_SET_ELEM_DATA,
                                                    NFTA_SET_ELEM_FLAGS, NFTA_SET_ELEM_OBJREF};
  Writer out;
  out.u8(NFT_MSG_NEWSETELEM).u32(static_cast<std::uint32_t>(set.size())).put(bytes_of(set));
  put_chosen(out, element, kChosen);
  return std::move(out).take();
}

std::string_view hook_name(std::uint32_t hook) {
  switch (hook) {
    case NF_INET_LOCAL_IN:
      return "input";
    case NF_INET_FORWARD:
      return "forward";
    case NF_INET_LOCAL_OUT:
      return "output";
    default:
      return "";
  }
}

std::string_view family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    default:
      return "";
  }
}

}  // namespace

std::optional<std::variant<NftChange, NftGeneration>> decode_nft_event(const nlmsghdr& message) {
  if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES) return std::nullopt;
  if (NFNL_MSG_TYPE(message.nlmsg_type) != NFT_MSG_NEWGEN) return NftChange{.ours = our_table(message)};
  const Attributes attributes = attributes_of_nft(message);
  return NftGeneration{.id = big_endian(attributes, NFTA_GEN_ID),
                       .process = big_endian(attributes, NFTA_GEN_PROC_PID),
                       .name = attributes.text(NFTA_GEN_PROC_NAME)};
}

ByteVec encode_nft_generation(std::uint32_t sequence) {
  NetlinkMessage message(type_of(NFT_MSG_GETGEN), NLM_F_ACK, sequence);
  begin(message, NFPROTO_UNSPEC);
  return message.take();
}

ByteVec encode_nft_dump(model::NftFamily table, NftPart part, std::uint32_t sequence) {
  const auto request = [&](int type, std::uint16_t flags) {
    NetlinkMessage message(type_of(type), flags, sequence);
    begin(message, number_of(table));
    message.text(kTableAttribute, std::string(kTable));
    return message.take();
  };
  switch (part) {
    case NftPart::Table:
      return request(NFT_MSG_GETTABLE, NLM_F_ACK);
    case NftPart::Chains:
      return request(NFT_MSG_GETCHAIN, NLM_F_DUMP);
    case NftPart::Rules:
      return request(NFT_MSG_GETRULE, NLM_F_DUMP);
    case NftPart::Sets:
      return request(NFT_MSG_GETSET, NLM_F_DUMP);
    case NftPart::Objects:
      return request(NFT_MSG_GETOBJ, NLM_F_DUMP);
  }
  return {};
}

ByteVec encode_nft_elements(model::NftFamily table, const std::string& set, std::uint32_t sequence) {
  NetlinkMessage message(type_of(NFT_MSG_GETSETELEM), NLM_F_DUMP, sequence);
  begin(message, number_of(table));
  message.text(NFTA_SET_ELEM_LIST_TABLE, std::string(kTable)).text(NFTA_SET_ELEM_LIST_SET, set);
  return message.take();
}

ByteVec encode_nft_all_chains(std::uint32_t sequence) {
  NetlinkMessage message(type_of(NFT_MSG_GETCHAIN), NLM_F_DUMP, sequence);
  begin(message, NFPROTO_UNSPEC);
  return message.take();
}

ByteVec encode_nft_rules_of(std::uint8_t family, const std::string& table, const std::string& chain,
                            std::uint32_t sequence) {
  NetlinkMessage message(type_of(NFT_MSG_GETRULE), NLM_F_DUMP, sequence);
  begin(message, family);
  message.text(NFTA_RULE_TABLE, table).text(NFTA_RULE_CHAIN, chain);
  return message.take();
}

void NftSum::add(Bytes part) {
  const auto words = words_of(part);
  for (std::size_t i = 0; i < words.size(); ++i) words_[i] += words[i];
}

void NftSum::remove(Bytes part) {
  const auto words = words_of(part);
  for (std::size_t i = 0; i < words.size(); ++i) words_[i] -= words[i];
}

NftSum& NftSum::operator+=(const NftSum& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] += other.words_[i];
  return *this;
}

std::string NftDigest::text() const { return present ? to_hex(sha1({parts.bytes(), rules})) : ""; }

bool is_element_change(const nlmsghdr& message) {
  const auto kind = NFNL_MSG_TYPE(message.nlmsg_type);
  return kind == NFT_MSG_NEWSETELEM || kind == NFT_MSG_DELSETELEM;
}

void add_element_change(NftSum& sum, const nlmsghdr& message, const std::vector<std::string>& dynamic) {
  const Attributes attributes = attributes_of_nft(message);
  const std::string set = attributes.text(NFTA_SET_ELEM_LIST_SET);
  if (std::ranges::find(dynamic, set) != dynamic.end()) return;
  Bytes elements = attributes.bytes(NFTA_SET_ELEM_LIST_ELEMENTS);
  while (const auto element = next_attribute(elements)) {
    const ByteVec part = element_part(set, element->value);
    if (NFNL_MSG_TYPE(message.nlmsg_type) == NFT_MSG_NEWSETELEM) {
      sum.add(part);
    } else {
      sum.remove(part);
    }
  }
}

void NftListing::on_message(const nlmsghdr& message) {
  if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES || our_table(message) != table_) return;
  const Bytes list = attributes_of<nfgenmsg>(message);
  const Attributes attributes(list);
  const auto kind = static_cast<std::uint8_t>(NFNL_MSG_TYPE(message.nlmsg_type));
  NftSum& parts = digest_.parts;
  switch (kind) {
    case NFT_MSG_NEWTABLE:
      digest_.present = true;
      parts.add(chosen(kind, list, {NFTA_TABLE_NAME, NFTA_TABLE_FLAGS, NFTA_TABLE_USERDATA}));
      return;
    case NFT_MSG_NEWCHAIN:
      parts.add(chosen(kind, list,
                       {NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE, NFTA_CHAIN_FLAGS,
                        NFTA_CHAIN_USERDATA}));
      return;
    case NFT_MSG_NEWRULE: {
      Writer out;
      put_expressions(out, attributes.bytes(NFTA_RULE_EXPRESSIONS));
      out.put(attributes.bytes(NFTA_RULE_USERDATA));
      rules_[attributes.text(NFTA_RULE_CHAIN)].push_back(std::move(out).take());
      return;
    }
    case NFT_MSG_NEWSET: {
      const bool filled_by_packets = (big_endian(attributes, NFTA_SET_FLAGS) & (NFT_SET_EVAL | NFT_SET_TIMEOUT)) != 0;
      (filled_by_packets ? digest_.dynamic : sets_).push_back(attributes.text(NFTA_SET_NAME));
      parts.add(chosen(kind, list,
                       {NFTA_SET_NAME, NFTA_SET_FLAGS, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE,
                        NFTA_SET_DATA_LEN, NFTA_SET_TIMEOUT, NFTA_SET_OBJ_TYPE}));
      return;
    }
    case NFT_MSG_NEWSETELEM:
      add_element_change(parts, message, digest_.dynamic);
      return;
    case NFT_MSG_NEWOBJ:
      parts.add(chosen(kind, list, {NFTA_OBJ_NAME, NFTA_OBJ_TYPE}));
      return;
    default:
      return;
  }
}

NftDigest NftListing::digest() const {
  Writer all;
  const auto put = [&all](Bytes part) { all.u32(static_cast<std::uint32_t>(part.size())).put(part); };
  for (const auto& [chain, rules] : rules_) {
    all.u32(static_cast<std::uint32_t>(chain.size())).put(bytes_of(chain));
    all.u32(static_cast<std::uint32_t>(rules.size()));
    for (const ByteVec& rule : rules) put(rule);
  }
  NftDigest digest = digest_;
  digest.rules = sha1({all.view()});
  return digest;
}

std::optional<model::FirewallCounter> decode_counter(const nlmsghdr& message) {
  if (message.nlmsg_type != type_of(NFT_MSG_NEWOBJ) || our_table(message) != model::NftFamily::Inet)
    return std::nullopt;
  const Attributes attributes = attributes_of_nft(message);
  if (big_endian(attributes, NFTA_OBJ_TYPE) != NFT_OBJECT_COUNTER) return std::nullopt;
  const Attributes data = attributes.nest(NFTA_OBJ_DATA);
  const auto packets = data.number<std::uint64_t>(NFTA_COUNTER_PACKETS);
  const auto bytes = data.number<std::uint64_t>(NFTA_COUNTER_BYTES);
  if (!packets || !bytes) return std::nullopt;
  return model::FirewallCounter{
      .name = attributes.text(NFTA_OBJ_NAME), .packets = be64toh(*packets), .bytes = be64toh(*bytes)};
}

std::vector<model::PassedTraffic> decode_passed_traffic(const nlmsghdr& message) {
  // A concatenation's parts stand on registers of four octets: both addresses take two, the identifier one.
  constexpr std::size_t kRegister = 4, kIdentifier = 4 * kRegister;
  std::vector<model::PassedTraffic> found;
  if (message.nlmsg_type != type_of(NFT_MSG_NEWSETELEM) || our_table(message) != model::NftFamily::Netdev) return found;
  Bytes elements = attributes_of_nft(message).bytes(NFTA_SET_ELEM_LIST_ELEMENTS);
  while (const auto element = next_attribute(elements)) {
    const Attributes parts(element->value);
    const Bytes key = parts.nest(NFTA_SET_ELEM_KEY).bytes(NFTA_DATA_VALUE);
    const Attributes counted = parts.nest(NFTA_SET_ELEM_EXPR);
    if (key.size() != kIdentifier + kRegister || counted.text(NFTA_EXPR_NAME) != "counter") continue;
    const Attributes data = counted.nest(NFTA_EXPR_DATA);
    const auto packets = data.number<std::uint64_t>(NFTA_COUNTER_PACKETS);
    const auto bytes = data.number<std::uint64_t>(NFTA_COUNTER_BYTES);
    if (!packets || !bytes) continue;
    found.push_back({.source = Mac::from_bytes(key.first(6)).value_or(Mac{}),
                     .destination = Mac::from_bytes(key.subspan(2 * kRegister, 6)).value_or(Mac{}),
                     .session_id = Reader(key.subspan(kIdentifier)).u16().value_or(0),
                     .packets = be64toh(*packets),
                     .bytes = be64toh(*bytes)});
  }
  return found;
}

std::optional<BaseChain> decode_foreign_chain(const nlmsghdr& message) {
  if (message.nlmsg_type != type_of(NFT_MSG_NEWCHAIN) || our_table(message)) return std::nullopt;
  const auto* header = header_of<nfgenmsg>(message);
  if (header == nullptr || family_name(header->nfgen_family).empty()) return std::nullopt;
  const Attributes attributes = attributes_of_nft(message);
  if (!attributes.has(NFTA_CHAIN_HOOK)) return std::nullopt;
  const std::string_view hook = hook_name(big_endian(attributes.nest(NFTA_CHAIN_HOOK), NFTA_HOOK_HOOKNUM));
  if (hook.empty()) return std::nullopt;
  BaseChain result{.family = header->nfgen_family, .chain = {}, .drops = false};
  result.drops = attributes.has(NFTA_CHAIN_POLICY) && big_endian(attributes, NFTA_CHAIN_POLICY) == NF_DROP;
  result.chain = {.family = std::string(family_name(header->nfgen_family)),
                  .table = attributes.text(NFTA_CHAIN_TABLE),
                  .chain = attributes.text(NFTA_CHAIN_NAME),
                  .hook = std::string(hook),
                  .policy = result.drops ? "drop" : "accept"};
  return result;
}

bool rule_drops(const nlmsghdr& message) {
  if (message.nlmsg_type != type_of(NFT_MSG_NEWRULE)) return false;
  Bytes list = attributes_of_nft(message).bytes(NFTA_RULE_EXPRESSIONS);
  while (const auto element = next_attribute(list)) {
    const Attributes expression(element->value);
    const std::string name = expression.text(NFTA_EXPR_NAME);
    if (name == "reject") return true;
    if (name != "immediate") continue;
    const Attributes immediate = expression.nest(NFTA_EXPR_DATA);
    if (big_endian(immediate, NFTA_IMMEDIATE_DREG) != NFT_REG_VERDICT) continue;
    const Attributes verdict = immediate.nest(NFTA_IMMEDIATE_DATA).nest(NFTA_DATA_VERDICT);
    if (verdict.has(NFTA_VERDICT_CODE) && big_endian(verdict, NFTA_VERDICT_CODE) == NF_DROP) return true;
  }
  return false;
}

}  // namespace michi::linux
