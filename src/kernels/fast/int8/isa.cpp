#include "kernels/fast/int8/isa.h"

#include <cstdlib>
#include <string_view>

namespace Atoll::int8 {

IsaList runnable_isas() {
  IsaList isas{{&kPortable}, 1};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) isas.list[isas.count++] = &kAvx2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
    isas.list[isas.count++] = &kAvx512;
#endif
  return isas;
}

const Isa& isa() {
  static const Isa* const chosen = [] {
    const IsaList isas = runnable_isas();
    const char* wanted = std::getenv("ATOLL_ISA");
    for (int i = 0; wanted && i < isas.count; ++i)
      if (std::string_view(isas.list[i]->name) == wanted) return isas.list[i];
    return isas.list[isas.count - 1];
  }();
  return *chosen;
}

const Isa& asymmetric_isa() {
  if (isa().weighs_asymmetrically) return isa();
  const IsaList isas = runnable_isas();
  int best = isas.count - 1;
  while (!isas.list[best]->weighs_asymmetrically) --best;  // the portable one does
  return *isas.list[best];
}

}  // namespace Atoll::int8
