#pragma once
// The one way a function of michi says that it may fail.
//
// World failures and malformed input travel as values; exceptions never cross a room. Ignoring a
// result is spelled `std::ignore = f();`.

#include <expected>

namespace michi {

template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
using Fault = std::unexpected<E>;

}  // namespace michi
