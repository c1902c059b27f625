#include "runtime/lan/pass_through.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::runtime {

namespace {

namespace pppoe = engine::pppoe;

constexpr std::string_view kKeyPrefix = "pass-through.";
/// Frames taken from one socket in a turn; the rest waits for the next.
constexpr std::size_t kFramesPerTurn = 256;
constexpr Duration kCountEvery = seconds(60);
constexpr Duration kRefusalsApart = seconds(60);

std::string key_of(const std::string& line) { return std::string(kKeyPrefix) + line; }

std::string in_words(const pppoe::PassedSession& session, const std::string& line, const std::string& lan) {
  return fmt::format("session {} of {} on {} with the access concentrator {} over {}", session.id,
                     to_text(session.client), lan, to_text(session.concentrator), line);
}

model::Event session_event(std::string code, std::string text, const pppoe::PassedSession& session,
                           const std::string& line, const std::string& lan) {
  return {.severity = model::Severity::Notice,
          .code = std::move(code),
          .uplink = {},
          .text = std::move(text),
          .fields = {{"line", line},
                     {"lan", lan},
                     {"client", to_text(session.client)},
                     {"ac", to_text(session.concentrator)},
                     {"session", fmt::format("{}", session.id)}}};
}

}  // namespace

std::string write_passed(const std::vector<pppoe::PassedSession>& sessions) {
  std::string text;
  for (const auto& session : sessions)
    text += fmt::format("{} {} {} {} {}\n", session.lan, to_text(session.client), to_text(session.concentrator),
                        session.id, session.since.time_since_epoch().count());
  return text;
}

std::vector<pppoe::PassedSession> parse_passed(std::string_view text) {
  std::vector<pppoe::PassedSession> sessions;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    pppoe::PassedSession session;
    std::string client, concentrator;
    Duration::rep since = 0;
    if (!(words >> session.lan >> client >> concentrator >> session.id >> since)) continue;
    const auto one = parse_mac(client), other = parse_mac(concentrator);
    if (!one || !other) continue;
    session.client = *one;
    session.concentrator = *other;
    session.since = Instant(Duration(since));
    sessions.push_back(std::move(session));
  }
  return sessions;
}

PassThroughs::PassThroughs(Doors& doors, port::Wake wake, Sinks sinks)
    : doors_(doors), wake_(std::move(wake)), sinks_(std::move(sinks)) {}

void PassThroughs::recall(const std::map<std::string, std::string>& records) {
  for (const auto& [key, value] : records)
    if (key.starts_with(kKeyPrefix)) recalled_[key.substr(kKeyPrefix.size())] = parse_passed(value);
}

void PassThroughs::configure(const model::Config& config, const model::Observed& observed, Instant now) {
  std::set<std::string> wanted;
  for (const auto& line : config.lines) {
    if (line.pass_through.empty()) continue;
    wanted.insert(line.interface);
    set(uplinks_[line.interface], config, line);
  }
  for (auto& [name, line] : uplinks_)
    if (!wanted.contains(name)) line.settings.lans.clear();
  on_links(observed);
  for (auto& [name, line] : uplinks_) {
    if (auto known = recalled_.extract(name)) {
      for (auto& session : known.mapped()) session.since = std::min(session.since, now);
      line.engine.recall(std::move(known.mapped()), now);
      note(name, line);
      hear(line);
    }
    drain(name, line, now);
  }
  std::erase_if(uplinks_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const auto& [name, sessions] : std::exchange(recalled_, {})) sinks_.keep(key_of(name), std::nullopt);
}

void PassThroughs::set(Line& line, const model::Config& config, const model::LineConfig& wanted) {
  line.contract = wanted.sessions;
  line.settings.lans.clear();
  line.stations.clear();
  for (const auto& name : wanted.pass_through) {
    const auto* lan = config.find_lan(name);
    if (!lan) continue;
    line.settings.lans.insert(lan->interface);
    line.names.insert_or_assign(lan->interface, name);
    line.lans.try_emplace(lan->interface);
  }
  std::erase_if(line.lans, [&](const auto& entry) { return !line.settings.lans.contains(entry.first); });
  unsigned own = 0;
  for (const auto& uplink : config.uplinks) {
    if (const auto mac = uplink.mac()) line.stations.insert(*mac);
    if (uplink.traits().counts_as_session && uplink.interface() == wanted.interface) ++own;
  }
  line.settings.places.reset();
  if (wanted.sessions != 0) line.settings.places = wanted.sessions - std::min(wanted.sessions, own);
}

