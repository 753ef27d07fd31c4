// The matrix products of a pass: activations quantised, work cut into pieces for the threads.
#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "models/decoder_weights.h"

namespace helicon::models {

// outputs [rows, matrix.rows] = activations [rows, matrix.columns] times the matrix, transposed.
struct Product {
  const PackedMatrix* matrix;
  float* outputs;
};

class DecoderProducts {
 public:
  // Both must outlive it.
  DecoderProducts(const kernels::KernelTable& kernels, ThreadPool& threads)
      : kernels_(kernels), threads_(threads) {}

  // All products share the activations x [rows, columns] and one parallel section.
  void multiply(std::span<const Product> products, const float* x, size_t rows, size_t columns);

  // The feed-forward of a layer: outputs [rows, hidden] =
  //   (activation(x gate) * (x up)) down, for x [rows, hidden].
  // gate and up [rows, feed_forward] are working memory. Who has multiplied some columns of gate
  // and up joins them and quantises them, too, while they are in its cache.
  void feed_forward(const LayerWeights& weights, kernels::Activation activation, const float* x,
                    size_t rows, float* gate, float* up, float* outputs);

 private:
  void quantize(std::span<const Product> products, const float* x, size_t rows, size_t columns);
  void multiply_quantized(std::span<const Product> products,
                          const kernels::QuantizedRows& quantized, const float* x, size_t rows);
  void multiply_panels(const Product& product, size_t first, size_t last,
                       const kernels::QuantizedRows& quantized, const float* x, size_t rows);

  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  kernels::QuantizedRows quantized_, joined_;
};

}  // namespace helicon::models
