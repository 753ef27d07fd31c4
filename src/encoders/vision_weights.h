// A vision tower's weights: found by name, checked against the shapes its config calls for, packed.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "encoders/linear.h"
#include "encoders/vision_config.h"
#include "weights/tensor_loader.h"

namespace helicon::encoders {

using weights::PackedMatrix;

struct VisionNorm {
  std::vector<float> weight, bias;  // [hidden]
};
struct VisionLayer {
  VisionNorm attention_norm;
  Linear query, key, value, output;  // [hidden, hidden]
  VisionNorm feed_forward_norm;
  Linear up;    // [feed_forward, hidden]
  Linear down;  // [hidden, feed_forward]
};

struct VisionWeights {
  weights::LoadedTensors tensors;  // what the matrices point into
  std::vector<float> positions;    // [table * table, hidden]
  PackedMatrix patches;            // [hidden, patch values]
  VisionNorm norm_before, norm_after;
  std::vector<VisionLayer> layers;
  PackedMatrix adapter_in;   // [adapter, hidden * merge^2]
  PackedMatrix adapter_out;  // [adapter, adapter]
  PackedMatrix projection;   // [output, adapter]
};

// Bytes that the weights will take in memory, packed and mapped, so that it can be refused first.
Result<size_t> required_bytes(const weights::ModelFile& file, const VisionConfig& config,
                              const weights::LoadOptions& options);

// Errors: those of weights::load_tensors.
Result<VisionWeights> load_vision_weights(std::shared_ptr<const weights::ModelFile> file,
                                          const VisionConfig& config, ThreadPool& threads,
                                          const weights::LoadOptions& options);

}  // namespace helicon::encoders
