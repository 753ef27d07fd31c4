// The body of the tables for AVX2, with and without VNNI; each defines HELICON_TABLE and
// HELICON_TABLE_NAME and includes this.
#include "kernels/attention_kernel.h"
#include "kernels/float_kernels.h"
#include "kernels/multiply_avx2.h"
#include "kernels/tables.h"

namespace helicon::kernels {

const KernelTable& HELICON_TABLE() {
  namespace here = HELICON_INSTRUCTION_SET;
  static constexpr KernelTable table = {
      .name = HELICON_TABLE_NAME,
      .quantize_row = here::quantize_row,
      .multiply = {here::multiply_vector<NibblesBlock>, here::multiply_vector<FiveBitsBlock>,
                   here::multiply_vector<NibblesKBlock>, here::multiply_vector<FiveBitsKBlock>,
                   here::multiply_vector<SixBitsKBlock>, here::multiply_vector<BytesBlock>,
                   nullptr},
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
