// The body of every table. A file includes it after its multiply kernels, and says before
//   HELICON_INSTRUCTION_SET  the namespace that all of it is compiled in
//   HELICON_TABLE            the function that gives the table (tables.h), HELICON_TABLE_NAME its
//   name
//   HELICON_PANEL_ROWS       8 or 16
//   HELICON_MULTIPLY         the multiply kernel, a template over the packed block
#include "kernels/attention_kernel.h"
#include "kernels/float_kernels.h"
#include "kernels/float_products.h"
#include "kernels/tables.h"

namespace helicon::kernels {

const KernelTable& HELICON_TABLE() {
  namespace here = HELICON_INSTRUCTION_SET;
  static constexpr KernelTable table = {
      .name = HELICON_TABLE_NAME,
      .panel_rows = HELICON_PANEL_ROWS,
      .quantize_row = here::quantize_row,
      .multiply = {here::HELICON_MULTIPLY<NibblesBlock<HELICON_PANEL_ROWS>>,
                   here::HELICON_MULTIPLY<FiveBitsBlock<HELICON_PANEL_ROWS>>,
                   here::HELICON_MULTIPLY<NibblesKBlock<HELICON_PANEL_ROWS>>,
                   here::HELICON_MULTIPLY<FiveBitsKBlock<HELICON_PANEL_ROWS>>,
                   here::HELICON_MULTIPLY<SixBitsKBlock<HELICON_PANEL_ROWS>>,
                   here::HELICON_MULTIPLY<BytesBlock<HELICON_PANEL_ROWS>>, nullptr},
      .multiply_floats = here::multiply_floats,
      .rms_norm = here::rms_norm,
      .layer_norm = here::layer_norm,
      .add = here::add,
      .gated = here::gated,
      .sigmoid_gated = here::sigmoid_gated,
      .biased_gelu = here::biased_gelu,
      .rotate = here::rotate,
      .soft_cap = here::soft_cap,
      .largest = here::largest_of,
      .exponentials = here::exponentials,
      .store_key_and_value = here::store_key_and_value,
      .attention = here::attention,
      .fold_states = here::fold_states,
      .finish_states = here::finish_states,
  };
  return table;
}

}  // namespace helicon::kernels
