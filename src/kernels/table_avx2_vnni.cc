// The table for AVX2 with the 8-bit dot products of AVX-512 VNNI and VL.
#if defined(__x86_64__)
#define HELICON_INSTRUCTION_SET avx2_vnni
#define HELICON_AVX2
#define HELICON_VNNI
#define HELICON_TABLE avx2_vnni_kernels
#define HELICON_TABLE_NAME "avx2-vnni"
#define HELICON_MULTIPLY multiply_vector
#include "kernels/multiply_avx2.h"
#include "kernels/table_body.h"
#endif
