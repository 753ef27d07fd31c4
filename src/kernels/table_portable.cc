// The table in portable C++: runs anywhere, and is what the others are tested against.
#define HELICON_INSTRUCTION_SET portable
#define HELICON_TABLE portable_kernels
#define HELICON_TABLE_NAME "portable"
#define HELICON_PANEL_ROWS 8
#define HELICON_MULTIPLY multiply
#include "kernels/multiply_portable.h"
#include "kernels/table_body.h"
