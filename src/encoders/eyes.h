// A model's eyes: from a picture or a film to what its text model reads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_limit.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "encoders/vision_tower.h"
#include "media/film.h"
#include "media/picture_patches.h"
#include "weights/model_file.h"

namespace helicon::encoders {

class Eyes {
 public:
  // The tower of a model folder, with what the folder's processors say of pictures and films, or of
  // an mmproj file, which is for pictures only.
  // `exact`: activations, keys and values in 32-bit floats, a reference. Threads must outlive it.
  // Errors: those of configure_vision (not_found: a model without eyes), read_picture_rules,
  // read_film_rules and load_vision_weights; corrupt (processor and tower differ); out_of_memory
  // with the numbers.
  static Result<Eyes> open(std::shared_ptr<const weights::ModelFile> file,
                           const std::filesystem::path& folder, ThreadPool& threads, bool exact);

  const VisionConfig& config() const { return tower_->config(); }

  // Embeddings of a picture: [tokens, config().output]. Errors: those of VisionTower::encode;
  // out_of_memory.
  Result<std::vector<float>> look(const media::Picture& picture, const EncodeOptions& options = {});

  // Embeddings of a film, group by group of its frames, and when each group is shown. Errors: those
  // of decode_film and VisionTower::encode; out_of_memory.
  struct Watched {
    std::vector<float> embeddings;  // [groups * tokens, config().output]
    std::vector<double> seconds;    // of each group, from the film's beginning
  };
  Result<Watched> watch(const media::Ffmpeg& ffmpeg, int film, const EncodeOptions& options = {});

 private:
  Eyes() = default;
  Result<std::vector<float>> encode(std::span<const float> patches, const PatchGrid& grid,
                                    const char* medium, const EncodeOptions& options);

  MemoryClaim memory_;  // of weights
  std::unique_ptr<VisionTower> tower_;
  media::PictureRules picture_rules_;
  media::FilmRules film_rules_;
};

}  // namespace helicon::encoders