void PassThroughs::on_links(const model::Observed& observed) {
  for (auto& [name, line] : uplinks_) {
    look_at(name, line.line, observed);
    line.settings.own = line.stations;
    const auto ours = [&](const std::string& interface) {
      const auto link = observed.links.find(interface);
      if (link != observed.links.end()) line.settings.own.insert(link->second.mac);
    };
    ours(name);
    for (auto& [interface, side] : line.lans) {
      look_at(interface, side, observed);
      ours(interface);
    }
    line.engine.configure(line.settings);
    hear(line);
  }
}

void PassThroughs::look_at(const std::string& name, Side& side, const model::Observed& observed) {
  const auto at = observed.links.find(name);
  const std::uint32_t index = at == observed.links.end() ? 0 : at->second.index;
  if (index != side.index) side.socket.reset();
  side.index = index;
  if (index == 0 || side.socket) return;
  side.heard.clear();
  auto opened = doors_.frames.open(name, port::FrameKind::PassThrough);
  if (!opened)
    return side.complaint.tell(sinks_.event,
                               {model::Severity::Error,
                                "interface.unusable",
                                "",
                                fmt::format("cannot pass PPPoE through {}: {}", name, opened.error().text()),
                                {{"interface", name}}});
  side.complaint.withdraw();
  side.socket = std::move(*opened);
  side.socket->on_wake(wake_);
}

bool PassThroughs::turn(Instant now, Kernel kernel) {
  const bool count = count_at_ && *count_at_ <= now;
  const auto traffic = count ? doors_.firewall.passed_traffic() : std::vector<model::PassedTraffic>{};
  if (count) count_at_ = now + kCountEvery;
  for (auto& [name, line] : uplinks_) {
    // Frames of the access concentrator alone: a client that vanished is asked again and again.
    for (const auto& one : traffic)
      line.engine.on_traffic(one.destination, one.source, one.session_id, one.packets, now);
    take(name, line, now, kernel);
    if (const auto due = line.engine.next_deadline(); due && *due <= now) {
      line.engine.on_deadline(now);
      hear(line);
    }
    drain(name, line, now);
  }
  if (!sessions_.empty() && !count_at_) count_at_ = now + kCountEvery;
  return std::exchange(changed_, false);
}

void PassThroughs::take(const std::string& name, Line& line, Instant now, Kernel kernel) {
  const auto each = [&](Side& side, auto heard) {
    std::size_t taken = 0;
    for (; side.socket && taken < kFramesPerTurn; ++taken) {
      const auto frame = side.socket->poll();
      if (!frame) return;
      heard(*frame);
    }
    if (taken == kFramesPerTurn) wake_();
  };
  for (auto& [lan, side] : line.lans)
    each(side, [&](const ByteVec& frame) {
      if (kernel == Kernel::Carries) line.engine.on_lan_frame(lan, frame, now);
      drain(name, line, now);
    });
  each(line.line, [&](const ByteVec& frame) {
    line.engine.on_link_frame(frame, now);
    drain(name, line, now);
  });
}

void PassThroughs::on_carried(Instant now) {
  for (auto& [name, line] : uplinks_) {
    line.engine.on_carried(now);
    drain(name, line, now);
  }
}

// The interfaces hear whoever is to be answered before the question leaves. What a flood brings is not handed on and
// costs no look at them.
void PassThroughs::drain(const std::string& name, Line& line, Instant now) {
  bool looked = false;
  while (auto output = line.engine.poll()) {
    std::visit(Overloaded{
                   [&](const pppoe::PassFrame& sent) {
                     if (!std::exchange(looked, true)) hear(line);
                     const auto lan = sent.lan ? line.lans.find(*sent.lan) : line.lans.end();
                     auto& side = sent.lan && lan != line.lans.end() ? lan->second : line.line;
                     if (!side.socket || (sent.lan && lan == line.lans.end())) return;
                     // A frame the kernel refuses is a lost frame: both ends have timers of their own.
                     std::ignore = side.socket->send(sent.frame, port::Priority::Urgent);
                   },
                   [&](const pppoe::PassOpened& opened) {
                     const auto& lan = line.names[opened.session.lan];
                     sinks_.event(session_event("pass-through.opened", in_words(opened.session, name, lan) + " begins",
                                                opened.session, name, lan));
                     note(name, line);
                   },
                   [&](const pppoe::PassClosed& closed) {
                     const auto& lan = line.names[closed.session.lan];
                     sinks_.event(session_event(
                         "pass-through.closed",
                         fmt::format("{} is over: {}", in_words(closed.session, name, lan), to_text(closed.why)),
                         closed.session, name, lan));
                     note(name, line);
                   },
                   [&](const pppoe::PassRefused& refused) { tell(name, line, refused, now); },
               },
               *output);
  }
}

