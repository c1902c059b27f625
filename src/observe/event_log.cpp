#include "observe/event_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace michi::observe {

namespace {

constexpr std::size_t kBuckets = 8192;

/// Length of the well-formed UTF-8 sequence at the start (RFC 3629 §4), 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f)) return 0;
  if ((first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

std::string plain_line(const Record& record) {
  const auto& event = record.event;
  std::string text = event.uplink.empty() ? "" : "uplink=" + event.uplink + " ";
  text += event.code + ": " + event.text;
  if (record.left_out > 0) text += fmt::format(" ({} like this left out)", record.left_out);
  return text;
}

EventLog::EventLog(std::string start_id, EventLogLimits limits) : start_id_(std::move(start_id)), limits_(limits) {}

EventLog::Bucket& EventLog::bucket_of(const model::Event& event, Instant now) {
  const auto key = std::pair(event.code, event.uplink);
  auto at = buckets_.find(key);
  if (at == buckets_.end()) {
    // More kinds than uplinks and codes can make: forgetting the limits is the cheapest bound.
    if (buckets_.size() >= kBuckets) buckets_.clear();
    at = buckets_.emplace(key, Bucket{.tokens = limits_.burst, .filled = now, .left_out = 0}).first;
  }
  Bucket& bucket = at->second;
  const auto fresh = (now - bucket.filled) / limits_.refill;
  if (fresh > 0) {
    bucket.tokens = static_cast<unsigned>(std::min<std::int64_t>(limits_.burst, bucket.tokens + fresh));
    bucket.filled += fresh * limits_.refill;
  }
  return bucket;
}

std::optional<std::uint64_t> EventLog::add(model::Event event, std::int64_t wall_time_ms, Instant now) {
  Bucket& bucket = bucket_of(event, now);
  if (bucket.tokens == 0) {
    ++bucket.left_out;
    ++left_out_;
    return std::nullopt;
  }
  --bucket.tokens;
  ring_.push_back({.number = ++last_,
                   .wall_time_ms = wall_time_ms,
                   .left_out = std::exchange(bucket.left_out, 0),
                   .event = std::move(event)});
  if (ring_.size() > limits_.capacity) ring_.pop_front();
  // A listener may leave while it is told.
  const auto listeners = listeners_;
  const Record record = ring_.back();
  for (const auto& [number, listener] : listeners) {
    if (listeners_.contains(number)) listener(record);
  }
  return record.number;
}

std::vector<Record> EventLog::since(std::uint64_t number) const {
  const auto first = std::ranges::upper_bound(ring_, number, {}, &Record::number);
  return {first, ring_.end()};
}

std::string EventLog::line(const Record& record) const {
  const auto& event = record.event;
  std::string text =
      fmt::format(R"({{"seq":"{}.{}","n":{},"time_ms":{},"severity":"{}","code":{},"uplink":{},"text":{})", start_id_,
                  record.number, record.number, record.wall_time_ms, model::to_text(event.severity),
                  json_string(event.code), json_string(event.uplink), json_string(event.text));
  if (record.left_out > 0) text += fmt::format(R"(,"left_out":{})", record.left_out);
  text += R"(,"fields":{)";
  bool first = true;
  for (const auto& [name, value] : event.fields) {
    text += fmt::format("{}{}:{}", first ? "" : ",", json_string(name), json_string(value));
    first = false;
  }
  return text + "}}";
}

std::uint64_t EventLog::listen(Listener listener) {
  listeners_.emplace(++last_listener_, std::move(listener));
  return last_listener_;
}

void EventLog::forget(std::uint64_t listener) { listeners_.erase(listener); }

}  // namespace michi::observe
