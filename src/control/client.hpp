#pragma once
// The other side of the control socket: asks one thing and waits for the answer, or follows lines.
//
// Plain blocking sockets, no HTTP library: it understands what michid answers (a length or chunks)
// and gives up on anything else. Every wait has a deadline except following.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace michi::control {

struct Response {
  unsigned status = 0;
  std::string body;
};

struct ClientFailure {
  enum class Kind : std::uint8_t { NotReachable, NotAllowed, Broken };
  Kind kind = Kind::Broken;
  std::string text;
  std::string remedy;
};

class Client {
 public:
  explicit Client(std::string path, Duration patience = seconds(30)) : path_(std::move(path)), patience_(patience) {}

  Result<Response, ClientFailure> get(const std::string& target) const;
  Result<Response, ClientFailure> post(const std::string& target, const std::string& body) const;
  /// Every line as it comes, until `line` says false or the other side ends. A refusal comes back as
  /// a response.
  Result<Response, ClientFailure> follow(const std::string& target,
                                         const std::function<bool(std::string_view)>& line) const;

 private:
  Result<Response, ClientFailure> ask(const std::string& method, const std::string& target, const std::string& body,
                                      const std::function<bool(std::string_view)>* line) const;
  std::string path_;
  Duration patience_;
};

/// For a query: everything but letters, digits and -._~ becomes %XX.
std::string percent_encoded(std::string_view text);

}  // namespace michi::control