void PassThroughs::hear(Line& line) {
  hear(line.line, line.engine.heard_on_line());
  for (auto& [lan, side] : line.lans) hear(side, line.engine.heard_on_lan(lan));
}

void PassThroughs::hear(Side& side, const std::set<Mac>& wanted) {
  if (!side.socket || side.heard == wanted) return;
  for (const Mac& mac : side.heard)
    if (!wanted.contains(mac)) side.socket->remove_address(mac);
  // A refusal (no memory) is tried again with the next change; a promiscuous interface hears anyway.
  for (const Mac& mac : wanted)
    if (!side.heard.contains(mac)) std::ignore = side.socket->add_address(mac);
  side.heard = wanted;
}

void PassThroughs::tell(const std::string& name, Line& line, const pppoe::PassRefused& refused, Instant now) {
  if (line.silent_until && now < *line.silent_until) return;
  line.silent_until = now + kRefusalsApart;
  const auto& lan = line.names[refused.lan];
  const auto who = fmt::format("{} on {} cannot dial over {}", to_text(refused.client), lan, name);
  const auto warn = [&](std::string code, std::string text) {
    sinks_.event({model::Severity::Warning,
                  std::move(code),
                  "",
                  std::move(text),
                  {{"line", name}, {"lan", lan}, {"client", to_text(refused.client)}}});
  };
  switch (refused.why) {
    case pppoe::PassRefusal::LineFull:
      if (line.settings.places)
        return warn(
            "pass-through.full",
            fmt::format("{}: its contract has {} sessions, {} of them for michi's own uplinks and {} for others; "
                        "end one of them, or write a larger `sessions` in [line.{}] if the contract allows it",
                        who, line.contract, line.contract - *line.settings.places, *line.settings.places, name));
      return warn("pass-through.full", fmt::format("{}: {} sessions of LAN clients pass already, and no more can", who,
                                                   pppoe::PassThrough::kMostSessions));
    case pppoe::PassRefusal::TableFull:
      return warn("pass-through.crowded",
                  fmt::format("{}: {} clients have asked lately, and no more can be remembered; look for a device that "
                              "keeps changing its address",
                              who, pppoe::PassThrough::kMostClients));
    case pppoe::PassRefusal::SameWire:
      return warn("pass-through.same-wire",
                  fmt::format("{} through michi: its frames reach {} without it, so LAN and line are the same wire; "
                              "separate them, or take {} out of pass-through",
                              who, name, lan));
  }
}

/// The sessions of this line have changed.
void PassThroughs::note(const std::string& name, const Line& line) {
  const auto known = line.engine.sessions();
  sinks_.keep(key_of(name), known.empty() ? std::nullopt : std::optional(write_passed(known)));
  sessions_.clear();
  for (const auto& [interface, one] : uplinks_)
    for (const auto& session : one.engine.sessions())
      sessions_.push_back({interface, session.lan, session.client, session.concentrator, session.id, session.since});
  if (sessions_.empty()) count_at_.reset();
  changed_ = true;
}

std::optional<Instant> PassThroughs::next_deadline() const {
  std::optional<Instant> next = count_at_;
  for (const auto& [name, line] : uplinks_)
    if (const auto at = line.engine.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void PassThroughs::forget(Instant now) {
  configure(model::Config{}, model::Observed{}, now);
  sessions_.clear();
}

std::vector<model::PassedSnapshot> PassThroughs::snapshots(Instant now) const {
  std::vector<model::PassedSnapshot> shown;
  if (sessions_.empty()) return shown;
  const auto traffic = doors_.firewall.passed_traffic();
  const auto counted = [&](const Mac& source, const Mac& destination, std::uint16_t id) {
    const auto at = std::ranges::find_if(traffic, [&](const auto& one) {
      return one.source == source && one.destination == destination && one.session_id == id;
    });
    return at == traffic.end() ? model::PassedTraffic{} : *at;
  };
  for (const auto& session : sessions_) {
    const auto in = counted(session.concentrator, session.client, session.session_id);
    const auto out = counted(session.client, session.concentrator, session.session_id);
    const auto& names = uplinks_.at(session.line).names;
    const auto name = names.find(session.lan);
    shown.push_back(
        {.session = session,
         .lan_name = name == names.end() ? session.lan : name->second,
         .age = now - session.since,
         .traffic = {
             .rx_packets = in.packets, .rx_bytes = in.bytes, .tx_packets = out.packets, .tx_bytes = out.bytes}});
  }
  return shown;
}

}  // namespace michi::runtime
