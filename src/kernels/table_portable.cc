// The table in portable C++: runs anywhere, and is what the others are tested against.
#define HELICON_INSTRUCTION_SET portable
#include "kernels/attention_kernel.h"
#include "kernels/float_kernels.h"
#include "kernels/multiply_portable.h"
#include "kernels/tables.h"

namespace helicon::kernels {

const KernelTable& portable_kernels() {
  namespace here = HELICON_INSTRUCTION_SET;
  static constexpr KernelTable table = {
      .name = "portable",
      .quantize_row = here::quantize_row,
      .multiply = {here::multiply<NibblesBlock>, here::multiply<FiveBitsBlock>,
                   here::multiply<NibblesKBlock>, here::multiply<FiveBitsKBlock>,
                   here::multiply<SixBitsKBlock>, here::multiply<BytesBlock>, nullptr},
      .multiply_floats = here::multiply_floats,
      .rms_norm = here::rms_norm,
      .add = here::add,
      .gated = here::gated,
      .rotate = here::rotate,
      .soft_cap = here::soft_cap,
      .attention = here::attention,
  };
  return table;
}

}  // namespace helicon::kernels
