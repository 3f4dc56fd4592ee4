// Included first where the compiler is clang: before version 17 it does not deduce the arguments of an aggregate, as
// std::visit(overloaded{…}, op) needs.
#pragma once

namespace Atoll {

template <class... Ts>
struct overloaded;
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace Atoll
