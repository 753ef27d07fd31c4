// What a decoder needs to know of an architecture: numbers and choices, no code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernel_table.h"
#include "models/tensor_names.h"

namespace helicon::models {

// How one layer attends.
struct LayerAttention {
  int window = 0;    // positions a query sees, itself included; 0: all
  int rotation = 0;  // index into DecoderConfig::rotations; -1: no positions
};

// A set of rotation frequencies, shared by the layers that use them.
struct Rotation {
  std::vector<float> frequencies;  // [pairs], radians a position
};

// RMS over each head of queries and keys, before the rotation.
enum class HeadNorm { none, plain, weighted };

struct DecoderConfig {
  const TensorNames* names = &kGgufNames;  // of the file's format
  size_t vocabulary = 0;
  size_t hidden = 0;
  size_t feed_forward = 0;
  size_t heads = 0;
  size_t kv_heads = 0;
  size_t head_size = 0;
  size_t context = 0;  // positions the model was made for

  float norm_epsilon = 1e-5f;
  float after_norm_epsilon = 1e-5f;  // of after_norms
  float norm_offset = 0;             // added to the weights of all norms of the layers, at load
  float embedding_scale = 1;
  bool embedding_norm = false;        // RMS of what is looked up, without a weight
  std::vector<int32_t> placeholders;  // tokens that stand for a medium: without one, token 0
  float attention_scale = 1;          // of query times key
  float attention_soft_cap = 0;       // 0: none
  float logit_scale = 1;              // of the logits, before the cap
  float final_soft_cap = 0;           // 0: none
  kernels::Activation activation = kernels::Activation::silu;
  bool interleaved_rotation = false;  // pairs (2i, 2i + 1) rather than (i, i + pairs)
  bool attention_bias = false;        // of query, key and value
  HeadNorm query_key_norm = HeadNorm::none;
  bool attention_gate = false;  // sigmoid(gate of the normed input) times what was attended
  bool after_norms = false;     // RMS after attention and after feed-forward
  bool tied_output = false;     // the output matrix is the embedding

  std::vector<Rotation> rotations;
  std::vector<LayerAttention> layers;
};

}  // namespace helicon::models
