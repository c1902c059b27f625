#include "uplink/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>

namespace michi::uplink {
namespace {

using model::Reason;

constexpr std::array<Curve, kFailureClasses> kCurves = {{
    {FailureClass::NoOffer, "no-offer", seconds(1), 2, seconds(60), Bounds::Config},
    {FailureClass::Refused, "refused", seconds(2), 2, seconds(60), Bounds::Config},
    {FailureClass::SessionLimit, "limit", seconds(15), 2, minutes(5), Bounds::Own},
    {FailureClass::Auth, "auth", seconds(30), 2, minutes(15), Bounds::Own},
    {FailureClass::Negotiation, "negotiation", seconds(1), 2, seconds(60), Bounds::Config},
    {FailureClass::Echo, "echo", seconds(1), 2, seconds(60), Bounds::Config},
    {FailureClass::Terminated, "terminated", seconds(1), 2, seconds(60), Bounds::Config},
    {FailureClass::Link, "link", seconds(1), 2, seconds(60), Bounds::Config},
    {FailureClass::Duplicate, "duplicate", seconds(30), 2, minutes(15), Bounds::Own},
    {FailureClass::Plane, "plane", seconds(1), 2, seconds(60), Bounds::Config},
}};

consteval bool curves_are_in_order() {
  for (std::size_t i = 0; i < kFailureClasses; ++i)
    if (static_cast<std::size_t>(kCurves[i].kind) != i || kCurves[i].first > kCurves[i].cap) return false;
  return true;
}
static_assert(curves_are_in_order());

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

}  // namespace

const Curve& curve_of(FailureClass kind) { return kCurves[static_cast<std::size_t>(kind)]; }

bool speaks_of_session_limit(std::string_view words) {
  std::string text(words);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool sessions = has_any(text, {"session", "connection", "simultaneous", "concurrent"});
  const bool limit = has_any(text, {"limit", "exceed", "too many", "maximum", "max ", "max."});
  return (sessions && limit) ||
         has_any(text, {"already online", "already logged", "already connected", "no client slots"});
}

Failure failure_of(const engine::pppoe::Failed& failed) {
  using enum engine::pppoe::FailCause;
  switch (failed.cause) {
    case NoOffer:
      return {FailureClass::NoOffer, Reason::NoAnswer, failed.detail};
    case NoSuitableOffer:
      return {FailureClass::Refused, Reason::NoSuitableAc, failed.detail};
    case NoConfirmation:
      return {FailureClass::Refused, Reason::NoConfirmation, failed.detail};
    case ServiceNameError:
    case AcSystemError:
    case GenericError:
      if (speaks_of_session_limit(failed.detail))
        return {FailureClass::SessionLimit, Reason::SessionLimit, failed.detail};
      return {FailureClass::Refused, failed.cause == ServiceNameError ? Reason::ServiceRefused : Reason::AcError,
              failed.detail};
    case BadSessionId:
      return {FailureClass::Refused, Reason::AcError, failed.detail};
  }
  return {};
}

Failure failure_of(const engine::ppp::Ended& ended) {
  using enum engine::ppp::EndCause;
  const bool limit = speaks_of_session_limit(ended.detail);
  switch (ended.cause) {
    case LocalStop:
      return {FailureClass::Terminated, Reason::Admin, ended.detail};
    case AuthFailed:
      if (limit) return {FailureClass::SessionLimit, Reason::SessionLimit, ended.detail};
      return {FailureClass::Auth, Reason::AuthFailed, ended.detail};
    case AuthRefused:
      return {FailureClass::Auth, Reason::AuthMethodRefused, ended.detail};
    case AuthSilent:
      return {FailureClass::Negotiation, Reason::AuthNoAnswer, ended.detail};
    case LcpTimeout:
      return {FailureClass::Negotiation, Reason::NegotiationTimeout, ended.detail};
    case LcpFailed:
    case NoNetwork:
      return {FailureClass::Negotiation, Reason::NegotiationFailed, ended.detail};
    case Loopback:
      return {FailureClass::Negotiation, Reason::Loopback, ended.detail};
    case EchoTimeout:
      return {FailureClass::Echo, Reason::EchoTimeout, ended.detail};
    case OneWay:
      return {FailureClass::Echo, Reason::OneWay, ended.detail};
    case PeerTerminated:
      if (limit) return {FailureClass::SessionLimit, Reason::SessionLimit, ended.detail};
      return {FailureClass::Terminated, Reason::PeerTerminated, ended.detail};
    case EstablishTimeout:
      return {FailureClass::Negotiation, Reason::EstablishTimeout, ended.detail};
  }
  return {};
}

Failure failure_of_padt(std::string_view words) {
  const std::string detail = words.empty() ? std::string("PADT") : fmt::format("PADT: {}", words);
  if (speaks_of_session_limit(words)) return {FailureClass::SessionLimit, Reason::SessionLimit, detail};
  return {FailureClass::Terminated, Reason::PeerTerminated, detail};
}

Duration BackOffs::next(FailureClass kind, bool at_once, const model::PppConfig& config, Random& random) {
  const Curve& curve = curve_of(kind);
  unsigned& count = counts_[static_cast<std::size_t>(kind)];
  const unsigned n = count;
  if (count < 32) ++count;
  if (at_once && n == 0 && curve.bounds == Bounds::Config) return random.between(Duration::zero(), kAtOnceJitter);

  const bool own = curve.bounds == Bounds::Own;
  const Duration low = own ? curve.first : config.retry_min;
  const Duration cap = own ? curve.cap : std::max(low, std::min(curve.cap, config.retry_max));
  Duration ceiling = curve.first;
  for (unsigned i = 0; i < n + (own ? 1U : 0U) && ceiling < cap; ++i) ceiling *= curve.factor;
  return random.between(low, std::min(std::max(ceiling, low), cap));
}

}  // namespace michi::uplink
