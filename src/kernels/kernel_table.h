// Every operation of a forward pass, once per instruction set; chosen at start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "kernels/packed_matrix.h"
#include "kernels/quantized_rows.h"

namespace helicon::kernels {

enum class Activation { silu, gelu_tanh };

inline constexpr size_t kPagePositions = 32;  // positions a page of keys and values holds

// Queries of one tile against the pages of one sequence, for one key/value head.
struct AttentionTile {
  const float* queries;  // [count, head_size]
  float* outputs;        // [count, head_size]
  const int* positions;  // [count] absolute position of each query: it sees keys up to itself
  size_t count = 0;      // at most kAttentionTile
  size_t head_size = 0;  // a multiple of 8, at most 256
  // The sequence's p-th page, number pages[p], holds positions [32 p, 32 p + 32): its keys
  // [head_size, 32] at keys + pages[p] * page_stride, its values [32, head_size] likewise. Unused
  // slots hold finite numbers.
  const uint32_t* pages;
  const float* keys;
  const float* values;
  size_t page_stride = 0;  // in floats
  int window = 0;          // positions a query sees, itself included; 0: all
  float scale = 1;         // of the scores
  float soft_cap = 0;      // 0: none; else cap * tanh(score / cap)
};
inline constexpr size_t kAttentionTile = 64;

struct KernelTable {
  std::string_view name;
  size_t panel_rows;  // of the matrices that it multiplies

  // Quantises floats [columns] (a multiple of 32) to row `row`: the largest magnitude of a block
  // becomes 15 * 127; a block of zeros has scale 0.
  void (*quantize_row)(const float* values, size_t row, QuantizedRows& target);

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
  // x[i] += y[i]
  void (*add)(float* x, const float* y, size_t count);
  // gate[i] = activation(gate[i]) * up[i]
  void (*gated)(Activation activation, float* gate, const float* up, size_t count);
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
  void (*attention)(const AttentionTile& tile);
};

// The tables this processor can run, best first; "portable" is always the last.
std::span<const KernelTable* const> available_kernels();
// The best one, or the one that the environment variable HELICON_KERNELS names; an unknown or
// unusable name is an error that lists the usable ones.
Result<const KernelTable*> choose_kernels();

}  // namespace helicon::kernels
