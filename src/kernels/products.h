// The matrix products of a pass: activations quantised, work cut into pieces for the threads.
#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace helicon::kernels {

// outputs [rows, matrix.rows] = activations [rows, matrix.columns] times the matrix, transposed.
struct Product {
  const PackedMatrix* matrix;
  float* outputs;
};

// The matrices of a gated feed-forward: gate and up [inner, hidden], down [hidden, inner].
struct FeedForward {
  const PackedMatrix *gate, *up, *down;
};

class Products {
 public:
  // Both must outlive it.
  Products(const KernelTable& kernels, ThreadPool& threads)
      : kernels_(kernels), threads_(threads) {}

  // All products share the activations x [rows, columns] and one parallel section.
  void multiply(std::span<const Product> products, const float* x, size_t rows, size_t columns);

  // outputs [rows, hidden] = (activation(x gate) * (x up)) down, for x [rows, hidden].
  // gate and up [rows, inner] are working memory. Who has multiplied some columns of gate and up
  // joins them and quantises them, too, while they are in its cache.
  void feed_forward(const FeedForward& weights, Activation activation, const float* x, size_t rows,
                    float* gate, float* up, float* outputs);

 private:
  void quantize(std::span<const Product> products, const float* x, size_t rows, size_t columns);
  void multiply_quantized(std::span<const Product> products, const QuantizedRows& quantized,
                          const float* x, size_t rows);
  void multiply_panels(const Product& product, size_t first, size_t last,
                       const QuantizedRows& quantized, const float* x, size_t rows);

  const KernelTable& kernels_;
  ThreadPool& threads_;
  QuantizedRows quantized_, joined_;
};

}  // namespace helicon::kernels
