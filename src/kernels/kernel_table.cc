#include "kernels/kernel_table.h"

#include <fmt/format.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/tables.h"

namespace helicon::kernels {

std::span<const KernelTable* const> available_kernels() {
  static const std::vector<const KernelTable*> tables = [] {
    std::vector<const KernelTable*> usable;
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("f16c");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni"))
      usable.push_back(&avx512_kernels());
    if (avx2) usable.push_back(&avx2_kernels());
#elif defined(__aarch64__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) usable.push_back(&neon_kernels());
#endif
    usable.push_back(&portable_kernels());
    return usable;
  }();
  return tables;
}

Result<const KernelTable*> choose_kernels() {
  const char* wanted = std::getenv("HELICON_KERNELS");
  if (!wanted || !*wanted) return available_kernels().front();
  std::string names;
  for (const KernelTable* table : available_kernels()) {
    if (table->name == wanted) return table;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", table->name);
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("HELICON_KERNELS is \"{}\"; this machine can run: {}", wanted, names)};
}

}  // namespace helicon::kernels
