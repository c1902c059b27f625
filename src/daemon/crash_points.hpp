#pragma once
// Test builds only: `--crash-at NAME[:N]` kills the process, without a word, the N-th time it passes
// that point. `--crash-at list` prints the names.

#include <functional>
#include <string>
#include <string_view>

namespace michi::daemon {

#ifdef MICHI_CRASH_POINTS
inline constexpr bool kHasCrashPoints = true;
#else
inline constexpr bool kHasCrashPoints = false;
#endif

/// One name a line.
std::string crash_point_names();
/// Empty function when `where` names no point.
std::function<void(std::string_view)> crash_at(const std::string& where);

}  // namespace michi::daemon
