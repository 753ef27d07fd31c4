#include "kernels/products.h"

#include <algorithm>

namespace helicon::kernels {
namespace {

bool is_packed(const PackedMatrix& matrix) { return matrix.kind != PackedKind::floats; }

// About eight pieces a thread: small enough to even out, large enough to stream.
size_t grain(size_t count, const ThreadPool& threads) {
  return std::max<size_t>(1, count / (8 * static_cast<size_t>(threads.size())));
}

}  // namespace

void Products::multiply(std::span<const Product> products, const float* x, size_t rows,
                        size_t columns) {
  quantize(products, x, rows, columns);
  multiply_quantized(products, quantized_, x, rows);
}

void Products::quantize(std::span<const Product> products, const float* x, size_t rows,
                        size_t columns) {
  size_t group = 0;
  for (const Product& product : products)
    if (is_packed(*product.matrix)) group = std::max(group, group_of(product.matrix->kind));
  if (group == 0) return;
  quantized_.resize(rows, columns, group);
  threads_.for_ranges(rows, 2, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      kernels_.quantize_row(x + row * columns, row, 0, columns / kBlock, quantized_);
  });
}

void Products::multiply_quantized(std::span<const Product> products, const QuantizedRows& quantized,
                                  const float* x, size_t rows) {
  size_t panels = 0;
  for (const Product& product : products) panels += product.matrix->panels();
  threads_.for_ranges(panels, grain(panels, threads_), [&](size_t first, size_t last) {
    size_t start = 0;  // of the product, among all panels
    for (const Product& product : products) {
      const size_t end = start + product.matrix->panels();
      const size_t from = std::max(first, start), to = std::min(last, end);
      if (from < to) multiply_panels(product, from - start, to - start, quantized, x, rows);
      start = end;
    }
  });
}

void Products::multiply_panels(const Product& product, size_t first, size_t last,
                               const QuantizedRows& quantized, const float* x, size_t rows) {
  const PackedMatrix& matrix = *product.matrix;
  if (is_packed(matrix))
    kernels_.multiply[static_cast<size_t>(matrix.kind)](matrix, first, last, quantized, rows,
                                                        product.outputs, matrix.rows);
  else
    kernels_.multiply_floats(matrix, first, last, x, rows, product.outputs, matrix.rows);
}

void Products::feed_forward(const FeedForward& weights, Activation activation, const float* x,
                            size_t rows, float* gate, float* up, float* outputs) {
  const Product in[] = {{weights.gate, gate}, {weights.up, up}};
  const Product out[] = {{weights.down, outputs}};
  const size_t inner = weights.gate->rows;
  quantize(in, x, rows, weights.gate->columns);
  const bool quantize_joined = is_packed(*weights.down);
  // Columns of the joined rows that share a scale are made by one thread. They are whole panels,
  // whether these have eight rows or sixteen.
  const size_t group = quantize_joined ? group_of(weights.down->kind) : kBlock;
  if (quantize_joined) joined_.resize(rows, inner, group);
  const size_t groups = (inner + group - 1) / group;
  threads_.for_ranges(groups, grain(groups, threads_), [&](size_t first, size_t last) {
    const size_t column = first * group, end = std::min(last * group, inner);
    for (const Product& product : in) {
      const size_t panel = product.matrix->panel_rows;
      multiply_panels(product, column / panel, (end + panel - 1) / panel, quantized_, x, rows);
    }
    for (size_t row = 0; row < rows; ++row) {
      float* joined = gate + row * inner;
      kernels_.gated(activation, joined + column, up + row * inner + column, end - column);
      if (quantize_joined)
        kernels_.quantize_row(joined, row, column / kBlock, end / kBlock, joined_);
    }
  });
  multiply_quantized(out, joined_, gate, rows);
}

}  // namespace helicon::kernels
