#pragma once
// A peer that says exactly what a test tells it to, to one session under test.
//
// It knows packets, not protocols: what a well-behaved peer would do next is the test's decision.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/ppp/session.hpp"
#include "wire/chap.hpp"
#include "wire/control.hpp"
#include "wire/ipcp.hpp"
#include "wire/ipv6cp.hpp"
#include "wire/lcp.hpp"
#include "wire/ppp.hpp"

namespace michi::kit {

namespace ppp = michi::engine::ppp;
using wire::control::Code;
using wire::control::Option;
using wire::control::Options;
using wire::ppp::Protocol;

struct Heard {
  Protocol protocol{};
  Code code{};
  std::uint8_t id = 0;
  ByteVec data;
  bool urgent = false;

  Options options() const { return wire::control::parse_options(data).value_or(Options{}); }
};

class PppPeer {
 public:
  explicit PppPeer(ppp::Settings settings, std::vector<ppp::Account> accounts = {}, std::uint64_t seed = 1)
      : session(std::move(settings), Random::seeded(seed), std::move(accounts)) {}

  ppp::Session session;
  Instant now{};
  std::vector<Heard> heard;  // not yet taken
  std::vector<ppp::Output> reports;

  void start() {
    session.start(now);
    drain();
  }

  void say(Protocol protocol, Code code, std::uint8_t id, Bytes data) {
    raw(wire::ppp::write_frame(protocol, wire::control::write_packet(code, id, data)));
  }
  void say(Protocol protocol, Code code, std::uint8_t id, const Options& options) {
    say(protocol, code, id, wire::control::write_options(options));
  }
  void say(Protocol protocol, Code code, std::uint8_t id, std::string_view text) {
    say(protocol, code, id, bytes_of(text));
  }
  void chap(wire::chap::Code code, std::uint8_t id, Bytes data) { say(Protocol::Chap, Code(code), id, data); }
  void raw(Bytes frame) {
    session.on_frame(frame, now);
    drain();
  }

  /// Time passes; every deadline on the way is served.
  void wait(Duration time) {
    const Instant end = now + time;
    while (session.next_deadline() && *session.next_deadline() <= end) {
      now = std::max(now, *session.next_deadline());
      session.on_deadline(now);
      drain();
    }
    now = end;
  }

  void drain() {
    while (auto output = session.poll()) {
      if (const auto* send = std::get_if<ppp::SendFrame>(&*output)) {
        const auto frame = wire::ppp::parse_frame(send->frame);
        ASSERT_TRUE(frame);
        const auto packet = wire::control::parse_packet(frame->information);
        ASSERT_TRUE(packet);
        heard.push_back({frame->protocol, packet->code, packet->id, copy_of(packet->data), send->urgent});
      } else if (!std::holds_alternative<ppp::Edge>(*output)) {
        reports.push_back(std::move(*output));
      }
    }
  }

  /// The first packet of that kind not taken yet, with everything before it forgotten.
  std::optional<Heard> take(Protocol protocol, Code code) {
    for (std::size_t i = 0; i < heard.size(); ++i) {
      if (heard[i].protocol != protocol || heard[i].code != code) continue;
      Heard found = std::move(heard[i]);
      heard.erase(heard.begin(), heard.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return found;
    }
    return std::nullopt;
  }
  bool silent() const { return heard.empty(); }
  void forget() { heard.clear(); }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& report : reports)
      if (const T* one = std::get_if<T>(&report)) found.push_back(*one);
    return found;
  }
  template <class T>
  bool has() const {
    return !all<T>().empty();
  }

  /// Acknowledges the Configure-Request that is out.
  void ack(Protocol protocol) {
    const auto request = take(protocol, Code::ConfigureRequest);
    ASSERT_TRUE(request) << wire::ppp::to_text(protocol);
    say(protocol, Code::ConfigureAck, request->id, request->data);
  }

  /// LCP as a plain access concentrator opens it; with a demand if one is given.
  void open_lcp(ppp::AuthMethod method = ppp::AuthMethod::None, std::uint16_t mru = 1492) {
    Options options = {wire::lcp::mru_option(mru), wire::lcp::magic_option(0x01020304)};
    if (method == ppp::AuthMethod::Pap) options.push_back(wire::lcp::authentication_option({Protocol::Pap, {}}));
    if (method == ppp::AuthMethod::ChapMd5)
      options.push_back(wire::lcp::authentication_option({Protocol::Chap, wire::lcp::kAlgorithmMd5}));
    if (method == ppp::AuthMethod::MsChapV2)
      options.push_back(wire::lcp::authentication_option({Protocol::Chap, wire::lcp::kAlgorithmMsChapV2}));
    ack(Protocol::Lcp);
    say(Protocol::Lcp, Code::ConfigureRequest, ++id_, options);
    ASSERT_TRUE(take(Protocol::Lcp, Code::ConfigureAck));
  }

  /// IPCP: 192.0.2.1 here, 192.0.2.77 there, and one name server.
  void open_ipcp() {
    auto request = take(Protocol::Ipcp, Code::ConfigureRequest);
    ASSERT_TRUE(request);
    Options better;
    for (const Option& option : request->options()) {
      const auto type = static_cast<wire::ipcp::OptionType>(option.type);
      const char* address = type == wire::ipcp::OptionType::IpAddress    ? "192.0.2.77"
                            : type == wire::ipcp::OptionType::PrimaryDns ? "192.0.2.53"
                                                                         : "192.0.2.54";
      better.push_back(wire::ipcp::address_option(type, *parse_ipv4(address)));
    }
    say(Protocol::Ipcp, Code::ConfigureNak, request->id, better);
    ack(Protocol::Ipcp);
    say(Protocol::Ipcp, Code::ConfigureRequest, ++id_,
        Options{wire::ipcp::address_option(wire::ipcp::OptionType::IpAddress, *parse_ipv4("192.0.2.1"))});
    ASSERT_TRUE(take(Protocol::Ipcp, Code::ConfigureAck));
  }

  void challenge(std::uint8_t id, std::string_view value, std::string_view name = "ac") {
    chap(wire::chap::Code::Challenge, id, wire::chap::write_valued(bytes_of(value), bytes_of(name)));
  }

  std::optional<ppp::Ended> end() const {
    const auto ends = all<ppp::Ended>();
    return ends.empty() ? std::nullopt : std::optional(ends.back());
  }

 private:
  std::uint8_t id_ = 100;
};

}  // namespace michi::kit
