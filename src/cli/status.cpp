// michi status [NAME]

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

/// Why it is not up, in one cell: "no-answer, next attempt in 8 s".
std::string why_not(const json::value& uplink) {
  std::string text;
  if (text_at(uplink, "state") != "up" && text_at(uplink, "reason") != "none") text = text_at(uplink, "reason");
  if (const auto next = number_at(uplink, "next_attempt_ms")) {
    text += (text.empty() ? "" : ", ") + ("next attempt in " + duration_text(*next));
  }
  return text;
}

/// "packets stopped: leaks 0, refused 12, by the data plane 0"
std::string stopped(const json::value& status) {
  const auto* firewall = value_at(status, "firewall");
  const auto* uplinks = value_at(status, "uplinks");
  if (firewall == nullptr || !firewall->is_object() || uplinks == nullptr || !uplinks->is_array()) return {};
  std::string text = "packets stopped: ";
  for (const auto& [name, counter] : firewall->as_object())
    text += fmt::format("{} {}, ", std::string_view(name), number_at(counter, "packets").value_or(0));
  std::int64_t foreign = 0;
  for (const auto& uplink : uplinks->as_array())
    if (const auto* counters = value_at(uplink, "counters"))
      foreign += number_at(*counters, "foreign_source").value_or(0);
  return text + fmt::format("by the data plane {}\n", foreign);
}

/// "for 44 m 59 s", or as long as nobody says otherwise.
std::string lifetime(const json::value& prefix, std::string_view key) {
  const auto left = number_at(prefix, key);
  return left ? "for " + duration_text(*left) : "without an end";
}

/// Which prefixes hosts of the LANs are told of, and who else tells them something.
std::string lans_text(const json::value& status) {
  std::vector<std::vector<std::string>> rows = {
      {"LAN", "INTERFACE", "STATE", "DEFAULT ROUTER", "ADVERTISEMENTS", "SOLICITATIONS"}};
  std::string below;
  for (const auto& lan : list_at(status, "lans")) {
    const auto name = text_at(lan, "name");
    rows.push_back(
        {name, text_at(lan, "interface"), text_at(lan, "state"), true_at(lan, "default_router") ? "yes" : "no",
         fmt::format("{}", number_at(lan, "advertisements").value_or(0) + number_at(lan, "answers").value_or(0)),
         fmt::format("{}", number_at(lan, "solicitations").value_or(0))});
    for (const auto& prefix : list_at(lan, "prefixes")) {
      const auto preferred =
          true_at(prefix, "deprecated") ? "deprecated" : "preferred " + lifetime(prefix, "preferred_ms");
      below += fmt::format("{}: {} {}, valid {}\n", name, text_at(prefix, "prefix"), preferred,
                           lifetime(prefix, "valid_ms"));
    }
    for (const auto& other : list_at(lan, "foreign_routers")) {
      const auto conflicts = joined(texts_at(other, "conflicts"));
      below += fmt::format("{}: another router, {}{}{}\n", name, text_at(other, "address"),
                           true_at(other, "default") ? ", a default router" : "",
                           conflicts.empty() ? "" : ", contradicts " + conflicts);
    }
  }
  return rows.size() == 1 ? "" : table_text(rows) + below;
}

/// Sessions of LAN clients, that michi only carries.
std::string passed_text(const json::value& status) {
  std::vector<std::vector<std::string>> rows = {
      {"PASSED THROUGH", "LAN", "LINE", "AC", "SESSION", "SINCE", "RECEIVED", "SENT"}};
  for (const auto& session : list_at(status, "passed")) {
    const auto size = [&](std::string_view key) {
      return size_text(static_cast<std::uint64_t>(number_at(session, key).value_or(0)));
    };
    rows.push_back({text_at(session, "client"), text_at(session, "lan"), text_at(session, "line"),
                    text_at(session, "ac"), fmt::format("{:#06x}", number_at(session, "session").value_or(0)),
                    duration_text(number_at(session, "age_ms").value_or(0)), size("rx_bytes"), size("tx_bytes")});
  }
  return rows.size() == 1 ? "" : table_text(rows);
}

/// "198.51.100.53 answers in 12.345 ms"
std::string probed_text(const json::value& probed) {
  const auto text = fmt::format("{}{}", true_at(probed, "next_hop") ? "next hop " : "", text_at(probed, "address"));
  const auto ago = number_at(probed, "last_answer_ms");
  if (!ago) return text + " has not answered";
  const auto took = static_cast<double>(number_at(probed, "round_trip_us").value_or(0)) / 1000;
  if (true_at(probed, "answers")) return fmt::format("{} answers in {:.3f} ms", text, took);
  return fmt::format("{} last answered {} ago in {:.3f} ms", text, duration_text(*ago), took);
}

