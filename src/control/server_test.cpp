#include "control/server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "control/client.hpp"
#include "kit/fake_commands.hpp"

namespace michi::control {
namespace {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    char name[] = "/tmp/michi-control-XXXXXX";
    directory = mkdtemp(name);
    options.path = directory + "/control.sock";
    options.group = "michi-no-such-group";
  }
  ~ServerTest() override {
    server.reset();
    context.run_for(milliseconds(50));
    std::filesystem::remove_all(directory);
  }
  void make() { server = std::make_unique<Server>(context, commands, events, options); }

  /// One end of a pair; the server has the other.
  int connect(Rights rights = Rights::Command) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    server->serve(pair[0], rights);
    return pair[1];
  }
  static void say(int fd, const std::string& text) {
    EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT), static_cast<ssize_t>(text.size()));
  }
  /// What has arrived, after the loop had its turns until `needle` is there or the peer closed.
  std::string hear(int fd, const std::string& needle, Duration at_most = seconds(5)) {
    std::string heard;
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (heard.find(needle) == std::string::npos && std::chrono::steady_clock::now() < end) {
      context.restart();
      context.run_for(milliseconds(2));
      char room[65536];
      const auto got = recv(fd, room, sizeof room, MSG_DONTWAIT);
      if (got == 0) break;
      if (got > 0) heard.append(room, static_cast<std::size_t>(got));
    }
    return heard;
  }
  bool closed(int fd) {
    hear(fd, "there is no such text");
    char octet = 0;
    return recv(fd, &octet, 1, MSG_DONTWAIT) == 0;
  }
  void happen(const std::string& text = "x") {
    model::Event event;
    event.code = "uplink.up";
    event.text = text;
    now += seconds(1);
    events.add(event, 0, now);
  }

  boost::asio::io_context context;
  kit::FakeCommands commands;
  observe::EventLog events{"a1"};
  ServerOptions options;
  std::unique_ptr<Server> server;
  std::string directory;
  Instant now{};
};

constexpr const char* kAskStatus = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, SeveralRequestsGoOverOneConnection) {
  make();
  const int fd = connect();
  say(fd, kAskStatus);
  EXPECT_NE(hear(fd, "\"warnings\":[]").find("HTTP/1.1 200"), std::string::npos);
  say(fd, "POST /v1/uplinks/isp/redial HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(hear(fd, "done").find("200 OK"), std::string::npos);
  EXPECT_EQ(commands.asked, std::vector<std::string>{"redial isp"});
  close(fd);
}

TEST_F(ServerTest, RightsAreKeptForTheWholeConnection) {
  make();
  const int fd = connect(Rights::Look);
  say(fd, "POST /v1/flush HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(hear(fd, "}}").find("403 Forbidden"), std::string::npos);
  EXPECT_TRUE(commands.asked.empty());
  close(fd);
}

TEST_F(ServerTest, WhatIsTooLongOrNoHttpIsRefusedAndClosed) {
  make();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", "413"},
      {"GET /v1/status HTTP/1.1\r\nHost: " + std::string(9000, 'x') + "\r\n\r\n", "431"},
      {"hello, is this the SMTP port?\r\n\r\n", "400"},
      {std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), "400"},
  };
  for (const auto& [text, status] : cases) {
    const int fd = connect();
    say(fd, text);
    const auto heard = hear(fd, "}}");
    EXPECT_NE(heard.find("HTTP/1.1 " + status), std::string::npos) << heard;
    EXPECT_TRUE(closed(fd));
    close(fd);
  }
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(ServerTest, AClientThatSaysNothingIsClosedAfterTheIdleTime) {
  options.idle = milliseconds(50);
  make();
  const int silent = connect();
  const int half = connect();
  say(half, "GET /v1/st");
  EXPECT_TRUE(closed(silent));
  EXPECT_TRUE(closed(half));
  EXPECT_EQ(server->connections(), 0u);
  close(silent);
  close(half);
}

TEST_F(ServerTest, TheThirtyThirdClientIsTurnedAwayWithAReason) {
  make();
  std::vector<int> clients;
  for (int i = 0; i < 32; ++i) clients.push_back(connect());
  const int more = connect();
  EXPECT_NE(hear(more, "}}").find("503"), std::string::npos);
  close(more);
  close(clients.back());
  clients.pop_back();
  context.restart();
  context.run_for(milliseconds(20));
  const int again = connect();
  say(again, kAskStatus);
  EXPECT_NE(hear(again, "warnings").find("200 OK"), std::string::npos);
  close(again);
  for (const int fd : clients) close(fd);
}

TEST_F(ServerTest, ThoseWhoOnlyLookNeverLockACommanderOut) {
  make();
  std::vector<int> clients;
  for (int i = 0; i < 24; ++i) clients.push_back(connect(i % 2 == 0 ? Rights::Look : Rights::Refused));
  for (const auto rights : {Rights::Look, Rights::Refused}) {
    const int more = connect(rights);
    EXPECT_NE(hear(more, "}}").find("503"), std::string::npos);
    close(more);
  }
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect(Rights::Command));
    say(clients.back(), kAskStatus);
    EXPECT_NE(hear(clients.back(), "warnings").find("200 OK"), std::string::npos) << i;
  }
  const int more = connect(Rights::Command);
  EXPECT_NE(hear(more, "}}").find("503"), std::string::npos);
  close(more);
  for (const int fd : clients) close(fd);
}

