// A vision tower: patches of a picture or film in, embeddings for the text model out.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "encoders/patch_grid.h"
#include "encoders/vision_config.h"
#include "encoders/vision_weights.h"
#include "kernels/kernel_table.h"
#include "kernels/products.h"

namespace helicon::encoders {

struct EncodeOptions {
  std::function<void(double)> on_progress;  // fraction of the layers done; on the calling thread
  std::stop_token stop;                     // looked at before each layer
};

class VisionTower {
 public:
  // Kernels and threads must outlive it. `type`: what keys and values are rounded to.
  VisionTower(VisionConfig config, VisionWeights weights, const kernels::KernelTable& kernels,
              ThreadPool& threads, kernels::KeyValueType type);
  ~VisionTower();

  const VisionConfig& config() const { return config_; }

  // Working memory for so many patches, in bytes.
  size_t scratch_bytes(size_t patches) const;

  // patches: [grid.patches(), patch values], frame by frame, row by row; each patch's values by
  // (frame, channel, row, column), in [-1, 1]. Gives back [grid.embeddings(), output], in the same
  // order. One medium at a time. Errors: invalid_argument (a grid that does not fit them, or
  // cannot be merged), out_of_memory, cancelled, io (the weights were cut short).
  Result<std::vector<float>> encode(std::span<const float> patches, const PatchGrid& grid,
                                    const EncodeOptions& options = {});

 private:
  struct Pass;

  Status check(std::span<const float> patches, const PatchGrid& grid) const;
  void embed(std::span<const float> patches, Pass& pass);
  void prepare_attention(const VisionLayer& layer, Pass& pass, bool windowed);
  void attend(Pass& pass, bool windowed);
  void finish_layer(const VisionLayer& layer, Pass& pass);
  std::vector<float> merge(Pass& pass);

  VisionConfig config_;
  VisionWeights weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  kernels::KeyValueType type_;
  kernels::Products products_;
};

}  // namespace helicon::encoders