/// "ipv4 dead: 192.0.2.1 answers, nothing beyond it does"
std::string health_text(const json::value& probe) {
  const auto detail = text_at(probe, "detail");
  return fmt::format("{} {}{}{}", text_at(probe, "family"), text_at(probe, "health"), detail.empty() ? "" : ": ",
                     detail);
}

/// "shared with LAN home by proxy (answering, hosts: 2)"
std::string proxy_text(const json::value& prefix) {
  const auto* proxy = value_at(prefix, "proxy");
  if (proxy == nullptr || !proxy->is_object()) return {};
  return fmt::format("shared with LAN {} by proxy ({}, hosts: {})", text_at(*proxy, "lan"), text_at(*proxy, "state"),
                     number_at(*proxy, "hosts").value_or(0));
}

void print_overview(std::ostream& out, const json::value& status) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "STATE", "SINCE", "ADDRESS", "INTERFACE", "REASON"}};
  std::string below;
  const auto* uplinks = value_at(status, "uplinks");
  if (uplinks == nullptr || !uplinks->is_array()) return;
  for (const auto& uplink : uplinks->as_array()) {
    rows.push_back({text_at(uplink, "name"), text_at(uplink, "state"),
                    duration_text(number_at(uplink, "since_ms").value_or(0)),
                    or_dash(joined(texts_at(uplink, "addresses"))), text_at(uplink, "interface"), why_not(uplink)});
    for (const auto& probe : list_at(uplink, "probes"))
      if (text_at(probe, "health") == "dead")
        below += fmt::format("{}: {}\n", text_at(uplink, "name"), health_text(probe));
    for (const auto& prefix : list_at(uplink, "prefixes"))
      if (const auto proxy = proxy_text(prefix); !proxy.empty())
        below += fmt::format("{}: {} {}\n", text_at(uplink, "name"), text_at(prefix, "prefix"), proxy);
    const auto state = text_at(uplink, "state");
    if (state == "up" || state == "down" || state == "stopping") continue;
    const auto detail = text_at(uplink, "detail");
    const auto remedy = text_at(uplink, "remedy");
    const auto waiting = joined(texts_at(uplink, "waiting_for"), "; ");
    if (!detail.empty()) below += fmt::format("{}: {}\n", text_at(uplink, "name"), detail);
    if (!waiting.empty()) below += fmt::format("{}: waits for {}\n", text_at(uplink, "name"), waiting);
    if (!remedy.empty()) below += fmt::format("{}: remedy: {}\n", text_at(uplink, "name"), remedy);
  }
  out << (uplinks->as_array().empty() ? "no uplinks are configured\n" : table_text(rows));
  if (!below.empty()) out << "\n" << below;
  if (const auto text = lans_text(status); !text.empty()) out << "\n" << text;
  if (const auto text = passed_text(status); !text.empty()) out << "\n" << text;
  if (const auto text = stopped(status); !text.empty()) out << "\n" << text;
  if (!true_at(status, "settled")) out << "\nkernel: not yet as it should be; `michi plan` shows the difference\n";
  if (true_at(status, "awaiting_confirmation")) {
    out << "\nthe configuration waits for `michi confirm`; without it the old one comes back\n";
  }
  const auto* warnings = value_at(status, "warnings");
  if (warnings == nullptr || !warnings->is_array()) return;
  for (const auto& warning : warnings->as_array()) {
    out << fmt::format("\nwarning: {} ({})\n", text_at(warning, "text"), text_at(warning, "code"));
  }
}

/// "2001:db8:a::/56 confirmed, preferred 1h, valid 2h"
std::string prefix_line(const json::value& prefix) {
  const auto left = [&](std::string_view key) {
    const auto value = number_at(prefix, key);
    return value ? "for " + duration_text(*value) : std::string("without end");
  };
  const auto proxy = proxy_text(prefix);
  return fmt::format("{} {}{}{}, preferred {}, valid {}", text_at(prefix, "prefix"), text_at(prefix, "state"),
                     true_at(prefix, "on_link") ? ", the line's own" : "", proxy.empty() ? "" : ", " + proxy,
                     left("preferred_ms"), left("valid_ms"));
}

