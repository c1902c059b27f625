// michi trace NAME [-w FILE]

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "cli/app.hpp"
#include "cli/pcapng.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

namespace json = boost::json;

namespace {

class Sink {
 public:
  Sink(Context& context, const TraceOrder& order) : context_(context) {
    if (order.file.empty()) return;
    if (order.file == "-") {
      capture_ = &context.out;
    } else {
      file_.open(order.file, std::ios::binary | std::ios::trunc);
      capture_ = &file_;
    }
    *capture_ << pcapng_header(order.name) << std::flush;
  }

  bool good() const { return capture_ == nullptr || capture_->good(); }
  bool cut() const { return cut_; }

  /// False: no more.
  bool on_line(std::string_view line) {
    boost::system::error_code error;
    const json::value frame = json::parse(json::string_view(line.data(), line.size()), error);
    if (error) return true;
    if (const auto why = text_at(frame, "cut"); !why.empty()) {
      context_.err << "michi: " << why << "\n";
      cut_ = true;
      return false;
    }
    const bool out = text_at(frame, "direction") == "out";
    const auto time = number_at(frame, "time_ns").value_or(0);
    if (capture_ != nullptr) {
      const auto octets = from_hex(text_at(frame, "frame"));
      const auto link = text_at(frame, "link") == "raw" ? CaptureLink::Raw : CaptureLink::Ethernet;
      if (octets) *capture_ << pcapng_packet(time, out, link, *octets) << std::flush;
    }
    if (capture_ != &context_.out) {
      context_.out << (context_.json ? std::string(line)
                                     : fmt::format("{} {} {}", time_text(time / 1'000'000), out ? ">" : "<",
                                                   text_at(frame, "text")))
                   << "\n"
                   << std::flush;
    }
    return good() && context_.out.good();
  }

 private:
  Context& context_;
  std::ofstream file_;
  std::ostream* capture_ = nullptr;
  bool cut_ = false;
};

}  // namespace

int trace(Context& context, const TraceOrder& order) {
  Sink sink(context, order);
  if (!sink.good()) {
    const auto cause = std::generic_category().message(errno);
    return tell_failure(context, "file", fmt::format("cannot write {}: {}", order.file, cause));
  }
  const auto result = context.client().follow("/v1/trace/" + control::percent_encoded(order.name),
                                              [&](std::string_view line) { return sink.on_line(line); });
  if (!result) return tell_failure(context, result.error());
  int status = kDone;
  if (result->status != 200) {
    answer_of(context, result, status);
    return status;
  }
  if (!sink.good()) return tell_failure(context, "file", "cannot write " + order.file);
  return sink.cut() ? kFailed : kDone;
}

}  // namespace michi::cli
