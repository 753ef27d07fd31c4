// A decoder's weights: found by name, checked against the shapes its config calls for, packed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/packed_matrix.h"
#include "models/config.h"
#include "weights/model_file.h"
#include "weights/packed_file.h"

namespace helicon::models {

using kernels::PackedMatrix;

struct LayerWeights {
  std::vector<float> attention_norm;                    // [hidden]
  PackedMatrix query;                                   // [heads * head_size, hidden]
  PackedMatrix key, value;                              // [kv_heads * head_size, hidden]
  std::vector<float> query_bias, key_bias, value_bias;  // as the rows of their matrices, or empty
  std::vector<float> query_norm, key_norm;              // [head_size], or empty
  PackedMatrix attention_gate;                          // [heads * head_size, hidden], or none
  PackedMatrix output;                                  // [hidden, heads * head_size]
  std::vector<float> after_attention_norm;              // [hidden], or empty
  std::vector<float> feed_forward_norm;                 // [hidden]
  PackedMatrix gate, up;                                // [feed_forward, hidden]
  PackedMatrix down;                                    // [hidden, feed_forward]
  std::vector<float> after_feed_forward_norm;           // [hidden], or empty
};

struct LoadOptions {
  bool exact = false;  // keep activations in 32-bit floats: slow, a reference for the kernels
  size_t panel_rows = kernels::kPanelRows;  // what the kernels want (KernelTable::panel_rows)
  std::filesystem::path packed_folder;  // where packed weights are kept for the next start, or none
  std::function<void(double)> on_progress;  // fraction done; on the loading thread
  std::stop_token stop;
};

// Anonymous memory for packed matrices, in huge pages where the system gives them.
class PackedMemory {
 public:
  static Result<PackedMemory> allocate(size_t bytes);
  PackedMemory() = default;
  PackedMemory(PackedMemory&& other) noexcept;
  PackedMemory& operator=(PackedMemory&& other) noexcept;
  ~PackedMemory();
  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

struct DecoderWeights {
  std::shared_ptr<const weights::ModelFile>
      file;             // the embedding, and what is not packed, is read from it
  PackedMemory memory;  // what was packed now, or
  std::unique_ptr<const weights::PackedFile> packed;  // kept by an earlier start
  std::unique_ptr<weights::PackedWriter> writer;      // keeps it for the next one
  const weights::TensorView* embedding = nullptr;     // [vocabulary, hidden]
  PackedMatrix output;                                // [vocabulary, hidden]
  std::vector<float> output_norm;                     // [hidden]
  std::vector<LayerWeights> layers;

  // False once a file was cut short under us (ModelFile::intact).
  bool intact() const { return file->intact() && (!packed || packed->intact()); }
};

// Bytes that the weights will take in memory, packed and mapped, so that it can be refused first.
Result<size_t> required_bytes(const weights::ModelFile& file, const DecoderConfig& config,
                              const LoadOptions& options);

// Errors: corrupt (a missing tensor, a wrong shape or type; named), out_of_memory, cancelled, io
// (the file was cut short while it was read).
Result<DecoderWeights> load_decoder_weights(std::shared_ptr<const weights::ModelFile> file,
                                            const DecoderConfig& config, ThreadPool& threads,
                                            const LoadOptions& options);

}  // namespace helicon::models