TEST_F(ServerTest, AFollowerGetsThePastAndThenWhatComes) {
  make();
  happen("first");
  happen("second");
  const int fd = connect();
  say(fd, "GET /v1/events?follow=1&since=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto past = hear(fd, "second");
  EXPECT_NE(past.find("second"), std::string::npos);
  EXPECT_EQ(past.find("first"), std::string::npos);
  happen("third");
  EXPECT_NE(hear(fd, "third").find("third"), std::string::npos);
  close(fd);
  context.restart();
  context.run_for(milliseconds(20));
  EXPECT_EQ(server->connections(), 0u);
  happen("fourth");  // nobody listens any more
}

TEST_F(ServerTest, AQuietStreamHasAHeartbeat) {
  options.heartbeat = milliseconds(20);
  make();
  const int fd = connect();
  say(fd, "GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(hear(fd, "1\r\n\n\r\n").find("1\r\n\n\r\n"), std::string::npos);
  close(fd);
}

TEST_F(ServerTest, AFollowerThatDoesNotKeepUpIsToldAndCut) {
  options.follower_queue = 16;
  make();
  const int fd = connect();
  say(fd, "GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  hear(fd, "\r\n\r\n");
  for (int i = 0; i < 40; ++i) happen();  // all within one turn of the loop
  const auto heard = hear(fd, "0\r\n\r\n");
  EXPECT_NE(heard.find("\"cut\""), std::string::npos);
  EXPECT_TRUE(closed(fd));
  EXPECT_EQ(server->connections(), 0u);
  close(fd);
}

TEST_F(ServerTest, AFollowerThatNeverReadsCostsBoundedMemoryAndThenItsConnection) {
  options.follower_queue = 64;
  options.idle = milliseconds(100);
  make();
  const int fd = connect();
  say(fd, "GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  context.run_for(milliseconds(20));
  for (int i = 0; i < 200; ++i) {
    happen(std::string(8000, 'x'));
    context.restart();
    context.run_for(milliseconds(1));
  }
  context.restart();
  context.run_for(milliseconds(300));
  EXPECT_EQ(server->connections(), 0u);
  close(fd);
}

TEST_F(ServerTest, ATraceEndsWithItsReader) {
  make();
  const int fd = connect();
  say(fd, "GET /v1/trace/isp HTTP/1.1\r\nHost: x\r\n\r\n");
  hear(fd, "\r\n\r\n");
  ASSERT_EQ(commands.sinks.size(), 1u);
  commands.sinks.begin()->second({.wall_time_ns = 5, .outgoing = true, .frame = *from_hex("ffff"), .text = "PADI"});
  EXPECT_NE(hear(fd, "PADI").find(R"({"time_ns":5,"direction":"out","link":"ethernet","text":"PADI","frame":"ffff"})"),
            std::string::npos);
  commands.sinks.begin()->second(
      {.wall_time_ns = 6, .link = control::TracedFrame::Link::Raw, .frame = *from_hex("60"), .text = "Reply"});
  EXPECT_NE(hear(fd, "Reply").find(R"("direction":"in","link":"raw","text":"Reply")"), std::string::npos);
  close(fd);
  context.restart();
  context.run_for(milliseconds(20));
  EXPECT_TRUE(commands.sinks.empty());

  const int stranger = connect();
  say(stranger, "GET /v1/trace/nobody HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(hear(stranger, "}}").find("404"), std::string::npos);
  close(stranger);
}

TEST_F(ServerTest, TheSocketHasTheModeOfTheConfiguration) {
  make();
  ASSERT_TRUE(server->listen());
  const auto mode = [&] {
    struct stat status{};
    EXPECT_EQ(stat(options.path.c_str(), &status), 0);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode(), 0660u);
  server->set_others_may_look(true);
  EXPECT_EQ(mode(), 0666u);
  server->close();
  EXPECT_FALSE(std::filesystem::exists(options.path));
}

TEST_F(ServerTest, AStaleSocketIsReplacedAndALiveOneRespected) {
  make();
  {
    const int old = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, options.path.c_str());
    ASSERT_EQ(bind(old, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(old);
  }
  ASSERT_TRUE(server->listen());
  Server second(context, commands, events, options);
  const auto refused = second.listen();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().find("another michid"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(options.path));

  options.path = directory + "/file";
  std::ofstream(options.path) << "mine";
  Server third(context, commands, events, options);
  EXPECT_FALSE(third.listen());
  EXPECT_TRUE(std::filesystem::exists(options.path));
}

TEST_F(ServerTest, TheClientGetsAnswersRefusalsAndLines) {
  make();
  ASSERT_TRUE(server->listen());
  std::jthread loop([&] { context.run(); });
  const Client client(options.path);
  EXPECT_EQ(client.get("/v1/status")->status, 200u);
  EXPECT_EQ(client.get("/v1/status/nobody")->status, 404u);
  EXPECT_EQ(client.post("/v1/reload", std::string(2'000'000, ' '))->status, 413u);
  std::vector<std::string> lines;
  boost::asio::post(context, [&] { happen("one"); });
  boost::asio::post(context, [&] { happen("two"); });
  const auto followed = client.follow("/v1/events?follow=1", [&](std::string_view line) {
    lines.emplace_back(line);
    return lines.size() < 2;
  });
  EXPECT_TRUE(followed);
  EXPECT_EQ(lines.size(), 2u);
  context.stop();
  loop.join();
  const auto gone = Client(directory + "/nobody.sock").get("/v1/status");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ClientFailure::Kind::NotReachable);
  EXPECT_FALSE(gone.error().remedy.empty());
}

}  // namespace
}  // namespace michi::control
