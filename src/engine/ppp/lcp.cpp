#include "engine/ppp/lcp.hpp"

#include <algorithm>
#include <bitset>

namespace michi::engine::ppp {

using wire::control::Option;
using wire::lcp::OptionType;

namespace {

/// Below this nothing useful fits.
constexpr std::uint16_t kSmallestMru = 128;

}  // namespace

std::optional<AuthMethod> method_of(const wire::lcp::Authentication& authentication) {
  if (authentication.protocol == wire::ppp::Protocol::Pap) return AuthMethod::Pap;
  if (authentication.protocol != wire::ppp::Protocol::Chap) return std::nullopt;
  if (authentication.algorithm == wire::lcp::kAlgorithmMd5) return AuthMethod::ChapMd5;
  if (authentication.algorithm == wire::lcp::kAlgorithmMsChapV2) return AuthMethod::MsChapV2;
  return std::nullopt;
}

wire::lcp::Authentication authentication_of(AuthMethod method) {
  switch (method) {
    case AuthMethod::None:
      break;
    case AuthMethod::Pap:
      return {wire::ppp::Protocol::Pap, std::nullopt};
    case AuthMethod::ChapMd5:
      return {wire::ppp::Protocol::Chap, wire::lcp::kAlgorithmMd5};
    case AuthMethod::MsChapV2:
      return {wire::ppp::Protocol::Chap, wire::lcp::kAlgorithmMsChapV2};
  }
  return {};
}

std::string_view to_text(AuthMethod method) {
  switch (method) {
    case AuthMethod::None:
      return "none";
    case AuthMethod::Pap:
      return "pap";
    case AuthMethod::ChapMd5:
      return "chap-md5";
    case AuthMethod::MsChapV2:
      return "mschapv2";
  }
  return "?";
}

struct Lcp::Draft {
  Options naks;
  Options rejects;
  Patience patience = Patience::Nak;
  std::uint16_t mru = wire::ppp::kDefaultMru;
  AuthMethod owed = AuthMethod::None;
  bool looped = false;

  void nak(const Option& theirs, Option better) {
    if (patience == Patience::Nak)
      naks.push_back(std::move(better));
    else
      rejects.push_back(theirs);
  }
};

Lcp::Lcp(const Settings& settings, Random& random)
    : settings_(settings), random_(random), mru_limit_(settings.mru_limit) {
  restart();
}

void Lcp::restart() {
  mru_ = wanted_mru();
  magic_ = fresh_magic();
  ask_mru_ = ask_magic_ = true;
  demanded_ = settings_.role == Role::Server ? settings_.demanded : AuthMethod::None;
  demand_naks_ = 0;
  demand_refused_ = false;
}

std::uint16_t Lcp::wanted_mru() const { return std::min(settings_.mru, mru_limit_); }

std::uint16_t Lcp::mtu() const { return std::min(peer_mru_, wanted_mru()); }

std::uint32_t Lcp::fresh_magic() {
  std::uint32_t magic = random_.u32();
  while (magic == 0 || magic == magic_) magic = random_.u32();
  return magic;
}

bool Lcp::authenticates() const {
  // A server proves itself only if it was given a name to do so.
  return !settings_.allowed.empty() && (settings_.role == Role::Client || !settings_.user.empty());
}

Options Lcp::request() const {
  Options options;
  if (ask_mru_) options.push_back(wire::lcp::mru_option(mru_));
  if (demanded_ != AuthMethod::None) options.push_back(wire::lcp::authentication_option(authentication_of(demanded_)));
  if (ask_magic_) options.push_back(wire::lcp::magic_option(magic_));
  return options;
}

Negotiator::Judgement Lcp::judge(const Options& theirs, Patience patience) {
  Draft draft;
  draft.patience = patience;
  std::bitset<256> seen;
  for (const Option& option : theirs) {
    const auto type = static_cast<OptionType>(option.type);
    if (seen.test(option.type)) {
      // RFC 1661 §6: each may be listed once.
      draft.rejects.push_back(option);
      continue;
    }
    seen.set(option.type);
    if (type == OptionType::Mru)
      judge_mru(option, draft);
    else if (type == OptionType::AuthenticationProtocol)
      judge_authentication(option, draft);
    else if (type == OptionType::MagicNumber)
      judge_magic(option, draft);
    else
      draft.rejects.push_back(option);
  }
  loops_ = draft.looped ? loops_ + 1 : 0;
  if (!draft.rejects.empty()) return {Kind::Reject, std::move(draft.rejects)};
  if (!draft.naks.empty()) return {Kind::Nak, std::move(draft.naks)};
  peer_mru_ = draft.mru;
  owed_ = draft.owed;
  refusals_ = 0;
  return {};
}

void Lcp::judge_mru(const Option& option, Draft& draft) const {
  const auto mru = wire::lcp::mru(option);
  if (!mru)
    draft.nak(option, wire::lcp::mru_option(wanted_mru()));
  else if (*mru < kSmallestMru)
    draft.nak(option, wire::lcp::mru_option(kSmallestMru));
  else
    draft.mru = *mru;
}

void Lcp::judge_authentication(const Option& option, Draft& draft) {
  if (!authenticates()) {
    ++refusals_;
    draft.rejects.push_back(option);
    return;
  }
  const auto demand = wire::lcp::authentication(option);
  const auto method = demand ? method_of(*demand) : std::nullopt;
  const auto& allowed = settings_.allowed;
  if (method && std::ranges::find(allowed, *method) != allowed.end()) {
    draft.owed = *method;
    return;
  }
  // Best first, then the others in turn: the peer may know only the last.
  const AuthMethod better = allowed[refusals_ % allowed.size()];
  ++refusals_;
  draft.nak(option, wire::lcp::authentication_option(authentication_of(better)));
}

void Lcp::judge_magic(const Option& option, Draft& draft) {
  const auto theirs = wire::lcp::magic(option);
  const bool equal = theirs && ask_magic_ && *theirs == magic_;
  // Never rejected, whatever the patience: that would hide the loop (RFC 1661 §6.4).
  if (!theirs || *theirs == 0 || equal) draft.naks.push_back(wire::lcp::magic_option(fresh_magic()));
  draft.looped = equal;
}

void Lcp::on_nak(const Options& suggested) {
  for (const Option& option : suggested) {
    const auto type = static_cast<OptionType>(option.type);
    if (type == OptionType::Mru) {
      const auto mru = wire::lcp::mru(option);
      if (mru && *mru >= kSmallestMru) mru_ = std::min(*mru, wanted_mru());
    } else if (type == OptionType::MagicNumber) {
      magic_ = fresh_magic();
    } else if (type == OptionType::AuthenticationProtocol && demanded_ != AuthMethod::None) {
      if (++demand_naks_ > settings_.timing.max_failure) demand_refused_ = true;
    }
  }
}

void Lcp::on_reject(const Options& refused) {
  for (const Option& option : refused) {
    const auto type = static_cast<OptionType>(option.type);
    if (type == OptionType::Mru) ask_mru_ = false;
    // RFC 1661 §6.4: a rejected magic number counts as zero from here on.
    else if (type == OptionType::MagicNumber)
      ask_magic_ = false;
    else if (type == OptionType::AuthenticationProtocol)
      demand_refused_ = true;
  }
}

}  // namespace michi::engine::ppp
