// What a decoder needs to know of an architecture: numbers and choices, no code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernels/kernel_table.h"
#include "models/tensor_names.h"
#include "weights/model_numbers.h"

namespace helicon::models {

using weights::kMaxContext;
using weights::kMaxHeads;
using weights::kMaxHeadSize;
using weights::kMaxHidden;
using weights::kMaxLayers;
using weights::kMaxVocabulary;
using weights::ModelNumbers;

// How one layer attends.
struct LayerAttention {
  int window = 0;    // positions a query sees, itself included; 0: all
  int rotation = 0;  // index into DecoderConfig::rotations; -1: no positions
};

// A set of rotation frequencies, shared by the layers that use them.
struct Rotation {
  std::vector<float> frequencies;  // [pairs], radians a position
  float theta = 0, factor = 1;     // what they were made of
};

// RMS over each head of queries and keys, before the rotation.
enum class HeadNorm { none, plain, weighted };

// RMS of a branch before it is added: times w, without a weight, or of the branch times w.
enum class AfterNorm { none, weighted, plain, scaled_first };

// Of the router's logits, each by itself or all together.
enum class ExpertScores { sigmoid, softmax };

// A feed-forward of which each row goes through a few parts only.
struct ExpertsConfig {
  size_t count = 0;         // 0: the model has none
  size_t chosen = 0;        // of them, for a row
  size_t width = 0;         // what an expert reads and writes
  size_t feed_forward = 0;  // within an expert
  float logit_scale = 1;    // of the router's logits, before the scores
  ExpertScores scores = ExpertScores::sigmoid;
  bool corrected = true;   // SparseWeights::correction counts where scores are compared
  bool normalised = true;  // the chosen experts' weights add up to 1
  float weight_scale = 1;  // of these
  bool projected = true;   // narrower than the model: with what is around them in SparseWeights
};

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
  float after_norm_epsilon = 1e-5f;  // of the norms after branches and experts
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
  bool attended_norm = false;   // RMS over each head of what was attended, before the gate
  AfterNorm after_attention = AfterNorm::none, after_feed_forward = AfterNorm::none;
  // Of the gates g of both branches, residual and branch times what ResidualMix says; 0: added.
  float residual_temperature = 0;
  bool tied_output = false;  // the output matrix is the embedding

  std::vector<Rotation> rotations;
  std::vector<LayerAttention> layers;
  ExpertsConfig experts;
  std::vector<bool> sparse;  // by layer, whether its feed-forward is one of experts; empty: none

  bool is_sparse(size_t layer) const { return !sparse.empty() && sparse[layer]; }
};

// Whether heads divide among key/value heads and have a size that the kernels take.
Status check_heads(const DecoderConfig& config);

}  // namespace helicon::models
