#pragma once
// What IPv6CP negotiates: one interface identifier for each side, never zero and never the same.
// Addresses are not its business.
//
// RFC 5072 §4.1.

#include "base/random.hpp"
#include "engine/ppp/layer.hpp"
#include "wire/ipv6cp.hpp"

namespace michi::engine::ppp {

class Ipv6cp final : public Negotiator {
 public:
  Ipv6cp(const Settings& settings, Random& random);

  void restart() override;
  Options request() const override;
  Judgement judge(const Options& theirs, Patience patience) override;
  void on_nak(const Options& suggested) override;
  void on_reject(const Options& refused) override;

  /// Open, but a rejected identifier leaves no link-local address (RFC 5072 §4.1).
  bool usable() const { return local_ != 0; }
  Ipv6Up result() const { return {local_, peer_}; }

 private:
  std::uint64_t fresh_id();
  std::uint64_t suggestion();

  const Settings& settings_;
  Random& random_;
  std::uint64_t local_ = 0;
  std::uint64_t peer_ = 0;
  std::uint64_t own_;  // drawn once, so a renegotiation proposes the same again
};

}  // namespace michi::engine::ppp
