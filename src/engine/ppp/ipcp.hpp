#pragma once
// What IPCP negotiates: one address for each side and, asked of the server, two name servers. DNS
// options are given up one by one as they are rejected; compression is always rejected.
//
// RFC 1332, RFC 1877.

#include "engine/ppp/layer.hpp"
#include "wire/ipcp.hpp"

namespace michi::engine::ppp {

class Ipcp final : public Negotiator {
 public:
  explicit Ipcp(const Settings& settings);

  void restart() override;
  Options request() const override;
  Judgement judge(const Options& theirs, Patience patience) override;
  void on_nak(const Options& suggested) override;
  void on_reject(const Options& refused) override;

  /// Open, but without an address of our own there is nothing to carry.
  bool usable() const { return settings_.role == Role::Server || !local_.is_unspecified(); }
  Ipv4Up result() const;

 private:
  /// One name server: what is asked for, and whether it still is.
  struct Dns {
    Ipv4 address;
    bool asked = true;
  };

  void judge_address(const wire::control::Option& option, Patience patience, Judgement& nak, Judgement& reject);
  void judge_dns(const wire::control::Option& option, std::size_t which, Patience patience, Judgement& nak,
                 Judgement& reject) const;
  Dns* dns_of(std::uint8_t type);

  const Settings& settings_;
  Ipv4 local_;
  bool ask_address_ = true;
  std::array<Dns, 2> dns_;
  Ipv4 peer_;
  Ipv4 draft_peer_;
};

}  // namespace michi::engine::ppp
