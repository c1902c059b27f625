#include "engine/pppoe/pass_through.hpp"

#include <algorithm>
#include <utility>

namespace michi::engine::pppoe {

namespace {

using wire::pppoe::Code;

/// How long a client must have been silent before its place in a full table is another's.
constexpr Duration kQuiet = seconds(10);

/// Frames of a session kept until it is carried.
constexpr std::size_t kMostHeld = 4;

/// Access concentrators of the line that are known by their address.
constexpr std::size_t kMostAnswering = 32;

bool is_session_id(std::uint16_t id) { return id != wire::pppoe::kNoSession && id != wire::pppoe::kReservedSession; }

}  // namespace

std::string_view to_text(PassEnd end) {
  switch (end) {
    case PassEnd::Client:
      return "the client ended it";
    case PassEnd::Concentrator:
      return "the access concentrator ended it";
    case PassEnd::Silence:
      return "nothing has passed for ten minutes";
    case PassEnd::Replaced:
      return "its client dialled again and there was no other place";
    case PassEnd::Unwanted:
      return "it is no longer passed through";
  }
  return "";
}

void PassThrough::configure(PassThroughSettings settings) {
  settings_ = std::move(settings);
  std::vector<Key> unwanted;
  for (const auto& [key, session] : sessions_)
    if (!settings_.lans.contains(clients_.at(key.client).lan)) unwanted.push_back(key);
  for (const Key& key : unwanted) close(key, PassEnd::Unwanted);
  std::erase_if(clients_, [&](const auto& entry) {
    return !settings_.lans.contains(entry.second.lan) || settings_.own.contains(entry.first);
  });
  std::erase_if(sessions_, [&](const auto& entry) { return !clients_.contains(entry.first.client); });
}

void PassThrough::recall(std::vector<PassedSession> sessions, Instant now) {
  for (const auto& session : sessions) {
    if (!settings_.lans.contains(session.lan) || stranger(session.client) || stranger(session.concentrator)) continue;
    if (!is_session_id(session.id) || sessions_.size() >= kMostSessions) continue;
    if (!clients_.contains(session.client) && clients_.size() >= kMostClients) continue;
    Client& client = clients_.try_emplace(session.client, Client{.lan = session.lan, .heard = now}).first->second;
    if (client.lan != session.lan || client.concentrators.size() >= kMostConcentrators) continue;
    client.concentrators.insert(session.concentrator);
    sessions_[{session.client, session.concentrator, session.id}] = {
        .since = session.since, .active = now, .carried = true};
  }
}

/// No host that frames may be handed on for.
bool PassThrough::stranger(const Mac& address) const {
  return address.is_multicast() || address.is_zero() || settings_.own.contains(address);
}

void PassThrough::on_lan_frame(const std::string& lan, Bytes frame, Instant now) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed || framed->header.type != wire::ether::kTypePppoeDiscovery || stranger(framed->header.source) ||
      !settings_.lans.contains(lan)) {
    ++counters_.ignored;
    return;
  }
  const Mac& mac = framed->header.source;
  if (framed->packet.code == Code::Padi) {
    // A client by the name of an access concentrator would turn everybody's frames towards us, our own too.
    if (framed->header.destination != Mac::broadcast() || framed->packet.session_id != wire::pppoe::kNoSession ||
        answering_.contains(mac)) {
      ++counters_.ignored;
      return;
    }
    Client* client = admit(lan, mac, now);
    if (client == nullptr || (client->apart_until && now < *client->apart_until)) return;
    client->heard = now;
    if (client->asks.take(now) && asks_.take(now)) {
      to_line(frame);
    } else {
      ++counters_.withheld;
    }
    return;
  }
  const auto at = clients_.find(mac);
  const bool known =
      at != clients_.end() && at->second.lan == lan && at->second.concentrators.contains(framed->header.destination);
  if (!known) {
    ++counters_.ignored;
    return;
  }
  if (framed->packet.code == Code::Padr) {
    on_request(mac, at->second, *framed, frame, now);
  } else if (framed->packet.code == Code::Padt && is_session_id(framed->packet.session_id)) {
    const Key key{mac, framed->header.destination, framed->packet.session_id};
    if (!sessions_.contains(key) && !at->second.asks.take(now)) {
      ++counters_.withheld;
      return;
    }
    to_line(frame);
    close(key, PassEnd::Client);
  } else {
    ++counters_.ignored;
  }
}

