// The table for AVX-512 with the 8-bit dot products of VNNI.
#if defined(__x86_64__)
#define HELICON_INSTRUCTION_SET avx512
#define HELICON_AVX2
#define HELICON_TABLE avx512_kernels
#define HELICON_TABLE_NAME "avx512-vnni"
#define HELICON_PANEL_ROWS 16
#define HELICON_MULTIPLY multiply_vector
#include "kernels/multiply_avx512.h"
#include "kernels/table_body.h"
#endif
