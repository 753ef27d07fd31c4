// The kernel tables by name, as far as this build has them; kernel_table.cc chooses among them.
#pragma once

#include "kernels/kernel_table.h"

namespace helicon::kernels {

const KernelTable& portable_kernels();
#if defined(__x86_64__)
const KernelTable& avx2_kernels();    // AVX2, FMA, F16C
const KernelTable& avx512_kernels();  // these with AVX-512 F, BW, DQ, VL and VNNI
#elif defined(__aarch64__)
const KernelTable& neon_kernels();  // NEON with DotProd
#endif

}  // namespace helicon::kernels