void PassThrough::on_link_frame(Bytes frame, Instant now) {
  const auto framed = wire::pppoe::parse_frame(frame);
  if (!framed || stranger(framed->header.source)) {
    ++counters_.ignored;
    return;
  }
  if (framed->packet.code == Code::Session) return on_early(*framed, frame);
  if (framed->packet.code == Code::Padi) {
    const auto twin = clients_.find(framed->header.source);
    if (twin == clients_.end() || holds(twin->first) || twin->second.apart_until) return;
    twin->second.apart_until = now + kApart;
    out_.emplace_back(PassRefused{twin->second.lan, twin->first, PassRefusal::SameWire});
    return;
  }
  if (framed->packet.code == Code::Pado) learn(framed->header.source, now);
  const auto at = clients_.find(framed->header.destination);
  if (at == clients_.end() || clients_.contains(framed->header.source)) {
    ++counters_.ignored;
    return;
  }
  Client& client = at->second;
  const Mac& concentrator = framed->header.source;
  if (framed->packet.code == Code::Pado && framed->packet.session_id == wire::pppoe::kNoSession) {
    if (!remember(at->first, client, concentrator)) return;
    to_lan(client, frame, now);
  } else if (framed->packet.code == Code::Pads) {
    on_confirmation(at->first, client, *framed, frame, now);
  } else if (framed->packet.code == Code::Padt) {
    const Key key{at->first, concentrator, framed->packet.session_id};
    if (!sessions_.contains(key)) {
      ++counters_.ignored;
      return;
    }
    to_lan(client, frame, now);
    close(key, PassEnd::Concentrator);
  } else {
    ++counters_.ignored;
  }
}

// A PADR takes a place until it is answered, so that two clients never get the last one.
void PassThrough::on_request(const Mac& mac, Client& client, const wire::pppoe::Framed& framed, Bytes frame,
                             Instant now) {
  client.heard = now;
  if (!client.asks.take(now)) {
    ++counters_.withheld;
    return;
  }
  const std::size_t most = std::min<std::size_t>(settings_.places.value_or(kMostSessions), kMostSessions);
  const std::size_t others = taken() - (client.dialing ? 1 : 0);
  // Where no place is left, a client may give up a session of its own: after a loss of power it knows it no more.
  const bool instead = holds(mac) && others <= most;
  if (others >= most && !instead) {
    ++counters_.refused;
    out_.emplace_back(PassRefused{client.lan, mac, PassRefusal::LineFull});
    return;
  }
  client.dialing = Dialing{framed.header.destination, now + kDialing};
  to_line(frame);
}

void PassThrough::on_confirmation(const Mac& mac, Client& client, const wire::pppoe::Framed& framed, Bytes frame,
                                  Instant now) {
  const Mac& concentrator = framed.header.source;
  const std::uint16_t id = framed.packet.session_id;
  const bool asked = client.dialing && client.dialing->concentrator == concentrator;
  const auto known = sessions_.find({mac, concentrator, id});
  if ((!asked && known == sessions_.end()) || id == wire::pppoe::kReservedSession) {
    ++counters_.ignored;
    return;
  }
  if (asked) client.dialing.reset();
  if (id == wire::pppoe::kNoSession || (known != sessions_.end() && known->second.carried))
    return to_lan(client, frame, now);
  Session& session = known == sessions_.end() ? open(mac, client, concentrator, id, now) : known->second;
  session.held.clear();
  session.held.push_back(copy_of(frame));
}

// The access concentrator speaks as soon as it has confirmed; what is lost then costs its restart timer.
void PassThrough::on_early(const wire::pppoe::Framed& framed, Bytes frame) {
  const auto at = sessions_.find({framed.header.destination, framed.header.source, framed.packet.session_id});
  if (at == sessions_.end() || at->second.carried || at->second.held.size() >= kMostHeld) return;
  at->second.held.push_back(copy_of(frame));
}

void PassThrough::on_carried(Instant now) {
  for (auto& [key, session] : sessions_) {
    if (std::exchange(session.carried, true)) continue;
    for (const ByteVec& frame : std::exchange(session.held, {})) to_lan(clients_.at(key.client), frame, now);
  }
}

PassThrough::Session& PassThrough::open(const Mac& mac, Client& client, const Mac& concentrator, std::uint16_t id,
                                        Instant now) {
  const std::size_t most = std::min<std::size_t>(settings_.places.value_or(kMostSessions), kMostSessions);
  while (taken() >= most && holds(mac)) {
    auto oldest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at)
      if (at->first.client == mac && (oldest == sessions_.end() || at->second.since < oldest->second.since))
        oldest = at;
    close(oldest->first, PassEnd::Replaced);
  }
  const Key key{mac, concentrator, id};
  Session& session = sessions_[key];
  session.since = session.active = client.heard = now;
  out_.emplace_back(PassOpened{shown(key, session)});
  return session;
}

void PassThrough::close(Key key, PassEnd why) {
  const auto at = sessions_.find(key);
  if (at == sessions_.end()) return;
  out_.emplace_back(PassClosed{shown(key, at->second), why});
  sessions_.erase(at);
}

/// Whoever offers on the line, to anybody, is no client of a LAN.
void PassThrough::learn(const Mac& concentrator, Instant now) {
  if (holds(concentrator)) return;
  clients_.erase(concentrator);
  answering_.insert_or_assign(concentrator, now);
  if (answering_.size() <= kMostAnswering) return;
  answering_.erase(std::ranges::min_element(answering_, {}, [](const auto& entry) { return entry.second; }));
}