void print_detail(std::ostream& out, const json::value& uplink) {
  const auto line = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out << fmt::format("{:<14}{}\n", name, text);
  };
  line("uplink", text_at(uplink, "name"));
  line("state",
       fmt::format("{} for {}", text_at(uplink, "state"), duration_text(number_at(uplink, "since_ms").value_or(0))));
  if (text_at(uplink, "reason") != "none") line("reason", text_at(uplink, "reason"));
  line("detail", text_at(uplink, "detail"));
  line("remedy", text_at(uplink, "remedy"));
  if (const auto next = number_at(uplink, "next_attempt_ms")) line("next attempt", "in " + duration_text(*next));
  if (number_at(uplink, "attempts").value_or(0) > 0) {
    line("attempts", fmt::format("{} since the last success", *number_at(uplink, "attempts")));
  }
  for (const auto& each : texts_at(uplink, "waiting_for")) line("waits for", each);
  line("interface", text_at(uplink, "interface"));
  if (const auto* ipv4 = value_at(uplink, "ipv4"); ipv4 != nullptr && ipv4->is_object()) {
    line("ipv4", fmt::format("{} peer {}", text_at(*ipv4, "address"), text_at(*ipv4, "peer")));
  }
  if (const auto* ipv6 = value_at(uplink, "ipv6"); ipv6 != nullptr && ipv6->is_object()) {
    line("ipv6", fmt::format("{} peer {}", text_at(*ipv6, "address"), text_at(*ipv6, "peer")));
  }
  if (const auto* prefixes = value_at(uplink, "prefixes"); prefixes != nullptr && prefixes->is_array())
    for (const auto& prefix : prefixes->as_array()) line("prefix", prefix_line(prefix));
  if (const auto renewal = number_at(uplink, "prefix_renewal_ms"))
    line("next renewal", "in " + duration_text(*renewal));
  for (const auto& probe : list_at(uplink, "probes")) {
    line("health", health_text(probe));
    for (const auto& probed : list_at(probe, "probed")) line("", "  " + probed_text(probed));
  }
  line("dns", joined(texts_at(uplink, "dns")));
  if (const auto mtu = number_at(uplink, "mtu")) line("mtu", fmt::format("{}", *mtu));
  if (const auto* session = value_at(uplink, "session"); session != nullptr && session->is_object()) {
    line("session", fmt::format("{:#06x} at {} ({})", number_at(*session, "id").value_or(0),
                                or_dash(text_at(*session, "ac_name")), text_at(*session, "peer_mac")));
  }
  line("auth", text_at(uplink, "auth"));
  line("protocols", text_at(uplink, "protocol_state"));
  if (const auto setup = number_at(uplink, "last_setup_ms")) line("last set-up", duration_text(*setup));
  line("plane", text_at(uplink, "plane"));
  line("number", fmt::format("{0} (table {1}, mark {0})", number_at(uplink, "number").value_or(0),
                             20000 + number_at(uplink, "number").value_or(0)));
  if (const auto routes = number_at(uplink, "closed_routes"); routes.value_or(0) > 0) {
    const auto date = text_at(uplink, "routes_date");
    line("closed", fmt::format("{} prefixes{}", *routes, date.empty() ? "" : " of " + date));
  }
  const auto* counters = value_at(uplink, "counters");
  if (counters == nullptr) return;
  const auto count = [&](std::string_view key) {
    return static_cast<std::uint64_t>(number_at(*counters, key).value_or(0));
  };
  if (const auto interface = text_at(*counters, "interface"); !interface.empty()) {
    line("received", fmt::format("{} in {} packets, {} dropped", size_text(count("rx_bytes")), count("rx_packets"),
                                 count("rx_dropped")));
    line("sent", fmt::format("{} in {} packets, {} dropped", size_text(count("tx_bytes")), count("tx_packets"),
                             count("tx_dropped")));
    const auto others = joined(texts_at(*counters, "shared_with"));
    return line("counted", fmt::format("everything on {}{}", interface, others.empty() ? "" : ", with " + others));
  }
  line("received", fmt::format("{} in {} packets, {} refused", size_text(count("rx_bytes")), count("rx_packets"),
                               count("rx_dropped")));
  line("sent", fmt::format("{} in {} packets, {} refused, {} with a foreign source", size_text(count("tx_bytes")),
                           count("tx_packets"), count("tx_dropped"), count("foreign_source")));
}

}  // namespace

int status(Context& context, const std::string& name) {
  int status = kDone;
  const auto target = name.empty() ? "/v1/status" : "/v1/status/" + control::percent_encoded(name);
  const auto answer = answer_of(context, context.client().get(target), status);
  if (!answer || print_json(context, *answer)) return status;
  if (name.empty()) {
    print_overview(context.out, *answer);
  } else if (const auto* uplink = value_at(*answer, "uplink")) {
    print_detail(context.out, *uplink);
  }
  return status;
}

}  // namespace michi::cli
