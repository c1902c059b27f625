#include "engine/ppp/ipv6cp.hpp"

namespace michi::engine::ppp {

using wire::control::Option;
using wire::ipv6cp::OptionType;

Ipv6cp::Ipv6cp(const Settings& settings, Random& random)
    : settings_(settings), random_(random), own_(settings.interface_id != 0 ? settings.interface_id : fresh_id()) {
  restart();
}

std::uint64_t Ipv6cp::fresh_id() {
  // RFC 5072 §4.1: a random identifier has its "u" bit clear.
  constexpr std::uint64_t kUniversal = 0x0200000000000000;
  std::uint64_t id = 0;
  while (id == 0 || id == local_ || id == peer_) id = random_.u64() & ~kUniversal;
  return id;
}

std::uint64_t Ipv6cp::suggestion() {
  const std::uint64_t assigned = settings_.role == Role::Server ? settings_.assigned_interface_id : 0;
  return assigned != 0 && assigned != local_ ? assigned : fresh_id();
}

void Ipv6cp::restart() { local_ = own_; }

Options Ipv6cp::request() const {
  if (local_ == 0) return {};
  return {wire::ipv6cp::interface_id_option(local_)};
}

Negotiator::Judgement Ipv6cp::judge(const Options& theirs, Patience patience) {
  Judgement nak{Kind::Nak, {}};
  Judgement reject{Kind::Reject, {}};
  const std::uint64_t assigned = settings_.role == Role::Server ? settings_.assigned_interface_id : 0;
  std::uint64_t wanted = 0;
  bool named = false;
  for (const Option& option : theirs) {
    if (static_cast<OptionType>(option.type) != OptionType::InterfaceIdentifier || named) {
      reject.options.push_back(option);
      continue;
    }
    named = true;
    wanted = wire::ipv6cp::interface_id(option).value_or(0);
    const bool good = wanted != 0 && wanted != local_ && (assigned == 0 || wanted == assigned);
    if (good) continue;
    if (patience == Patience::Nak)
      nak.options.push_back(wire::ipv6cp::interface_id_option(suggestion()));
    else
      reject.options.push_back(option);
  }
  if (!named && patience == Patience::Nak) nak.options.push_back(wire::ipv6cp::interface_id_option(suggestion()));
  if (!reject.options.empty()) return reject;
  if (!nak.options.empty()) return nak;
  peer_ = wanted;
  return {};
}

void Ipv6cp::on_nak(const Options& suggested) {
  for (const Option& option : suggested) {
    const auto id = wire::ipv6cp::interface_id(option);
    if (static_cast<OptionType>(option.type) != OptionType::InterfaceIdentifier || !id) continue;
    const bool good = *id != 0 && *id != peer_ && *id != local_;
    local_ = good ? *id : fresh_id();
  }
}

void Ipv6cp::on_reject(const Options& refused) {
  for (const Option& option : refused)
    if (static_cast<OptionType>(option.type) == OptionType::InterfaceIdentifier) local_ = 0;
}

}  // namespace michi::engine::ppp
