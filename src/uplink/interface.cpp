#include "uplink/interface.hpp"

#include <fmt/format.h>

#include <utility>

namespace michi::uplink {

std::optional<InterfaceFacts> Interface::on_facts(std::optional<InterfaceFacts> facts) {
  present_ = std::move(facts);
  return judge();
}

std::optional<InterfaceFacts> Interface::on_channel(const ChannelState& state) {
  refused_.reset();
  if (state.what == ChannelState::What::Refused) refused_ = state.detail;
  return judge();
}

std::optional<InterfaceFacts> Interface::judge() { return std::exchange(usable_, refused_ ? std::nullopt : present_); }

model::Reason Interface::reason() const {
  if (is_refused()) return model::Reason::SocketRefused;
  return usable_ ? model::Reason::NoCarrier : model::Reason::NoInterface;
}

void Interface::add_missing(const std::string& name, std::vector<std::string>& out) const {
  if (is_refused())
    out.push_back(fmt::format("a socket on {}: {}", name, *refused_));
  else if (!usable_)
    out.push_back(fmt::format("interface {} to appear", name));
  else if (!usable_->carrier)
    out.push_back(fmt::format("carrier on {}", name));
}

}  // namespace michi::uplink
