// Every operation of a forward pass, once per instruction set; chosen at start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "kernels/attention_tile.h"
#include "kernels/packed_matrix.h"
#include "kernels/quantized_rows.h"

namespace helicon::kernels {

enum class Activation { silu, gelu_tanh };

struct KernelTable {
  std::string_view name;
  size_t panel_rows;  // of the matrices that it multiplies

  // Quantises blocks [first, last) of 32, whole groups, of the floats at `values` [columns] to row
  // `row`: the largest magnitude of a group becomes 2^4 * 127 steps; one of zeros has scale 0.
  void (*quantize_row)(const float* values, size_t row, size_t first, size_t last,
                       QuantizedRows& target);

  // outputs[row][o] = sum over columns of activations[row] * matrix[o], for the matrix's panels
  // [first, last) and all rows; outputs is [rows, stride]. By PackedKind; null for floats.
  using Multiply = void (*)(const PackedMatrix& matrix, size_t first, size_t last,
                            const QuantizedRows& activations, size_t rows, float* outputs,
                            size_t stride);
  std::array<Multiply, static_cast<size_t>(PackedKind::count)> multiply;

  // The same with float activations [rows, columns] and weights of any type, decoded as they are
  // used: the path of PackedKind::floats, and of float references.
  void (*multiply_floats)(const PackedMatrix& matrix, size_t first, size_t last,
                          const float* activations, size_t rows, float* outputs, size_t stride);

  // target[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i] (weight may be null)
  void (*rms_norm)(const float* x, const float* weight, float epsilon, size_t count, float* target);
  // target[i] = (x[i] - mean(x)) / sqrt(variance(x) + epsilon) * weight[i] + bias[i]
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon,
                     size_t count, float* target);
  // x[i] += y[i]
  void (*add)(float* x, const float* y, size_t count);
  // gate[i] = activation(gate[i]) * up[i]
  void (*gated)(Activation activation, float* gate, const float* up, size_t count);
  // x[i] *= 1 / (1 + e^-gate[i])
  void (*sigmoid_gated)(float* x, const float* gate, size_t count);
  // x[i] = gelu(x[i] + bias[i]), gelu(v) = v/2 (1 + erf(v / sqrt(2))); bias may be null
  void (*biased_gelu)(float* x, const float* bias, size_t count);
  // Rotates pairs by precomputed angles: (x[a], x[b]) with a = i, b = i + pairs (split halves) or
  // a = 2i, b = 2i + 1 (interleaved). cosines, sines: [pairs]
  void (*rotate)(float* x, const float* cosines, const float* sines, size_t pairs,
                 bool interleaved);
  // x[i] = cap * tanh(x[i] / cap)
  void (*soft_cap)(float* x, float cap, size_t count);
  // The largest of x [count]; count is at least 1.
  float (*largest)(const float* x, size_t count);
  // target[i] = e^((x[i] - top) * factor), for x[i] <= top; gives back their sum
  float (*exponentials)(const float* x, float top, float factor, size_t count, float* target);
  // Rounds one position's key and value [head_size] into slot `slot` of a page's sides.
  void (*store_key_and_value)(KeyValueType type, const float* key, const float* value,
                              size_t head_size, size_t slot, std::byte* keys, std::byte* values);
  // Takes the tile's states through its pages.
  void (*attention)(const AttentionTile& tile);
  // Folds what `count` queries gathered from later pages into what they have from earlier ones.
  void (*fold_states)(float* states, const float* later, size_t count, size_t head_size);
  // outputs [count, head_size]: the averages that the states hold.
  void (*finish_states)(const float* states, size_t count, size_t head_size, float* outputs);
};

// The tables this processor can run, best first; "portable" is always the last.
std::span<const KernelTable* const> available_kernels();
// The best one, or the one that the environment variable HELICON_KERNELS names; an unknown or
// unusable name is an error that lists the usable ones.
Result<const KernelTable*> choose_kernels();

}  // namespace helicon::kernels
