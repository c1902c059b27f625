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

PassThroughs::PassThroughs(Channels& channels, RecordKeeper& records, port::Firewall& firewall)
    : channels_(channels), records_(records), firewall_(firewall) {}

void PassThroughs::keep(const std::string& line, const std::optional<std::string>& value) {
  records_.keep(port::Lifetime::Volatile, key_of(line), value, "which sessions of LAN clients are passed through");
}

void PassThroughs::recall(const std::map<std::string, std::string>& records) {
  for (const auto& [key, value] : records)
    if (key.starts_with(kKeyPrefix)) recalled_[key.substr(kKeyPrefix.size())] = parse_passed(value);
}

void PassThroughs::on_config(const model::Config& config, Instant now) {
  std::set<std::string> wanted;
  for (const auto& line : config.lines) {
    if (line.pass_through.empty()) continue;
    wanted.insert(line.interface);
    set(lines_[line.interface], config, line);
  }
  for (auto& [name, line] : lines_) {
    if (!wanted.contains(name)) line.settings.lans.clear();
    own_addresses(name, line);
    line.lans.insert(line.settings.lans.begin(), line.settings.lans.end());
    hear(name, line, now);
    line.engine.configure(line.settings);
    if (auto known = recalled_.extract(name)) {
      for (auto& session : known.mapped()) session.since = std::min(session.since, now);
      line.engine.recall(std::move(known.mapped()), now);
      note(name, line);
      hear(name, line, now);
    }
    // A LAN that is no longer passed through hears of the end of its sessions.
    drain(name, line, now);
    line.lans = line.settings.lans;
    hear(name, line, now);
  }
  std::erase_if(lines_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    channels_.want({ChannelOwner::Part::PassThrough, entry.first}, {}, now);
    return true;
  });
  for (const auto& [name, sessions] : std::exchange(recalled_, {})) keep(name, std::nullopt);
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
  }
  for (const auto& uplink : config.uplinks)
    if (const auto mac = uplink.mac()) line.stations.insert(*mac);
  const auto own = static_cast<unsigned>(config.sessions_on(wanted.interface));
  line.settings.places.reset();
  if (wanted.sessions != 0) line.settings.places = wanted.sessions - std::min(wanted.sessions, own);
}

void PassThroughs::own_addresses(const std::string& name, Line& line) {
  line.settings.own = line.stations;
  const auto add = [&](const std::string& interface) {
    const auto known = interfaces_.find(interface);
    if (known != interfaces_.end()) line.settings.own.insert(known->second);
  };
  add(name);
  for (const auto& lan : line.settings.lans) add(lan);
}

void PassThroughs::on_kernel(const model::Observed& observed, Instant now) {
  interfaces_.clear();
  for (const auto& [name, link] : observed.links) interfaces_.emplace(name, link.mac);
  for (auto& [name, line] : lines_) {
    own_addresses(name, line);
    line.engine.configure(line.settings);
    hear(name, line, now);
  }
}

bool PassThroughs::turn(Instant now, Pass pass) {
  while (channels_.poll(ChannelOwner::Part::PassThrough)) {
  }
  if (pass != Pass::First) return false;
  const bool count = count_at_ && *count_at_ <= now;
  const auto traffic = count ? firewall_.passed_traffic() : std::vector<model::PassedTraffic>{};
  if (count) count_at_ = now + kCountEvery;
  // Frames of the access concentrator alone: a client that vanished is asked again and again.
  for (auto& [name, line] : lines_)
    for (const auto& one : traffic)
      line.engine.on_traffic(one.destination, one.source, one.session_id, one.packets, now);
  take(now);
  for (auto& [name, line] : lines_) {
    if (const auto due = line.engine.next_deadline(); due && *due <= now) {
      line.engine.on_deadline(now);
      hear(name, line, now);
    }
    drain(name, line, now);
  }
  if (!sessions_.empty() && !count_at_) count_at_ = now + kCountEvery;
  return std::exchange(changed_, false);
}

