#pragma once
// User traffic of all sessions of the access concentrator: one TUN device, one packet socket, and an
// eye on what clients put on the wire.
//
// It judges every frame as a strict network would: length fields, size, finished checksums, and a source
// that was assigned to that session. What breaks a rule is counted and dropped. It speaks no control
// protocol; frames of sessions it does not know are handed to the caller.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "dataplane/device.hpp"
#include "dataplane/frame.hpp"
#include "dataplane/source_guard.hpp"
#include "dataplane/tun/wire.hpp"
#include "engine/pppoe/access_concentrator.hpp"
#include "linux/loop/readiness.hpp"

namespace michi::lab {

struct DataCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
  std::uint64_t rx_dropped = 0, tx_dropped = 0;
  std::uint64_t foreign_source = 0;  // not the session's address, block, link-local address or delegated prefix
  std::uint64_t oversize = 0;        // larger than this side's MRU, or a super-frame no wire carries
  std::uint64_t bad_length = 0;      // the frame is not as long as PPPoE and IP say
  std::uint64_t bad_checksum = 0;    // IPv4 header, TCP, UDP or ICMP
  std::uint64_t partial_checksum = 0;
  std::uint64_t tagged = 0;
  std::uint64_t no_session = 0;  // from the TUN, for nobody's address
};

class DataPath {
 public:
  using Stray = std::function<void(Bytes frame)>;

  DataPath(boost::asio::io_context& loop, Stray stray) : loop_(loop), stray_(std::move(stray)) {}
  ~DataPath();

  Result<void, port::OsError> open(const std::string& interface, const std::string& tun, std::uint16_t mru);
  Mac address() const { return address_; }

  /// A session came up or learned more of itself.
  void set(const engine::pppoe::SessionInfo& session, std::optional<Prefix> block);
  void remove(const engine::pppoe::SessionInfo& session);
  /// From now on the prefix belongs to this session and to no other. False when there is no such session.
  bool delegate(std::uint16_t session_id, const Prefix& prefix);
  void withdraw(const Prefix& prefix);
  std::vector<Prefix> delegated_to(std::uint16_t session_id) const;

  const DataCounters& counters() const { return counters_; }
  /// Per session: packets with a source that is not its own.
  std::uint64_t foreign_of(std::uint16_t session_id) const;
  std::uint64_t packets_from(std::uint16_t session_id) const;

 private:
  struct Session {
    dataplane::Channel channel;
    engine::pppoe::SessionInfo info;
    std::optional<Prefix> block;
    std::vector<Prefix> delegated;
    dataplane::SourceGuard guard;
    std::uint64_t foreign = 0;
    std::uint64_t packets = 0;
  };
  using Sessions = std::unordered_map<dataplane::Channel, std::unique_ptr<Session>, dataplane::ChannelHash>;

  void read_tun();
  void read_wire();
  void accept(const dataplane::tun::Received& frame, Session& session);
  Session* owner_of(const Address& to);
  /// What follows from a session's addresses and prefixes: its guard, and who is asked for them.
  void settle(Session& session);
  void forget(const Session& session);
  /// To one session, or a multicast to all of them.
  void send(const dataplane::tun::SendBatch::Taken& taken);
  const Session* find(std::uint16_t session_id) const;

  boost::asio::io_context& loop_;
  Stray stray_;
  Mac address_;
  std::uint16_t mru_ = 1492;
  std::string tun_name_;
  std::unique_ptr<dataplane::Devices> devices_;
  port::Fd tun_;
  std::optional<dataplane::tun::Wire> wire_;
  std::unique_ptr<linux::Readiness> tun_ready_, wire_ready_;
  Sessions sessions_;
  std::map<Address, Session*> hosts_;
  std::map<Prefix, Session*> blocks_;
  DataCounters counters_;
  dataplane::tun::ReceiveBatch received_;
  dataplane::tun::SendBatch sending_;
  dataplane::tun::Coalescer coalescer_;
};

}  // namespace michi::lab
