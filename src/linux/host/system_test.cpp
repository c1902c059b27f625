#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "linux/host/capabilities.hpp"
#include "linux/host/entropy.hpp"
#include "linux/host/files.hpp"
#include "linux/host/notify.hpp"
#include "linux/host/processes.hpp"
#include "linux/host/store.hpp"
#include "linux/host/watcher.hpp"
#include "linux/loop/alarm.hpp"
#include "linux/support_test.hpp"
#include "port/fd.hpp"

namespace michi::linux {
namespace {

using port::Lifetime;

class SystemTest : public testing::Test {
 protected:
  SystemTest() {
    std::string name = testing::TempDir() + "michi-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~SystemTest() override { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  TestLoop loop_;
};

TEST_F(SystemTest, TheAlarmRingsOnceAtItsInstantAndAWithdrawnOneDoesNot) {
  Alarm alarm(loop_.context());
  int rung = 0;
  alarm.on_wake([&] { ++rung; });
  const Instant at = alarm.now() + milliseconds(20);
  alarm.set(at);
  ASSERT_TRUE(loop_.run_until([&] { return rung > 0; }));
  EXPECT_GE(alarm.now(), at);
  alarm.set(at - seconds(1));  // past: at once
  ASSERT_TRUE(loop_.run_until([&] { return rung > 1; }));
  alarm.set(alarm.now() + milliseconds(30));
  alarm.set(std::nullopt);
  EXPECT_FALSE(loop_.run_until([&] { return rung > 2; }, 100));
}

TEST_F(SystemTest, AnAlarmThatIsPutOffRingsWhenItWasPutOffTo) {
  Alarm alarm(loop_.context());
  int rung = 0;
  alarm.on_wake([&] { ++rung; });
  for (const Duration more : {milliseconds(40), milliseconds(1500)}) {
    alarm.set(alarm.now() + milliseconds(20));
    const Instant at = alarm.now() + milliseconds(20) + more;
    alarm.set(at);
    rung = 0;
    ASSERT_TRUE(loop_.run_until([&] { return rung > 0; }));
    EXPECT_GE(alarm.now(), at);
  }
  alarm.set(alarm.now() + seconds(9));
  const Instant sooner = alarm.now() + milliseconds(10);
  alarm.set(sooner);
  rung = 0;
  ASSERT_TRUE(loop_.run_until([&] { return rung > 0; }));
  EXPECT_LT(alarm.now(), sooner + seconds(5));
}

TEST_F(SystemTest, TwoKeysDiffer) {
  Entropy entropy;
  EXPECT_NE(entropy.key().value(), entropy.key().value());
}

TEST_F(SystemTest, AFileIsWrittenWholeWithItsModeAndLeavesNoOther) {
  Files files;
  ASSERT_TRUE(files.write(path("a"), "one", 0644));
  ASSERT_TRUE(files.write(path("a"), "two", 0600));
  EXPECT_EQ(files.read(path("a")).value(), "two");
  EXPECT_EQ(files.status(path("a")).value().mode, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
  const auto missing = files.read(path("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_EQ(files.read(directory_).error().code, EISDIR);
}

TEST_F(SystemTest, SysctlsAreReadWithoutTheLineBreakAndStayInsideTheirDirectory) {
  std::filesystem::create_directories(path("sys/net"));
  std::ofstream(path("sys/net/value")) << "1\n";
  Files files(path("sys/"));
  EXPECT_EQ(files.read_sysctl("net/value").value(), "1");
  ASSERT_TRUE(files.write_sysctl("net/value", "2"));
  EXPECT_EQ(files.read_sysctl("net/value").value(), "2");
  EXPECT_EQ(files.read_sysctl("../a").error().code, EINVAL);
  EXPECT_EQ(files.write_sysctl("/etc/passwd", "x").error().code, EINVAL);
  EXPECT_EQ(files.write_sysctl("net/none", "x").error().code, ENOENT);
}

TEST(StoreNames, EveryKeyHasANameOfItsOwnThatLeavesNoDirectory) {
  for (const std::string key : {"session.isp", "../../etc/passwd", "", "%", "a b", ".hidden", "..", "ä", "a/b"}) {
    const std::string name = file_name_of_key(key);
    EXPECT_EQ(name.find('/'), std::string::npos);
    EXPECT_NE(name[0], '.');
    EXPECT_EQ(key_of_file_name(name), key);
  }
  for (const char* name : {".michi-abc", "..", "%4", "%zz", "%61", "a b"}) EXPECT_FALSE(key_of_file_name(name)) << name;
}

class StoreTest : public SystemTest {
 protected:
  std::optional<port::OsError> perform(Store& store, port::StoreOp op) {
    std::optional<port::Completion> done;
    store.submit(std::move(op), 7);
    EXPECT_TRUE(loop_.run_until([&] { return (done = store.poll()).has_value(); }));
    return done->error;
  }
};

TEST_F(StoreTest, RecordsOutliveTheStoreAndErasedOnesDoNot) {
  {
    Store store(loop_.context(), path("run"), path("state"));
    EXPECT_TRUE(store.load(Lifetime::Durable).value().empty());
    EXPECT_FALSE(perform(store, port::Put{Lifetime::Volatile, "session/isp", "1"}));
    EXPECT_FALSE(perform(store, port::Put{Lifetime::Durable, "numbers", "a"}));
    EXPECT_FALSE(perform(store, port::Put{Lifetime::Durable, "gone", "a"}));
    EXPECT_FALSE(perform(store, port::Erase{Lifetime::Durable, "gone"}));
    EXPECT_FALSE(perform(store, port::Erase{Lifetime::Volatile, "never there"}));
    store.submit(port::Put{Lifetime::Durable, "last", "z"}, 8);  // written by the destructor
  }
  Store store(loop_.context(), path("run"), path("state"));
  EXPECT_EQ(store.load(Lifetime::Volatile).value(), (std::map<std::string, std::string>{{"session/isp", "1"}}));
  EXPECT_EQ(store.load(Lifetime::Durable).value(),
            (std::map<std::string, std::string>{{"last", "z"}, {"numbers", "a"}}));
}

TEST_F(StoreTest, AVolatileRecordIsOnTheFileSystemWhenSubmitReturns) {
  Store store(loop_.context(), path("run"), path("state"));
  store.submit(port::Put{Lifetime::Volatile, "session", "now"}, 1);
  EXPECT_EQ(read_file(path("run/records/session")).value(), "now");
}

TEST_F(StoreTest, EveryWriteOfAKeyIsCompletedEvenWhenANewerOneReplacedIt) {
  Store store(loop_.context(), path("run"), path("state"));
  for (port::Ticket i = 0; i < 50; ++i) store.submit(port::Put{Lifetime::Durable, "k", std::to_string(i)}, i);
  std::size_t done = 0;
  ASSERT_TRUE(loop_.run_until([&] { return (done += drain(store).size()) == 50; }));
  EXPECT_EQ(store.load(Lifetime::Durable).value().at("k"), "49");
}

TEST_F(StoreTest, AFullDiskIsReportedAndTheOldRecordStays) {
  std::filesystem::create_directory(path("state"));
  if (::mount("tmpfs", path("state").c_str(), "tmpfs", 0, "size=16k") != 0) {
    GTEST_SKIP() << "needs root: mounts a tiny file system";
  }
  {
    Store store(loop_.context(), path("run"), path("state"));
    EXPECT_FALSE(perform(store, port::Put{Lifetime::Durable, "k", "small"}));
    const auto error = perform(store, port::Put{Lifetime::Durable, "k", std::string(100'000, 'x')});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ENOSPC);
    EXPECT_EQ(store.load(Lifetime::Durable).value().at("k"), "small");
    EXPECT_FALSE(perform(store, port::Put{Lifetime::Durable, "k", "again"}));
  }
  EXPECT_EQ(::umount(path("state").c_str()), 0);
}

class ProcessesTest : public SystemTest {
 protected:
  port::Spawn shell(const std::string& script) {
    return {.argv = {"/bin/sh", "-c", script},
            .environment = {"PATH=/usr/bin:/bin", "NAME=isp"},
            .input = "",
            .deadline = {},
            .drop_capabilities = true};
  }
  port::ProcessReport next() {
    std::optional<port::ProcessReport> report;
    EXPECT_TRUE(loop_.run_until([&] { return (report = processes_.poll()).has_value(); }, 10000));
    return *report;
  }
  port::Exited ended() { return std::get<port::Exited>(next()); }

  Processes processes_{loop_.context()};
};

TEST_F(ProcessesTest, AChildGetsItsInputAndEnvironmentAndItsOutputAndStatusComeBack) {
  auto what = shell("cat; echo $NAME; echo oops >&2; exit 3");
  what.input = std::string(200'000, 'x') + "\nend\n";
  processes_.spawn(what, 5);
  const port::Exited report = ended();
  EXPECT_EQ(report.ticket, 5u);
  EXPECT_EQ(report.status, 3);
  EXPECT_FALSE(report.timed_out);
  EXPECT_EQ(report.output.size(), 4096u);
  EXPECT_EQ(report.output.substr(4096 - 14), "\nend\nisp\noops\n");
}

TEST_F(ProcessesTest, AChildHoldsNoCapabilityAndNoDescriptorOfOurs) {
  processes_.spawn(shell("grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; ls /proc/self/fd"), 1);
  const std::string output = ended().output;
  EXPECT_NE(output.find("CapEff:\t0000000000000000"), std::string::npos) << output;
  if (::geteuid() == 0) {
    EXPECT_NE(output.find("CapBnd:\t0000000000000000"), std::string::npos) << output;
  }
  EXPECT_NE(output.find("NoNewPrivs:\t1"), std::string::npos) << output;
  EXPECT_EQ(output.find("\n4\n"), std::string::npos) << output;  // 3 is the directory that ls reads
}

TEST_F(ProcessesTest, AChildThatMayKeepsItsCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: there is nothing to keep";
  auto what = shell("grep CapEff /proc/self/status");
  what.drop_capabilities = false;
  processes_.spawn(what, 1);
  EXPECT_EQ(ended().output.find("CapEff:\t0000000000000000"), std::string::npos);
}

TEST_F(ProcessesTest, AChildPastItsDeadlineIsEndedWithItsWholeGroup) {
  auto what = shell("sleep 60 & echo $!; wait");
  what.deadline = milliseconds(100);
  processes_.spawn(what, 1);
  const port::Exited report = ended();
  EXPECT_TRUE(report.timed_out);
  EXPECT_EQ(report.status, 128 + SIGTERM);
  const pid_t grandchild = std::stoi(report.output);
  EXPECT_TRUE(loop_.run_until([&] {
    const auto state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    return !state || state->find(") Z") != std::string::npos;
  }));
}

TEST_F(ProcessesTest, AChildDeafToSigtermIsKilled) {
  auto what = shell("trap '' TERM; while :; do sleep 0.1; done");
  what.deadline = milliseconds(100);
  processes_.spawn(what, 1);
  const port::Exited report = ended();
  EXPECT_TRUE(report.timed_out);
  EXPECT_EQ(report.status, 128 + SIGKILL);
}

TEST_F(ProcessesTest, AProgramThatIsNotThereIsAFailureAndNotAnExit) {
  processes_.spawn(
      {.argv = {"/nonexistent"}, .environment = {}, .input = "", .deadline = {}, .drop_capabilities = true}, 9);
  const auto report = next();
  const auto* failed = std::get_if<port::SpawnFailed>(&report);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->ticket, 9u);
  EXPECT_EQ(failed->error.code, ENOENT);
}

TEST_F(ProcessesTest, ASignalReachesTheChild) {
  processes_.spawn(
      shell("trap 'echo again; exit 0' HUP; echo ready > " + path("ready") + "; while :; do sleep 0.05; done"), 4);
  ASSERT_TRUE(loop_.run_until([&] { return std::filesystem::exists(path("ready")); }));
  processes_.signal(4, SIGHUP);
  EXPECT_EQ(ended().output, "again\n");
}

TEST_F(SystemTest, AWatchedFileIsReportedWhenWrittenReplacedAndRemoved) {
  Watcher watcher(loop_.context());
  watcher.watch({path("michi.toml"), path("routes")});
  const auto changed = [&] {
    std::optional<std::string> which;
    loop_.run_until([&] { return (which = watcher.poll()).has_value(); }, 1000);
    return which;
  };
  std::ofstream(path("michi.toml")) << "x" << std::flush;
  EXPECT_EQ(changed(), path("michi.toml"));
  drain(watcher);
  ASSERT_TRUE(write_file(path("routes"), "y", 0644, Sync::No));
  EXPECT_EQ(changed(), path("routes"));
  while (changed()) continue;
  std::filesystem::remove(path("routes"));
  EXPECT_EQ(changed(), path("routes"));
  std::ofstream(path("unrelated")) << "x" << std::flush;
  EXPECT_EQ(changed(), std::nullopt);
}

/// A service manager's end, at a path or under an abstract name ("@...").
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) ADD_FAILURE() << name;
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

  std::string heard() const {
    std::string text(512, ' ');
    const ssize_t size = ::recv(fd_.get(), text.data(), text.size(), 0);
    return size < 0 ? "nothing" : text.substr(0, static_cast<std::size_t>(size));
  }

 private:
  port::Fd fd_;
};

TEST_F(SystemTest, TheServiceManagerIsToldAtAPathAndUnderAnAbstractName) {
  Notify notify;
  for (const auto& name : {path("notify"), fmt::format("@michi-test-{}", ::getpid())}) {
    const Manager manager(name);
    notify.ready("2 up\nlinks");
    EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=2 up links") << name;
    notify.alive();
    EXPECT_EQ(manager.heard(), "WATCHDOG=1") << name;
    notify.reloading();
    EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC=")) << name;
    EXPECT_EQ(manager.heard(), "nothing") << name;
  }
}

TEST_F(SystemTest, WithoutAServiceManagerNothingIsNotifiedAndNothingFails) {
  Notify notify;
  for (const auto& name : {std::string(), std::string("vsock:2"), std::string(200, '/'), path("nobody")}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify.ready("2 uplinks");
  }
  ::unsetenv("NOTIFY_SOCKET");
  notify.status("line\nbreak");
}

TEST_F(SystemTest, TheWatchdogIsThisProcessSOrNobodyS) {
  const Notify notify;
  EXPECT_EQ(notify.watchdog_period(), std::nullopt);
  for (const char* text : {"", "0", "3s", "-1"}) {
    ::setenv("WATCHDOG_USEC", text, 1);
    EXPECT_EQ(notify.watchdog_period(), std::nullopt) << text;
  }
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  EXPECT_EQ(notify.watchdog_period(), seconds(3));
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(notify.watchdog_period(), seconds(3));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(notify.watchdog_period(), std::nullopt);
  ::unsetenv("WATCHDOG_PID");
  ::unsetenv("WATCHDOG_USEC");
}

TEST_F(SystemTest, WhatIsMissingIsNamedWithARemedy) {
  for (const Missing& missing : missing_capabilities(Work::Run)) {
    EXPECT_FALSE(missing.code.empty());
    EXPECT_FALSE(missing.text.empty());
    EXPECT_FALSE(missing.remedy.empty());
    if (::geteuid() == 0) ADD_FAILURE() << missing.text;
  }
}

}  // namespace
}  // namespace michi::linux
