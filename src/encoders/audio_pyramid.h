// Muse Spark's ears: raw sound in, embeddings for the text model out (transformers 5.23.0,
// models/muse_spark). A pyramid of causal convolutions: each level joins some neighbours in time,
// and what an embedding says depends on what was before it, never on what follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_limit.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/products.h"
#include "weights/tensor_loader.h"

namespace helicon::encoders {

struct AudioConfig {
  struct Level {
    size_t patch = 0;   // neighbours of the level below that become one
    size_t hidden = 0;  // numbers each has
    size_t blocks = 0;
  };
  std::vector<Level> levels;
  size_t kernel = 7;     // times that a convolution sees, its own included
  size_t mlp_ratio = 4;  // of a block's feed-forward
  size_t output = 0;     // width of an embedding: the text model's
  float norm_epsilon = 1e-6f;
  float output_epsilon = 1e-5f;  // of the norm that token embeddings have, too
  int32_t token = 0;             // stands for each embedding of a sound

  size_t samples_per_token() const;
};

// Errors: not_found (its architecture has no ears), corrupt, unsupported.
Result<AudioConfig> configure_audio(const weights::ModelFile& file);

class AudioPyramid {
 public:
  // Of a model folder. `exact`: 32-bit activations. Threads must outlive it. Errors: those of
  // configure_audio and weights::load_tensors; out_of_memory.
  static Result<AudioPyramid> open(std::shared_ptr<const weights::ModelFile> file,
                                   ThreadPool& threads, bool exact);
  AudioPyramid(AudioPyramid&&) noexcept;
  ~AudioPyramid();

  const AudioConfig& config() const { return config_; }

  // What has been heard so far: samples that are no whole embedding yet, and the past that each
  // convolution still sees. A default one has heard nothing.
  class Heard {
   public:
    Heard() = default;

   private:
    friend class AudioPyramid;
    std::vector<float> rest_;
    std::vector<std::vector<float>> past_;  // by block: [kernel - 1, hidden]
  };

  // Takes mono samples in [-1, 1] as they come, in pieces of any length, and gives back the
  // embeddings that are certain: [some, output]. In any pieces they are the same to the last bit.
  std::vector<float> hear(std::span<const float> samples, Heard& heard);
  // All of a sound at once: [tokens, output].
  std::vector<float> hear_all(std::span<const float> samples);
  // The last one, if samples are left over: silence fills it up.
  std::vector<float> finish(Heard& heard);

 private:
  struct Weights;

  AudioPyramid(AudioConfig config, const kernels::KernelTable& kernels, ThreadPool& threads);
  void run(std::span<const float> samples, Heard& heard, std::vector<float>& embeddings);
  void run_block(size_t level, size_t block, std::vector<float>& past, std::vector<float>& rows);

  AudioConfig config_;
  MemoryClaim memory_;
  std::unique_ptr<Weights> weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  std::unique_ptr<kernels::Products> products_;
};

}  // namespace helicon::encoders
