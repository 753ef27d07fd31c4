// What a vision tower needs to know of an architecture: numbers and choices, no code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::encoders {

// How a format calls the tensors of a tower; those of a layer follow "{layers}{index}.".
// A linear map or a norm is a ".weight" and, where it has one, a ".bias".
struct VisionNames {
  std::string_view patches, positions, norm_before, norm_after;
  std::string_view layers;
  std::string_view attention_norm, query, key, value, attention_output;
  std::string_view feed_forward_norm, up, down;
  std::string_view adapter_in, adapter_out, projection;
};

// Of an mmproj file of llama.cpp.
inline constexpr VisionNames kGgufVisionNames = {
    .patches = "v.patch_embd",
    .positions = "v.position_embd",
    .norm_before = "v.pre_ln",
    .norm_after = "v.post_ln",
    .layers = "v.blk.",
    .attention_norm = "ln1",
    .query = "attn_q",
    .key = "attn_k",
    .value = "attn_v",
    .attention_output = "attn_out",
    .feed_forward_norm = "ln2",
    .up = "ffn_up",
    .down = "ffn_down",
    .adapter_in = "mm.0",
    .adapter_out = "mm.1",
    .projection = "mm.2",
};

// What such a file does not say, as in every Muse Glimmer: which of so many layers see windows, and
// the frequencies of heads of that size.
std::vector<bool> usual_windows(size_t layers);
std::vector<float> usual_frequencies(size_t head_size);

struct VisionConfig {
  const VisionNames* names = nullptr;
  int32_t image_token = 0;  // stands for each embedding of a picture
  int32_t video_token = 0;  // and of a film; -1: it sees none
  size_t patch = 14;        // pixels of a side
  size_t frames = 2;        // of a patch, one after the other in time
  size_t hidden = 0;        // divided among heads
  size_t feed_forward = 0;
  size_t heads = 0;
  size_t table = 0;  // rows and columns of the table of positions; a window has as many patches
  size_t merge = 2;  // patches of a side that become one embedding
  size_t adapter = 0;
  size_t output = 0;                 // width of an embedding: the text model's
  float outer_norm_epsilon = 1e-5f;  // of the norms before and after all layers
  float norm_epsilon = 1e-5f;        // of the layers' norms
  float output_epsilon = 1e-5f;      // of the embedding's, which has no weight
  std::vector<float> frequencies;    // [head size / 4], radians a patch, of both axes
  // Patch n of a frame of h rows and w columns, counted row by row, reads the table of positions at
  // row (n div h) of w and column (n mod h) of h, rather than at its own.
  bool transposed_positions = false;
  bool interleaved_rotation = false;  // pairs (2i, 2i + 1) rather than (i, i + half of a head)
  bool square_patches = false;        // their matrix is stored as [hidden, 3, patch, patch]
  std::vector<bool> windowed;         // by layer: attends to its window, not to the whole picture

  size_t head_size() const { return hidden / heads; }
  size_t patch_values() const { return frames * 3 * patch * patch; }
};

// The tower of a model folder, or of a GGUF file that has nothing else (an "mmproj" file). Errors:
// not_found (its architecture has none), corrupt (missing or impossible numbers), unsupported (a
// feature that is not known, named).
Result<VisionConfig> configure_vision(const weights::ModelFile& file);

// The file that has the eyes of the model of `file` at `path`: itself, or, of a GGUF file whose
// model has eyes in a file of their own, that one, where it lies beside it: NAME.mmproj.gguf or
// mmproj-NAME.gguf for NAME.gguf, or the only one whose name begins with "mmproj". Errors: those of
// ModelFile::open.
Result<std::shared_ptr<const weights::ModelFile>> find_eyes(
    std::shared_ptr<const weights::ModelFile> file, const std::filesystem::path& path);

}  // namespace helicon::encoders