/// A new one takes the place of one that the client has nothing with.
bool PassThrough::remember(const Mac& mac, Client& client, const Mac& concentrator) {
  if (client.concentrators.contains(concentrator)) return true;
  if (client.concentrators.size() >= kMostConcentrators) {
    const auto idle = std::ranges::find_if(client.concentrators, [&](const Mac& known) {
      const auto at = sessions_.lower_bound(Key{.client = mac, .concentrator = known, .id = 0});
      const bool session = at != sessions_.end() && at->first.client == mac && at->first.concentrator == known;
      return !session && !(client.dialing && client.dialing->concentrator == known);
    });
    if (idle == client.concentrators.end()) {
      ++counters_.withheld;
      return false;
    }
    client.concentrators.erase(idle);
  }
  client.concentrators.insert(concentrator);
  return true;
}

PassThrough::Client* PassThrough::admit(const std::string& lan, const Mac& mac, Instant now) {
  if (const auto known = clients_.find(mac); known != clients_.end()) {
    if (known->second.lan == lan) return &known->second;
    // Moved to another LAN; not while its session is known where it was.
    if (holds(mac)) {
      ++counters_.ignored;
      return nullptr;
    }
    clients_.erase(known);
  }
  if (clients_.size() >= kMostClients && !make_room(now)) {
    ++counters_.withheld;
    out_.emplace_back(PassRefused{lan, mac, PassRefusal::TableFull});
    return nullptr;
  }
  return &clients_.emplace(mac, Client{.lan = lan, .heard = now}).first->second;
}

bool PassThrough::make_room(Instant now) {
  auto oldest = clients_.end();
  for (auto at = clients_.begin(); at != clients_.end(); ++at) {
    if (now - at->second.heard < kQuiet || at->second.dialing || holds(at->first)) continue;
    if (oldest == clients_.end() || at->second.heard < oldest->second.heard) oldest = at;
  }
  if (oldest == clients_.end()) return false;
  clients_.erase(oldest);
  return true;
}

bool PassThrough::holds(const Mac& client) const {
  const auto at = sessions_.lower_bound(Key{.client = client, .concentrator = {}, .id = 0});
  return at != sessions_.end() && at->first.client == client;
}

/// Places that are taken, or promised to a request.
std::size_t PassThrough::taken() const {
  const auto dialing = std::ranges::count_if(clients_, [](const auto& c) { return c.second.dialing.has_value(); });
  return sessions_.size() + static_cast<std::size_t>(dialing);
}

PassedSession PassThrough::shown(const Key& key, const Session& session) const {
  return {clients_.at(key.client).lan, key.client, key.concentrator, key.id, session.since};
}

void PassThrough::to_line(Bytes frame) {
  ++counters_.to_line;
  out_.emplace_back(PassFrame{std::nullopt, copy_of(frame)});
}

void PassThrough::to_lan(Client& client, Bytes frame, Instant now) {
  if (!client.answers.take(now)) {
    ++counters_.withheld;
    return;
  }
  ++counters_.to_lan;
  out_.emplace_back(PassFrame{client.lan, copy_of(frame)});
}

void PassThrough::on_traffic(const Mac& client, const Mac& concentrator, std::uint16_t id, std::uint64_t passed,
                             Instant now) {
  const auto at = sessions_.find({client, concentrator, id});
  if (at == sessions_.end() || at->second.passed == passed) return;
  at->second.passed = passed;
  at->second.active = now;
}

void PassThrough::on_deadline(Instant now) {
  std::vector<Key> silent;
  for (const auto& [key, session] : sessions_)
    if (now >= session.active + kSilence) silent.push_back(key);
  for (const auto& key : silent) close(key, PassEnd::Silence);
  for (auto& [mac, client] : clients_) {
    if (client.dialing && now >= client.dialing->until) client.dialing.reset();
    if (client.apart_until && now >= *client.apart_until) client.apart_until.reset();
  }
  std::erase_if(clients_, [&](const auto& entry) {
    return now >= entry.second.heard + kForget && !entry.second.dialing && !holds(entry.first);
  });
}

std::optional<Instant> PassThrough::next_deadline() const {
  std::optional<Instant> next;
  const auto consider = [&](Instant at) {
    if (!next || at < *next) next = at;
  };
  for (const auto& [key, session] : sessions_) consider(session.active + kSilence);
  for (const auto& [mac, client] : clients_) {
    if (client.dialing) consider(client.dialing->until);
    if (client.apart_until) consider(*client.apart_until);
    if (!client.dialing && !holds(mac)) consider(client.heard + kForget);
  }
  return next;
}

std::optional<PassOutput> PassThrough::poll() {
  if (out_.empty()) return std::nullopt;
  PassOutput output = std::move(out_.front());
  out_.pop_front();
  return output;
}

std::vector<PassedSession> PassThrough::sessions() const {
  std::vector<PassedSession> all;
  for (const auto& [key, session] : sessions_) all.push_back(shown(key, session));
  return all;
}

std::set<Mac> PassThrough::heard_on_line() const {
  std::set<Mac> all;
  for (const auto& [mac, client] : clients_) all.insert(mac);
  return all;
}

std::set<Mac> PassThrough::heard_on_lan(const std::string& lan) const {
  std::set<Mac> all;
  for (const auto& [mac, client] : clients_)
    if (client.lan == lan) all.insert(client.concentrators.begin(), client.concentrators.end());
  return all;
}

}  // namespace michi::engine::pppoe
