#pragma once
// One visitor of a variant from several lambdas.

namespace michi {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace michi
