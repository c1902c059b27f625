// michi plan, michi flush

#include <boost/json.hpp>

#include "cli/app.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace michi::cli {

int plan(Context& context) {
  int status = kDone;
  const auto answer = answer_of(context, context.client().get("/v1/plan"), status);
  if (!answer || print_json(context, *answer)) return status;
  const auto lines = texts_at(*answer, "lines");
  for (const auto& line : lines) context.out << line << "\n";
  if (lines.empty()) context.out << "the kernel is as it should be\n";
  return status;
}

int flush(Context& context) {
  int status = kDone;
  auto result = context.client().post("/v1/flush", "");
  if (!result && result.error().kind == control::ClientFailure::Kind::NotReachable) {
    result.error().remedy = "when no daemon is running, `michid --flush` does the same";
  }
  const auto answer = answer_of(context, result, status);
  if (answer && !print_json(context, *answer)) {
    context.out << "everything of michi's is being taken out of the kernel; the daemon ends after that\n";
  }
  return status;
}

}  // namespace michi::cli
