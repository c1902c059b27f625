#include "linux/host/store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "linux/host/files.hpp"
#include "linux/loop/readiness.hpp"
#include "port/fd.hpp"

namespace michi::linux {

namespace {

constexpr std::uint32_t kRecordMode = 0600;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

using Value = std::optional<std::string>;  // nothing: erase
using Error = std::optional<port::OsError>;

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; }

bool make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  const std::size_t slash = path.rfind('/');
  if (errno != ENOENT || slash == std::string::npos || slash == 0) return false;
  return make_directory(path.substr(0, slash)) && (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST);
}

Error perform(const std::string& directory, const std::string& key, const Value& value, Sync sync) {
  const std::string path = directory + "/" + file_name_of_key(key);
  if (value) {
    if (!make_directory(directory)) return port::OsError{"make directory " + directory, errno};
    const auto written = write_file(path, *value, kRecordMode, sync);
    return written ? Error{} : Error{written.error()};
  }
  if (::unlink(path.c_str()) == 0) {
    const port::Fd names(sync == Sync::Yes ? ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
    if (names) ::fsync(names.get());
    return {};
  }
  if (errno == ENOENT || errno == ENOTDIR) return {};
  return port::OsError{"remove " + path, errno};
}

}  // namespace

std::string file_name_of_key(std::string_view key) {
  std::string name;
  for (const char c : key) {
    if (is_plain(c) || (c == '.' && !name.empty())) {
      name += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      name += '%';
      name += kHexDigits[octet >> 4];
      name += kHexDigits[octet & 15];
    }
  }
  return name.empty() ? "%" : name;
}

std::optional<std::string> key_of_file_name(std::string_view name) {
  if (name == "%") return "";
  std::string key;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      key += name[i];
      continue;
    }
    const auto octet = from_hex(name.substr(i + 1, 2));
    if (!octet || octet->size() != 1) return std::nullopt;
    key += static_cast<char>(octet->front());
    i += 2;
  }
  if (file_name_of_key(key) != name) return std::nullopt;
  return key;
}

class Store::Impl {
 public:
  Impl(boost::asio::io_context& loop, std::string run, std::string state)
      : volatile_(std::move(run) + "/records"), durable_(std::move(state) + "/records"), notice_(loop, [this] {
          if (wake_) wake_();
        }) {
    writer_ = std::thread([this] { write_behind(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_one();
    writer_.join();
  }

  Result<std::map<std::string, std::string>, port::OsError> load(port::Lifetime lifetime) const {
    const std::string& directory = lifetime == port::Lifetime::Volatile ? volatile_ : durable_;
    std::map<std::string, std::string> records;
    const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), ::closedir);
    if (!names) {
      if (errno == ENOENT) return records;
      return Fault(port::OsError{"read records in " + directory, errno});
    }
    while (const dirent* entry = ::readdir(names.get())) {
      const auto key = key_of_file_name(entry->d_name);
      if (!key) continue;
      auto text = read_file(directory + "/" + entry->d_name);
      if (text) records.emplace(*key, std::move(*text));
    }
    return records;
  }

  void submit(port::StoreOp op, port::Ticket ticket) {
    if (auto* put = std::get_if<port::Put>(&op)) {
      submit(put->lifetime, std::move(put->key), std::move(put->value), ticket);
    } else if (auto* erase = std::get_if<port::Erase>(&op)) {
      submit(erase->lifetime, std::move(erase->key), std::nullopt, ticket);
    }
  }

  std::optional<port::Completion> poll() {
    const std::lock_guard lock(mutex_);
    if (done_.empty()) return std::nullopt;
    port::Completion completion = std::move(done_.front());
    done_.pop_front();
    return completion;
  }

  void on_wake(port::Wake wake) { wake_ = std::move(wake); }

 private:
  struct Record {
    Value value;
    std::vector<port::Ticket> tickets;
  };

  void submit(port::Lifetime lifetime, std::string key, Value value, port::Ticket ticket) {
    if (lifetime == port::Lifetime::Volatile) {
      complete({ticket}, perform(volatile_, key, value, Sync::No));
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      Record& record = waiting_[std::move(key)];
      record.value = std::move(value);
      record.tickets.push_back(ticket);
    }
    work_.notify_one();
  }

  void complete(const std::vector<port::Ticket>& tickets, const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      for (const port::Ticket ticket : tickets) done_.push_back({ticket, error});
    }
    notice_.post();
  }

  void write_behind() {
    for (;;) {
      std::map<std::string, Record> batch;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      for (const auto& [key, record] : batch) {
        complete(record.tickets, perform(durable_, key, record.value, Sync::Yes));
      }
    }
  }

  const std::string volatile_, durable_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::map<std::string, Record> waiting_;
  std::deque<port::Completion> done_;
  bool ending_ = false;
  port::Wake wake_;
  Poster notice_;
  std::thread writer_;
};

Store::Store(boost::asio::io_context& loop, std::string run_directory, std::string state_directory)
    : impl_(std::make_unique<Impl>(loop, std::move(run_directory), std::move(state_directory))) {}
Store::~Store() = default;
Result<std::map<std::string, std::string>, port::OsError> Store::load(port::Lifetime lifetime) {
  return impl_->load(lifetime);
}
void Store::submit(port::StoreOp op, port::Ticket ticket) { impl_->submit(std::move(op), ticket); }
std::optional<port::Completion> Store::poll() { return impl_->poll(); }
void Store::on_wake(port::Wake wake) { impl_->on_wake(std::move(wake)); }

}  // namespace michi::linux