/// An interface may be of several lines: what comes there is read once, for all of them.
void PassThroughs::take(Instant now) {
  std::set<std::string> lans, lines;
  for (const auto& [name, line] : lines_) {
    lans.insert(line.settings.lans.begin(), line.settings.lans.end());
    lines.insert(name);
  }
  for (const auto& lan : lans)
    channels_.take_frames(channel(lan), Channels::Look::WhereTold, [&](const ByteVec& frame) {
      for (auto& [name, line] : lines_) {
        if (kernel_ == Kernel::Carries && line.settings.lans.contains(lan)) line.engine.on_lan_frame(lan, frame, now);
        drain(name, line, now);
      }
    });
  for (const auto& at : lines)
    channels_.take_frames(channel(at), Channels::Look::WhereTold, [&](const ByteVec& frame) {
      auto& line = lines_.at(at);
      line.engine.on_link_frame(frame, now);
      drain(at, line, now);
    });
}

void PassThroughs::on_carried(Instant now) {
  for (auto& [name, line] : lines_) {
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
                     if (!std::exchange(looked, true)) hear(name, line, now);
                     if (sent.lan && !line.lans.contains(*sent.lan)) return;
                     // A frame the kernel refuses is a lost frame: both ends have timers of their own.
                     std::ignore =
                         channels_.send(channel(sent.lan ? *sent.lan : name), sent.frame, port::Priority::Urgent);
                   },
                   [&](const pppoe::PassOpened& opened) {
                     const auto& lan = line.names[opened.session.lan];
                     tell(session_event("pass-through.opened", in_words(opened.session, name, lan) + " begins",
                                        opened.session, name, lan));
                     note(name, line);
                   },
                   [&](const pppoe::PassClosed& closed) {
                     const auto& lan = line.names[closed.session.lan];
                     tell(session_event(
                         "pass-through.closed",
                         fmt::format("{} is over: {}", in_words(closed.session, name, lan), to_text(closed.why)),
                         closed.session, name, lan));
                     note(name, line);
                   },
                   [&](const pppoe::PassRefused& refused) { refuse(name, line, refused, now); },
               },
               *output);
  }
}

/// The addresses of hosts that the interfaces are to hear.
void PassThroughs::hear(const std::string& name, const Line& line, Instant now) {
  std::vector<WantedChannel> wanted{{.id = channel(name), .addresses = line.engine.heard_on_line()}};
  for (const auto& lan : line.lans) wanted.push_back({.id = channel(lan), .addresses = line.engine.heard_on_lan(lan)});
  channels_.want({ChannelOwner::Part::PassThrough, name}, wanted, now);
}

void PassThroughs::refuse(const std::string& name, Line& line, const pppoe::PassRefused& refused, Instant now) {
  if (line.silent_until && now < *line.silent_until) return;
  line.silent_until = now + kRefusalsApart;
  const auto& lan = line.names[refused.lan];
  const auto who = fmt::format("{} on {} cannot dial over {}", to_text(refused.client), lan, name);
  const auto warn = [&](std::string code, std::string text) {
    tell({model::Severity::Warning,
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
  keep(name, known.empty() ? std::nullopt : std::optional(write_passed(known)));
  sessions_.clear();
  for (const auto& [interface, one] : lines_)
    for (const auto& session : one.engine.sessions())
      sessions_.push_back({interface, session.lan, session.client, session.concentrator, session.id, session.since});
  if (sessions_.empty()) count_at_.reset();
  changed_ = true;
}

std::optional<Instant> PassThroughs::next_deadline() const {
  std::optional<Instant> next = count_at_;
  for (const auto& [name, line] : lines_)
    if (const auto at = line.engine.next_deadline(); at && (!next || *at < *next)) next = at;
  return next;
}

void PassThroughs::end(Ending, Instant now) {
  on_config(model::Config{}, now);
  sessions_.clear();
}

void PassThroughs::snapshot(model::Snapshot& snapshot, Instant now) const { snapshot.passed = snapshots(now); }

std::vector<model::PassedSnapshot> PassThroughs::snapshots(Instant now) const {
  std::vector<model::PassedSnapshot> shown;
  if (sessions_.empty()) return shown;
  const auto traffic = firewall_.passed_traffic();
  const auto counted = [&](const Mac& source, const Mac& destination, std::uint16_t id) {
    const auto at = std::ranges::find_if(traffic, [&](const auto& one) {
      return one.source == source && one.destination == destination && one.session_id == id;
    });
    return at == traffic.end() ? model::PassedTraffic{} : *at;
  };
  for (const auto& session : sessions_) {
    const auto in = counted(session.concentrator, session.client, session.session_id);
    const auto out = counted(session.client, session.concentrator, session.session_id);
    const auto& names = lines_.at(session.line).names;
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
