// michi-bench-stream: UDP streams between network namespaces, one way, and a record of what arrived, when
// and from which source address.
//
// Each argument is one stream: FROM-NAMESPACE,TO-NAMESPACE,ADDRESS,PORT,PERIOD-MICROSECONDS[,OWN-ADDRESS]; the
// last is the receiver's, where a router translates ADDRESS to it. Prints "ready" when all sockets stand,
// sends until its standard input ends, waits a moment for stragglers, and prints one JSON object a line per
// stream. Times are CLOCK_MONOTONIC in microseconds. One thread: a late tick is made up for by sending what is
// due, so that the count of packets is right on a busy machine too.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::int64_t kTick = 1000;           // microseconds
constexpr std::int64_t kStragglers = 400'000;  // after the last packet
constexpr int kMostAtOnce = 16;                // a burst would measure the queues it fills
constexpr std::size_t kPayload = 200;
constexpr int kReceiveBuffer = 1 << 20;
constexpr std::uint64_t kInput = ~std::uint64_t{0};
constexpr std::uint64_t kTimer = kInput - 1;

std::runtime_error failure(const std::string& what) {
  return std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

std::int64_t now() {
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<std::int64_t>(at.tv_sec) * 1'000'000 + at.tv_nsec / 1000;
}

/// A socket belongs for ever to the namespace it was made in.
int socket_in(const std::string& space) {
  const int there = ::open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || ::setns(there, CLONE_NEWNET) < 0) throw failure("enter " + space);
  ::close(there);
  const int made = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) throw failure("socket");
  return made;
}

struct Change {
  std::int64_t at;
  std::int64_t last_before;  // when the last packet from the source before came
  std::string source;
};

struct Stream {
  int out = -1, in = -1;
  std::int64_t period = 0, due = 0;
  std::uint64_t sent = 0, refused = 0, received = 0, twice = 0;
  std::int64_t last_arrival = 0, longest_gap = 0;
  std::vector<bool> seen;
  in_addr_t source = 0;
  std::vector<Change> changes;
};

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::runtime_error(fmt::format("{}: no number", text));
  return value;
}

Stream opened(std::string_view text) {
  std::array<std::string, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto end = std::min(text.find(','), text.size());
    parts[i] = std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(number_of<std::uint16_t>(parts[3]));
  if (::inet_pton(AF_INET, parts[2].c_str(), &target.sin_addr) != 1)
    throw std::runtime_error(parts[2] + ": no address");
  Stream stream;
  stream.period = number_of<std::int64_t>(parts[4]);
  stream.in = socket_in(parts[1]);
  const int size = kReceiveBuffer;
  ::setsockopt(stream.in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  sockaddr_in own = target;
  if (!parts[5].empty() && ::inet_pton(AF_INET, parts[5].c_str(), &own.sin_addr) != 1)
    throw std::runtime_error(parts[5] + ": no address");
  if (::bind(stream.in, reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0) throw failure("bind");
  stream.out = socket_in(parts[0]);
  if (::connect(stream.out, reinterpret_cast<const sockaddr*>(&target), sizeof target) < 0) throw failure("connect");
  return stream;
}

void send_due(Stream& stream, std::int64_t at) {
  std::array<char, kPayload> packet{};
  for (int sent = 0; stream.due <= at && sent < kMostAtOnce; stream.due += stream.period, ++sent) {
    std::memcpy(packet.data(), &stream.sent, sizeof stream.sent);
    // A refused packet counts as sent: it is one the user would miss.
    if (::send(stream.out, packet.data(), packet.size(), 0) < 0) ++stream.refused;
    ++stream.sent;
  }
}

void receive(Stream& stream) {
  std::array<char, kPayload> packet{};
  for (;;) {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const auto got =
        ::recvfrom(stream.in, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < static_cast<ssize_t>(sizeof(std::uint64_t))) return;
    std::uint64_t number = 0;
    std::memcpy(&number, packet.data(), sizeof number);
    if (number >= stream.sent) continue;
    if (stream.seen.size() < stream.sent) stream.seen.resize(stream.sent);
    if (stream.seen[number]) {
      ++stream.twice;
      continue;
    }
    stream.seen[number] = true;
    ++stream.received;
    const auto at = now();
    if (stream.last_arrival != 0) stream.longest_gap = std::max(stream.longest_gap, at - stream.last_arrival);
    if (from.sin_addr.s_addr != stream.source) {
      stream.source = from.sin_addr.s_addr;
      std::array<char, INET_ADDRSTRLEN> text{};
      ::inet_ntop(AF_INET, &from.sin_addr, text.data(), text.size());
      stream.changes.push_back({at, stream.last_arrival, text.data()});
    }
    stream.last_arrival = at;
  }
}

void print(const Stream& stream) {
  std::string changes;
  for (const auto& change : stream.changes)
    changes += fmt::format(R"({}{{"at":{},"last_before":{},"source":"{}"}})", changes.empty() ? "" : ",", change.at,
                           change.last_before, change.source);
  fmt::print(R"({{"sent":{},"received":{},"lost":{},"refused":{},"twice":{},"longest_gap":{},"changes":[{}]}})"
             "\n",
             stream.sent, stream.received, stream.sent - stream.received, stream.refused, stream.twice,
             stream.longest_gap, changes);
}

int watch(std::vector<Stream>& streams, int timer) {
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int fd, std::uint64_t key) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
    if (::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) throw failure("epoll_ctl");
  };
  add(timer, kTimer);
  add(STDIN_FILENO, kInput);
  for (std::size_t i = 0; i < streams.size(); ++i) add(streams[i].in, i);
  return poller;
}

void run(std::vector<Stream>& streams) {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const itimerspec every{.it_interval = {0, kTick * 1000}, .it_value = {0, kTick * 1000}};
  if (timer < 0 || ::timerfd_settime(timer, 0, &every, nullptr) < 0) throw failure("timerfd");
  const int poller = watch(streams, timer);
  // Spread over their period: sixty-four at the same instant would measure the burst.
  const auto start = now();
  for (std::size_t i = 0; i < streams.size(); ++i)
    streams[i].due =
        start + streams[i].period * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(streams.size());
  std::int64_t end = 0;
  while (end == 0 || now() < end) {
    std::array<epoll_event, 64> events;
    const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      const auto key = events[static_cast<std::size_t>(i)].data.u64;
      if (key == kTimer) {
        std::uint64_t ticks = 0;
        if (::read(timer, &ticks, sizeof ticks) < 0) continue;
        for (auto& stream : streams)
          if (end == 0) send_due(stream, now());
      } else if (key == kInput) {
        std::array<char, 64> dropped;
        if (::read(STDIN_FILENO, dropped.data(), dropped.size()) > 0) continue;
        ::epoll_ctl(poller, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
        end = now() + kStragglers;
      } else {
        receive(streams[key]);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<Stream> streams;
    for (int i = 1; i < argc; ++i) streams.push_back(opened(argv[i]));
    fmt::print("ready\n");
    std::fflush(stdout);
    run(streams);
    for (const auto& stream : streams) print(stream);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "michi-bench-stream: {}\n", error.what());
    return 1;
  }
}
