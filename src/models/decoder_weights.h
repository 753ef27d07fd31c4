// A decoder's weights: found by name, checked against the shapes its config calls for, packed.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "models/config.h"
#include "weights/tensor_loader.h"

namespace helicon::models {

using weights::LoadOptions;
using weights::PackedMatrix;

// What a residual and a branch are multiplied by before they are added: with w = gate /
// temperature, take = sigmoid(w) and keep = sqrt(max(sigmoid(-w) (1 + take), 0.001)).
struct ResidualMix {
  std::vector<float> keep, take;  // [hidden], or empty: 1
};

struct ExpertWeights {
  PackedMatrix gate, up;  // [feed_forward, width]
  PackedMatrix down;      // [width, feed_forward]
};
struct SparseWeights {
  PackedMatrix router;            // [experts, hidden]
  std::vector<float> correction;  // [experts]: added to scores where they are compared, or empty
  PackedMatrix in;                // [width, hidden], or none, and so are the others around experts
  std::vector<float> in_norm;     // [width]
  std::vector<ExpertWeights> experts;
  std::vector<float> after_norm;  // [width]: what an expert says is multiplied by, then RMS
  PackedMatrix out;               // [hidden, width]
};

struct LayerWeights {
  std::vector<float> attention_norm;                    // [hidden]
  PackedMatrix query;                                   // [heads * head_size, hidden]
  PackedMatrix key, value;                              // [kv_heads * head_size, hidden]
  std::vector<float> query_bias, key_bias, value_bias;  // as the rows of their matrices, or empty
  std::vector<float> query_norm, key_norm;              // [head_size], or empty
  PackedMatrix attention_gate;                          // [heads * head_size, hidden], or none
  PackedMatrix output;                                  // [hidden, heads * head_size]
  std::vector<float> after_attention_norm;              // [hidden], or empty
  ResidualMix attention_mix, feed_forward_mix;
  std::vector<float> feed_forward_norm;        // [hidden]
  std::unique_ptr<SparseWeights> sparse;       // instead of the three below
  PackedMatrix gate, up;                       // [feed_forward, hidden]
  PackedMatrix down;                           // [hidden, feed_forward]
  std::vector<float> after_feed_forward_norm;  // [hidden], or empty
};

// Where experts are while nobody needs them: packed in memory, or in the mapped file, to be read
// from the disk when they are chosen.
enum class ExpertsIn { memory, file };

struct DecoderWeights {
  ExpertsIn experts = ExpertsIn::memory;
  weights::LoadedTensors tensors;                  // what the matrices point into
  const weights::TensorView* embedding = nullptr;  // [vocabulary, hidden], in the file
  PackedMatrix output;                             // [vocabulary, hidden]
  std::vector<float> output_norm;                  // [hidden]
  std::vector<LayerWeights> layers;
};

// Adds what the layers call for, and makes room for it in `layers`, which must stay where it is.
void expect_layers(const DecoderConfig& config, ExpertsIn experts,
                   std::vector<LayerWeights>& layers, weights::ExpectedTensors& expected);
// Errors: corrupt, where the file has more layers than it says.
Status check_layers(const weights::ModelFile& file, const DecoderConfig& config);

// Bytes that the weights will take in memory, packed and mapped, so that it can be refused first.
// Of experts in the file, those that one row goes through in a layer.
Result<size_t> required_bytes(const weights::ModelFile& file, const DecoderConfig& config,
                              ExpertsIn experts, const LoadOptions& options);

// Errors: corrupt (a missing tensor, a wrong shape or type; named), out_of_memory, cancelled, io
// (the file was cut short while it was read).
Result<DecoderWeights> load_decoder_weights(std::shared_ptr<const weights::ModelFile> file,
                                            const DecoderConfig& config, ExpertsIn experts,
                                            ThreadPool& threads, const LoadOptions& options);

}  // namespace helicon::models
