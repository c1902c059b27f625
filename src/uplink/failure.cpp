#include "uplink/failure.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>

namespace michi::uplink {
namespace {

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

Duration BackOffs::next(FailureClass kind, bool at_once, const RetryBounds& bounds, Random& random) {
  const Curve& curve = curve_of(kind);
  unsigned& count = counts_[static_cast<std::size_t>(kind)];
  const unsigned n = count;
  if (count < 32) ++count;
  if (at_once && n == 0 && curve.bounds == Bounds::Config) return random.between(Duration::zero(), kAtOnceJitter);

  const bool own = curve.bounds == Bounds::Own;
  const Duration low = own ? curve.first : bounds.min;
  const Duration cap = own ? curve.cap : std::max(low, std::min(curve.cap, bounds.max));
  Duration ceiling = curve.first;
  for (unsigned i = 0; i < n + (own ? 1U : 0U) && ceiling < cap; ++i) ceiling *= curve.factor;
  return random.between(low, std::min(std::max(ceiling, low), cap));
}

}  // namespace michi::uplink
