#pragma once
// What LCP negotiates: MRU, magic number, authentication. Everything else a peer asks for is rejected
// unchanged, field compressions first among it: they have no place on Ethernet.
//
// It keeps no state of the link and sends nothing. RFC 1661 §6, RFC 2516 §7, RFC 4638 §4.

#include "base/random.hpp"
#include "engine/ppp/layer.hpp"
#include "wire/lcp.hpp"

namespace michi::engine::ppp {

std::optional<AuthMethod> method_of(const wire::lcp::Authentication& authentication);
wire::lcp::Authentication authentication_of(AuthMethod method);
std::string_view to_text(AuthMethod method);

class Lcp final : public Negotiator {
 public:
  Lcp(const Settings& settings, Random& random);

  void restart() override;
  Options request() const override;
  Judgement judge(const Options& theirs, Patience patience) override;
  void on_nak(const Options& suggested) override;
  void on_reject(const Options& refused) override;

  /// From now on nothing larger is asked for (RFC 4638 §5: the path does not carry it).
  void limit_mru(std::uint16_t mru) { mru_limit_ = mru; }

  std::uint16_t our_mru() const { return ask_mru_ ? mru_ : wire::ppp::kDefaultMru; }
  std::uint16_t peer_mru() const { return peer_mru_; }
  /// What we may send: the peer's MRU, held to what this side was configured for.
  std::uint16_t mtu() const;
  std::uint32_t magic() const { return ask_magic_ ? magic_ : 0; }
  AuthMethod owed() const { return owed_; }          // the peer demands it of us
  AuthMethod demanded() const { return demanded_; }  // we demand it of the peer

  /// Requests in a row that carried our own magic number.
  unsigned loops() const { return loops_; }
  /// Demands of the peer that were turned down since the last Ack.
  unsigned refusals() const { return refusals_; }
  /// Our demand was rejected, or met with other wishes too often.
  bool demand_refused() const { return demand_refused_; }

 private:
  struct Draft;
  void judge_mru(const wire::control::Option& option, Draft& draft) const;
  void judge_authentication(const wire::control::Option& option, Draft& draft);
  void judge_magic(const wire::control::Option& option, Draft& draft);
  bool authenticates() const;
  std::uint32_t fresh_magic();
  std::uint16_t wanted_mru() const;

  const Settings& settings_;
  Random& random_;
  std::uint16_t mru_limit_;

  // ours
  std::uint16_t mru_ = 0;
  std::uint32_t magic_ = 0;
  bool ask_mru_ = true;
  bool ask_magic_ = true;
  AuthMethod demanded_ = AuthMethod::None;
  unsigned demand_naks_ = 0;
  bool demand_refused_ = false;

  // theirs
  std::uint16_t peer_mru_ = wire::ppp::kDefaultMru;
  AuthMethod owed_ = AuthMethod::None;
  unsigned loops_ = 0;
  unsigned refusals_ = 0;
};

}  // namespace michi::engine::ppp
