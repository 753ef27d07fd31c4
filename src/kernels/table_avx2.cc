// The table for AVX2 with FMA and F16C.
#if defined(__x86_64__)
#define HELICON_INSTRUCTION_SET avx2
#define HELICON_AVX2
#define HELICON_TABLE avx2_kernels
#define HELICON_TABLE_NAME "avx2"
#define HELICON_PANEL_ROWS 8
#define HELICON_MULTIPLY multiply_vector
#include "kernels/multiply_avx2.h"
#include "kernels/table_body.h"
#endif
