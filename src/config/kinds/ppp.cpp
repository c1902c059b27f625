#include "config/kinds/ppp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace michi::config {

namespace {

constexpr std::array<std::pair<std::string_view, model::AuthKind>, 3> kAuths = {
    {{"pap", model::AuthKind::Pap}, {"chap-md5", model::AuthKind::ChapMd5}, {"mschapv2", model::AuthKind::MsChapV2}}};

std::string auth_text(model::AuthKind kind) {
  const auto found = std::ranges::find(kAuths, kind, &std::pair<std::string_view, model::AuthKind>::second);
  return found == kAuths.end() ? "" : std::string(found->first);
}

void read_user(Section& section, std::string& into) {
  section.text("user", into);
  if (section.has("user") && into.empty() && section.take("user")->kind == Kind::Text)
    section.bad(section.place_of("user"), "user", "the name is empty", "as in \"name@example.jp\"");
}

void read_auth(Section& section, std::vector<model::AuthKind>& into) {
  if (!section.has("auth")) return;
  std::vector<model::AuthKind> kinds;
  const std::vector<Word> words = section.words("auth", "[\"chap-md5\", \"mschapv2\"]");
  for (const Word& word : words) {
    auto found = std::ranges::find(kAuths, word.text, &std::pair<std::string_view, model::AuthKind>::first);
    if (found == kAuths.end()) {
      section.bad(word.at, "auth", fmt::format("{} is not known", in_quotes(word.text)),
                  word.text == "chap" ? "write \"chap-md5\"" : "one of \"pap\", \"chap-md5\", \"mschapv2\"");
    } else if (std::ranges::find(kinds, found->second) != kinds.end()) {
      section.bad(word.at, "auth", fmt::format("{} stands here twice", in_quotes(word.text)), {});
    } else {
      kinds.push_back(found->second);
    }
  }
  if (words.empty() && section.take("auth")->kind == Kind::List) {
    section.bad(section.place_of("auth"), "auth", "the list is empty", "leave auth out for chap-md5 and mschapv2");
  }
  if (!kinds.empty()) into = std::move(kinds);
}

void read_echo(Section& section, model::PppConfig& into) {
  auto echo = section.inner("echo", "{ interval = \"10s\", failures = 3 }");
  if (!echo) return;
  echo->duration("interval", into.echo_interval, milliseconds(100), minutes(10));
  echo->number("failures", into.echo_failures, 1, 100);
  echo->duration("one-way", into.one_way, seconds(1), hours(1));
  echo->finish();
}

void read_retry(Section& section, model::PppConfig& into) {
  auto retry = section.inner("retry", "{ min = \"1s\", max = \"60s\" }");
  if (!retry) return;
  retry->duration("min", into.retry_min, milliseconds(100), hours(1));
  retry->duration("max", into.retry_max, milliseconds(100), hours(24));
  if (into.retry_max < into.retry_min) {
    retry->bad(retry->place_of("max"), "max",
               fmt::format("{} is less than min, {}", to_text(into.retry_max), to_text(into.retry_min)), {});
  }
  retry->finish();
}

/// The first uplink before this one that asks for the same address.
const model::UplinkConfig* first_with(const model::Config& config, const model::UplinkConfig& uplink, Ipv4 address,
                                      PppOf ppp_of) {
  for (const model::UplinkConfig& other : config.uplinks) {
    if (&other == &uplink) break;
    const model::PppConfig* ppp = ppp_of(other);
    if (ppp != nullptr && ppp->address == address) return &other;
  }
  return nullptr;
}

}  // namespace

void read_ppp(Section& section, model::PppConfig& into) {
  read_user(section, into.user);
  read_auth(section, into.auth);
  section.ipv4("address", into.address);
  read_echo(section, into);
  section.duration("grace", into.grace, Duration{}, minutes(5));
  read_retry(section, into);
}

void check_ppp(Draft& draft, const model::UplinkConfig& uplink, PppOf ppp_of) {
  const std::optional<Ipv4>& wanted = ppp_of(uplink)->address;
  if (!wanted) return;
  const Position at = draft.reading.place(fmt::format("uplink.{}.address", uplink.id.name));
  if (!uplink.ipv4) {
    draft.reading.report.warning(at, "address-unused",
                                 fmt::format("[uplink.{}] asks for an IPv4 address with ipv4 = false", uplink.id.name));
  }
  if (const auto* first = first_with(draft.config, uplink, *wanted, ppp_of)) {
    draft.reading.report.warning(at, "duplicate-address",
                                 fmt::format("[uplink.{}] and [uplink.{}] ask for the same address {}", first->id.name,
                                             uplink.id.name, to_text(*wanted)),
                                 "the second one to get it is held");
  }
}

Fields fields_of(const model::PppConfig& ppp) {
  return {{"user", ppp.user},
          {"auth", joined(ppp.auth, auth_text)},
          {"address", text_or_empty(ppp.address)},
          {"echo.interval", to_text(ppp.echo_interval)},
          {"echo.failures", fmt::format("{}", ppp.echo_failures)},
          {"echo.one-way", to_text(ppp.one_way)},
          {"grace", to_text(ppp.grace)},
          {"retry.min", to_text(ppp.retry_min)},
          {"retry.max", to_text(ppp.retry_max)}};
}

}  // namespace michi::config
