#pragma once
// PPPoE of others: discovery between clients on our LANs and the access concentrators of one line, learned
// and handed on, so that a console or a second router behind us dials for itself.
//
// It answers nothing, invents no frame and changes none. It knows sessions by their confirmations and their
// ends; what they carry does not come here: whoever runs it asks the kernel what has passed. A confirmation is
// held until the session is carried, and with it the access concentrator's first words in it. A client is an
// address a PADI came from, and that nobody on the line offers from; to it alone frames of the line go, from it alone
// frames come there. Nothing for or from an address of our own is ever handed on. Tables and rates are bounded whatever
// either side sends.
//
// RFC 2516 §5.1 to §5.5 (a confirmation names the session), §4 (a session is its identifier and both addresses).
// Deviation: appendix A's intermediate agent would add a Relay-Session-Id; here both sides keep their own
// addresses, so there is nothing to relay by.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/net/mac.hpp"
#include "base/time.hpp"
#include "engine/token_bucket.hpp"
#include "wire/pppoe.hpp"

namespace michi::engine::pppoe {

struct PassThroughSettings {
  std::set<std::string> lans;      // sides, by name
  std::optional<unsigned> places;  // sessions that the line's contract leaves over; nothing: no limit but ours
  std::set<Mac> own;               // addresses of ours, on either side
  bool operator==(const PassThroughSettings&) const = default;
};

/// A session that was confirmed to a client.
struct PassedSession {
  std::string lan;
  Mac client;
  Mac concentrator;
  std::uint16_t id = 0;
  Instant since{};
  auto operator<=>(const PassedSession&) const = default;
};

enum class PassEnd : std::uint8_t {
  Client,        // its PADT
  Concentrator,  // the other side's
  Silence,       // no frame for a long time
  Replaced,      // the client dialled again where no place was left
  Unwanted       // the configuration passes that LAN through no more
};
std::string_view to_text(PassEnd end);

enum class PassRefusal : std::uint8_t {
  LineFull,   // all sessions of the contract are taken
  TableFull,  // too many clients
  SameWire    // its frames are on the line without us
};

/// A frame as it came; the name of the LAN, or none for the line.
struct PassFrame {
  std::optional<std::string> lan;
  ByteVec frame;
};
struct PassOpened {
  PassedSession session;
};
struct PassClosed {
  PassedSession session;
  PassEnd why;
};
struct PassRefused {
  std::string lan;
  Mac client;
  PassRefusal why;
};
using PassOutput = std::variant<PassFrame, PassOpened, PassClosed, PassRefused>;

struct PassCounters {
  std::uint64_t to_line = 0, to_lan = 0;
  std::uint64_t refused = 0;   // no place
  std::uint64_t withheld = 0;  // by a rate
  std::uint64_t ignored = 0;   // nothing to be handed on
};

class PassThrough {
 public:
  static constexpr std::size_t kMostClients = 64;
  static constexpr std::size_t kMostSessions = 64;
  static constexpr std::size_t kMostConcentrators = 8;  // remembered for one client
  static constexpr Duration kForget = minutes(5);       // a client without a session, after its last word
  static constexpr Duration kDialing = seconds(30);     // how long a request keeps its place without an answer
  static constexpr Duration kSilence = minutes(10);     // of a session
  static constexpr Duration kApart = seconds(60);       // how long a client on the same wire is left alone

  void configure(PassThroughSettings settings);
  /// Of an earlier life.
  void recall(std::vector<PassedSession> sessions, Instant now);

  void on_lan_frame(const std::string& lan, Bytes frame, Instant now);
  void on_link_frame(Bytes frame, Instant now);
  /// All sessions told so far are carried by the kernel.
  void on_carried(Instant now);
  /// How much has passed in a session by now, in any unit that grows.
  void on_traffic(const Mac& client, const Mac& concentrator, std::uint16_t id, std::uint64_t passed, Instant now);
  void on_deadline(Instant now);
  std::optional<Instant> next_deadline() const;
  std::optional<PassOutput> poll();

  std::vector<PassedSession> sessions() const;
  /// Addresses whose frames the line's interface must hear, and each LAN's.
  std::set<Mac> heard_on_line() const;
  std::set<Mac> heard_on_lan(const std::string& lan) const;
  std::size_t clients() const { return clients_.size(); }
  const PassCounters& counters() const { return counters_; }

 private:
  struct Dialing {
    Mac concentrator;
    Instant until;
  };
  struct Client {
    std::string lan;
    Instant heard{};
    TokenBucket asks{3, seconds(1)};
    TokenBucket answers{32, milliseconds(50)};
    std::set<Mac> concentrators{};  // that have answered
    std::optional<Dialing> dialing{};
    std::optional<Instant> apart_until{};
  };
  struct Session {
    Instant since{};
    Instant active{};
    std::uint64_t passed = 0;
    bool carried = false;
    std::vector<ByteVec> held{};  // until it is: the confirmation first
  };
  struct Key {
    Mac client, concentrator;
    std::uint16_t id = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Clients = std::map<Mac, Client>;

  bool stranger(const Mac& address) const;
  void learn(const Mac& concentrator, Instant now);
  bool remember(const Mac& mac, Client& client, const Mac& concentrator);
  Client* admit(const std::string& lan, const Mac& mac, Instant now);
  bool make_room(Instant now);
  void on_request(const Mac& mac, Client& client, const wire::pppoe::Framed& framed, Bytes frame, Instant now);
  void on_confirmation(const Mac& mac, Client& client, const wire::pppoe::Framed& framed, Bytes frame, Instant now);
  void on_early(const wire::pppoe::Framed& framed, Bytes frame);
  Session& open(const Mac& mac, Client& client, const Mac& concentrator, std::uint16_t id, Instant now);
  void close(Key key, PassEnd why);
  bool holds(const Mac& client) const;
  std::size_t taken() const;
  PassedSession shown(const Key& key, const Session& session) const;
  void to_line(Bytes frame);
  void to_lan(Client& client, Bytes frame, Instant now);

  PassThroughSettings settings_;
  Clients clients_;
  std::map<Key, Session> sessions_;
  std::map<Mac, Instant> answering_;         // access concentrators, and when each offered last
  TokenBucket asks_{10, milliseconds(200)};  // of all clients
  std::deque<PassOutput> out_;
  PassCounters counters_;
};

}  // namespace michi::engine::pppoe
