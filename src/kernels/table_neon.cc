// The table for 64-bit ARM with the 8-bit dot products of its extension DotProd.
#if defined(__aarch64__)
#define HELICON_INSTRUCTION_SET neon
#define HELICON_NEON
#define HELICON_TABLE neon_kernels
#define HELICON_TABLE_NAME "neon-dotprod"
#define HELICON_PANEL_ROWS 8
#define HELICON_MULTIPLY multiply_vector
#include "kernels/multiply_neon.h"
#include "kernels/table_body.h"
#endif
