// michi-ac as a process on one end of a wire; discovery, PPP and the tun plane on the other.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <thread>

#include "dataplane/tun/tun_plane.hpp"
#include "engine/ppp/session.hpp"
#include "engine/pppoe/discovery.hpp"
#include "linux/loop/alarm.hpp"
#include "linux/sockets/frame_socket.hpp"
#include "port/fd.hpp"
#include "wire/pppoe.hpp"

namespace michi::lab {
namespace {

namespace pppoe = engine::pppoe;
namespace ppp = engine::ppp;

const Mac kNear{{2, 0, 0, 0, 0, 1}};

void shell(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

/// One PPPoE client on a frame socket that it shares with others.
struct Client {
  std::string name;
  pppoe::Discovery discovery;
  std::optional<ppp::Session> session;
  std::optional<pppoe::Agreed> agreed;
  std::optional<ppp::Ipv4Up> v4;
  std::optional<ppp::Ended> ended;
  ppp::Settings settings;
  Random random;
  std::optional<ppp::Ipv6Up> v6 = {};
};

struct Clients {
  boost::asio::io_context loop;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy = make_work_guard(loop);
  linux::Alarm alarm{loop};
  linux::FrameSockets sockets{loop};
  std::unique_ptr<port::FrameSocket> wire;
  std::vector<std::unique_ptr<Client>> all;
  std::size_t padts = 0;

  explicit Clients(const std::string& interface) {
    wire = std::move(*sockets.open(interface, port::FrameKind::Pppoe));
    wire->on_wake([this] { receive(); });
    alarm.on_wake([this] { tick(); });
    receive();
  }
  void dial(const std::string& name, const std::string& password) {
    pppoe::Settings discovery;
    discovery.local = kNear;
    ppp::Settings settings;
    settings.user = name;
    settings.password = Secret(password);
    auto random = Random::seeded(all.size() + 1);
    auto client = std::unique_ptr<Client>(
        new Client{name, pppoe::Discovery(discovery, random.fork()), {}, {}, {}, {}, settings, random.fork()});
    client->discovery.start(alarm.now());
    all.push_back(std::move(client));
    drain(*all.back());
    set_alarm();
  }
  void receive() {
    while (const auto frame = wire->poll()) {
      const auto framed = wire::pppoe::parse_frame(*frame);
      if (!framed) continue;
      if (framed->packet.code == wire::pppoe::Code::Padt) ++padts;
      for (const auto& client : all) {
        if (framed->packet.code == wire::pppoe::Code::Session) {
          if (client->session && client->agreed->session_id == framed->packet.session_id)
            client->session->on_frame(framed->packet.payload, alarm.now());
        } else if (client->discovery.state() != pppoe::State::Done) {
          client->discovery.on_frame(*frame, alarm.now());
        }
        drain(*client);
      }
    }
    set_alarm();
  }
  void tick() {
    for (const auto& client : all) {
      client->discovery.on_deadline(alarm.now());
      if (client->session) client->session->on_deadline(alarm.now());
      drain(*client);
    }
    set_alarm();
  }
  void drain(Client& client) {
    while (const auto output = client.discovery.poll()) {
      if (const auto* send = std::get_if<pppoe::SendFrame>(&*output))
        std::ignore = wire->send(send->frame, port::Priority::Normal);
      if (const auto* done = std::get_if<pppoe::Succeeded>(&*output)) {
        client.agreed = done->session;
        client.session.emplace(client.settings, client.random.fork());
        client.session->start(alarm.now());
      }
    }
    while (client.session) {
      const auto output = client.session->poll();
      if (!output) break;
      if (const auto* send = std::get_if<ppp::SendFrame>(&*output))
        std::ignore =
            wire->send(wire::pppoe::write_frame(client.agreed->peer, client.agreed->local, wire::pppoe::Code::Session,
                                                client.agreed->session_id, send->frame),
                       port::Priority::Normal);
      if (const auto* up = std::get_if<ppp::Ipv4Up>(&*output)) client.v4 = *up;
      if (const auto* up = std::get_if<ppp::Ipv6Up>(&*output)) client.v6 = *up;
      if (const auto* end = std::get_if<ppp::Ended>(&*output)) client.ended = *end;
    }
  }
  void set_alarm() {
    std::optional<Instant> soonest;
    for (const auto& one : all) {
      for (const auto at :
           {one->discovery.next_deadline(), one->session ? one->session->next_deadline() : std::optional<Instant>()})
        if (at && (!soonest || *at < *soonest)) soonest = at;
    }
    alarm.set(soonest);
  }
  template <class Ready>
  bool until(Ready ready, Duration limit = seconds(10)) {
    const Instant end = alarm.now() + limit;
    while (!ready()) {
      if (alarm.now() > end) return false;
      loop.run_one_for(std::chrono::milliseconds(100));
    }
    return true;
  }
};

class Ac : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root to make network namespaces";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "SKIPPED: needs /dev/net/tun";
    directory_ = std::filesystem::temp_directory_path() / ("michi-ac-test-" + std::to_string(::getpid()));
    std::filesystem::create_directory(directory_);
    home_ = current();
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    far_ = current();
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    near_ = current();
    shell("ip link set lo up && ip link add near0 address 02:00:00:00:00:01 type veth peer name far0");
    ::fcntl(far_.get(), F_SETFD, 0);
    shell("ip link set near0 up && ip link set far0 netns /proc/self/fd/" + std::to_string(far_.get()));
  }
  void TearDown() override {
    if (ac_ > 0) stop(SIGKILL);
    if (home_) ::setns(home_.get(), CLONE_NEWNET);
    if (HasFailure() && !directory_.empty())
      std::ignore = std::system(("tail -5 " + (directory_ / "log").string()).c_str());
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  static port::Fd current() { return port::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }
  void start(std::vector<std::string> more) {
    ASSERT_EQ(::setns(far_.get(), CLONE_NEWNET), 0);
    shell("ip link set lo up && ip link set far0 up");
    std::vector<std::string> argv = {MICHI_AC,
                                     "--interface",
                                     "far0",
                                     "--tun",
                                     "ppp",
                                     "--address",
                                     "203.0.113.1",
                                     "--pool",
                                     "192.0.2.1-192.0.3.254",
                                     "--control",
                                     directory_ / "ac.sock"};
    argv.insert(argv.end(), more.begin(), more.end());
    ac_ = ::fork();
    if (ac_ == 0) {
      std::vector<char*> raw;
      for (auto& argument : argv) raw.push_back(argument.data());
      raw.push_back(nullptr);
      const int log = ::open((directory_ / "log").c_str(), O_CREAT | O_WRONLY, 0600);
      ::dup2(log, STDOUT_FILENO);
      ::dup2(log, STDERR_FILENO);
      ::execv(MICHI_AC, raw.data());
      ::_exit(127);
    }
    for (int i = 0; i < 500 && !std::filesystem::exists(directory_ / "ac.sock"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(std::filesystem::exists(directory_ / "ac.sock"));
    ASSERT_EQ(::setns(near_.get(), CLONE_NEWNET), 0);
  }
  void stop(int signal) {
    ::kill(ac_, signal);
    ::waitpid(ac_, nullptr, 0);
    ac_ = 0;
  }
  std::string ask(const std::string& request) {
    const port::Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy((directory_ / "ac.sock").string(), address.sun_path);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string line = request + "\n";
    EXPECT_EQ(::send(fd.get(), line.data(), line.size(), 0), std::ssize(line));
    std::string answer;
    char buffer[4096];
    while (!answer.ends_with('\n')) {
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      answer.append(buffer, static_cast<std::size_t>(got));
    }
    return answer;
  }
  static std::int64_t value(const std::string& json, const std::string& key) {
    const auto at = json.find("\"" + key + "\":");
    return at == std::string::npos ? -1 : std::atoll(json.c_str() + at + key.size() + 3);
  }
  /// The session on a TUN of our own, and a route to the access concentrator's address.
  void attach(Clients& clients, dataplane::tun::TunPlane& plane, const Client& client, std::uint16_t mtu) {
    plane.submit(port::EnsureDevice{"isp"}, 1);
    plane.submit(port::Attach{{.uplink = {"isp"},
                               .device = "isp",
                               .mtu = mtu,
                               .ipv4 = true,
                               .own_sources = {Prefix::host(client.v4->local)},
                               .carriage = model::EthernetSession{.interface = "near0",
                                                                  .local = kNear,
                                                                  .peer = client.agreed->peer,
                                                                  .session_id = client.agreed->session_id}}},
                 2);
    unsigned done = 0;
    clients.until([&] {
      while (const auto report = plane.poll())
        if (const auto* completion = std::get_if<port::Completion>(&*report)) done += completion->error ? 100u : 1u;
      return done >= 2;
    });
    ASSERT_EQ(done, 2u);
    shell("ip link set isp mtu " + std::to_string(mtu) + " up && ip addr add " + to_text(client.v4->local) +
          "/32 dev isp && ip route add 203.0.113.1 dev isp");
  }

  port::Fd home_, far_, near_;
  std::filesystem::path directory_;
  pid_t ac_ = 0;
};

TEST_F(Ac, ASessionComesUpCarriesTcpBothWaysAndNothingOnTheWireIsWrong) {
  start({"--account", "u:p", "--mtu", "1454", "--dns", "203.0.113.53,203.0.113.54"});
  Clients clients("near0");
  clients.dial("u", "p");
  ASSERT_TRUE(clients.until([&] { return clients.all[0]->v4 && clients.all[0]->v6; }));
  EXPECT_EQ(to_text(clients.all[0]->v4->peer), "203.0.113.1");
  EXPECT_EQ(clients.all[0]->v6->peer_id, 1u) << "the TUN answers to fe80::1";
  EXPECT_EQ(clients.all[0]->v4->dns.size(), 2u);
  dataplane::tun::TunPlane plane(clients.loop);
  attach(clients, plane, *clients.all[0], 1454);

  ASSERT_EQ(::setns(far_.get(), CLONE_NEWNET), 0);
  const port::Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = {inet_addr("203.0.113.1")}, .sin_zero = {}};
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::setns(near_.get(), CLONE_NEWNET), 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  const port::Fd client(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const port::Fd server(::accept(listener.get(), nullptr, nullptr));
  for (const int fd : {client.get(), server.get()}) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  for (const bool up : {true, false}) {
    const std::string data(8 << 20, up ? 'u' : 'd');
    std::thread sender([&] { ::send(up ? client.get() : server.get(), data.data(), data.size(), 0); });
    std::string got(data.size(), '\0');
    EXPECT_EQ(::recv(up ? server.get() : client.get(), got.data(), got.size(), MSG_WAITALL), std::ssize(got));
    sender.join();
    EXPECT_EQ(got, data);
  }
  const std::string counters = ask(R"({"cmd":"counters"})");
  EXPECT_EQ(value(counters, "violations"), 0) << counters;
  EXPECT_EQ(value(counters, "foreign_source"), 0) << counters;
  EXPECT_GT(value(counters, "rx_packets"), 5000) << counters;
  const std::string sessions = ask(R"({"cmd":"sessions"})");
  EXPECT_NE(sessions.find(R"("user":"u")"), std::string::npos) << sessions;
  EXPECT_EQ(value(sessions, "mtu"), 1454);

  // A source that was not assigned, past the plane's guard: seen and counted.
  const port::Fd raw(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  ByteVec packet = *from_hex("45000014 00000000 40fd0000 c6336401 cb007101");
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < packet.size(); i += 2)
    sum += std::to_integer<std::uint32_t>(packet[i]) << 8 | std::to_integer<std::uint32_t>(packet[i + 1]);
  sum = ~((sum & 0xffff) + (sum >> 16));
  packet[10] = static_cast<std::byte>(sum >> 8 & 0xff);
  packet[11] = static_cast<std::byte>(sum & 0xff);
  ByteVec ppp_frame = *from_hex("0021");
  ppp_frame.insert(ppp_frame.end(), packet.begin(), packet.end());
  const auto& agreed = *clients.all[0]->agreed;
  const ByteVec frame =
      wire::pppoe::write_frame(agreed.peer, kNear, wire::pppoe::Code::Session, agreed.session_id, ppp_frame);
  ASSERT_TRUE(clients.wire->send(frame, port::Priority::Normal));
  for (int i = 0; i < 100 && value(ask(R"({"cmd":"counters"})"), "foreign_source") == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(value(ask(R"({"cmd":"counters"})"), "foreign_source"), 1);
}

TEST_F(Ac, ADelegatedPrefixBelongsToOneSessionUntilItEnds) {
  start({"--account", "u:p", "--account", "v:p"});
  Clients clients("near0");
  clients.dial("u", "p");
  clients.dial("v", "p");
  ASSERT_TRUE(clients.until([&] { return clients.all[0]->v6 && clients.all[1]->v6; }));
  const auto routes = [&] { return ask(R"({"cmd":"sessions"})"); };
  EXPECT_NE(ask(R"({"cmd":"delegate","prefix":"2001:db8:1::/56"})").find("not one session"), std::string::npos);
  EXPECT_NE(ask(R"({"cmd":"delegate","prefix":"192.0.2.0/24","user":"u"})").find("error"), std::string::npos);
  EXPECT_NE(ask(R"({"cmd":"delegate","prefix":"2001:db8:1::/56","address6":"fe80::99"})").find("error"),
            std::string::npos);
  EXPECT_EQ(ask(R"({"cmd":"delegate","prefix":"2001:db8:1::/56","user":"u"})"), "{\"ok\":true}\n");
  EXPECT_EQ(ask(R"({"cmd":"delegate","prefix":"2001:db8:2::/56","user":"v"})"), "{\"ok\":true}\n");
  EXPECT_NE(routes().find(R"("delegated":["2001:db8:1::/56"])"), std::string::npos) << routes();
  ASSERT_EQ(::setns(far_.get(), CLONE_NEWNET), 0);
  shell("ip -6 route show dev ppp | grep -q ^2001:db8:1::/56");
  // From one to the other: what a customer owns, the next may be granted.
  EXPECT_EQ(ask(R"({"cmd":"delegate","prefix":"2001:db8:1::/56","user":"v"})"), "{\"ok\":true}\n");
  EXPECT_NE(routes().find(R"("delegated":["2001:db8:2::/56","2001:db8:1::/56"])"), std::string::npos) << routes();
  ask(R"({"cmd":"withdraw","prefix":"2001:db8:2::/56"})");
  EXPECT_NE(routes().find(R"("delegated":["2001:db8:1::/56"])"), std::string::npos) << routes();
  shell("! ip -6 route show dev ppp | grep -q ^2001:db8:2::/56");
  EXPECT_EQ(value(ask(R"({"cmd":"kill","user":"v"})"), "ended"), 1);
  shell("! ip -6 route show dev ppp | grep -q ^2001:db8");
  ASSERT_EQ(::setns(near_.get(), CLONE_NEWNET), 0);
}

TEST_F(Ac, TwoHundredAndFiftySessionsOfOneClientComeUpInAMoment) {
  start({"--account", "u:p"});
  Clients clients("near0");
  const Instant before = clients.alarm.now();
  for (int i = 0; i < 250; ++i) clients.dial("u", "p");
  ASSERT_TRUE(clients.until(
      [&] { return std::ranges::all_of(clients.all, [](const auto& client) { return client->v4.has_value(); }); }));
  const auto took = whole_milliseconds(clients.alarm.now() - before);
  RecordProperty("milliseconds", static_cast<int>(took));
  std::printf("250 sessions in %lld ms\n", static_cast<long long>(took));
  EXPECT_EQ(value(ask(R"({"cmd":"counters"})"), "sessions_up"), 250);
  stop(SIGTERM);
  EXPECT_TRUE(clients.until([&] { return clients.padts == 250; })) << clients.padts;
}

TEST_F(Ac, KillRestartAndFaultsDoWhatTheySay) {
  start({"--account", "u:p:198.51.100.7", "--fast-timers"});
  Clients clients("near0");
  clients.dial("u", "p");
  ASSERT_TRUE(clients.until([&] { return clients.all[0]->v4.has_value(); }));
  EXPECT_EQ(to_text(clients.all[0]->v4->local), "198.51.100.7");
  EXPECT_EQ(value(ask(R"({"cmd":"kill","user":"nobody"})"), "ended"), 0);
  EXPECT_EQ(value(ask(R"({"command":"kill","user":"u","how":"term"})"), "ended"), 1);
  ASSERT_TRUE(clients.until([&] { return clients.all[0]->ended.has_value(); }));
  EXPECT_EQ(clients.all[0]->ended->cause, ppp::EndCause::PeerTerminated);
  ask(R"({"cmd":"set","refuse":"full up"})");
  clients.dial("u", "p");
  ASSERT_TRUE(clients.until([&] { return clients.all[1]->discovery.state() == pppoe::State::Done; }));
  EXPECT_FALSE(clients.all[1]->agreed);
  ask(R"({"cmd":"set","refuse":false})");
  clients.dial("u", "wrong");
  ASSERT_TRUE(clients.until([&] { return clients.all[2]->ended.has_value(); }));
  EXPECT_EQ(clients.all[2]->ended->cause, ppp::EndCause::AuthFailed);
  clients.dial("u", "p");
  ASSERT_TRUE(clients.until([&] { return clients.all[3]->v4.has_value(); }));
  ask(R"({"cmd":"restart"})");
  EXPECT_NE(ask(R"({"cmd":"sessions"})").find(R"("sessions":[])"), std::string::npos);
  EXPECT_NE(ask("nonsense").find("error"), std::string::npos);
  ask(R"({"cmd":"silent","on":true})");
  const auto before = value(ask(R"({"cmd":"counters"})"), "pado");
  clients.dial("u", "p");
  EXPECT_FALSE(clients.until([&] { return clients.all[4]->agreed.has_value(); }, milliseconds(300)));
  EXPECT_EQ(value(ask(R"({"cmd":"counters"})"), "pado"), before);
}

}  // namespace
}  // namespace michi::lab
