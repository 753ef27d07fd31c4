// The eyes of a Muse Glimmer folder as an mmproj file (llama.cpp, conversion/muse_glimmer.py).
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "convert/gguf_export.h"
#include "encoders/vision_config.h"
#include "media/picture_patches.h"

namespace helicon::convert {
namespace {

using encoders::VisionConfig;
using encoders::VisionNames;
using weights::TensorView;

using Name = std::string_view VisionNames::*;
constexpr Name kOutside[] = {&VisionNames::positions,   &VisionNames::norm_before,
                             &VisionNames::norm_after,  &VisionNames::adapter_in,
                             &VisionNames::adapter_out, &VisionNames::projection};
constexpr Name kOfLayers[] = {&VisionNames::attention_norm,
                              &VisionNames::query,
                              &VisionNames::key,
                              &VisionNames::value,
                              &VisionNames::attention_output,
                              &VisionNames::feed_forward_norm,
                              &VisionNames::up,
                              &VisionNames::down};
constexpr const char* kKinds[] = {".weight", ".bias"};

// What has no key there is as in every Muse Glimmer.
Status check(const VisionConfig& config) {
  const auto refuse = [](std::string_view what) {
    return Error{ErrorCode::unsupported, fmt::format("an mmproj file cannot say {}", what), {}};
  };
  if (config.transposed_positions) return refuse("how Muse Spark counts positions");
  if (config.windowed != encoders::usual_windows(config.windowed.size()))
    return refuse("which layers see windows");
  if (config.frequencies != encoders::usual_frequencies(config.head_size()))
    return refuse("how fast its positions rotate");
  return ok_status();
}

class EyesExport {
 public:
  EyesExport(const weights::ModelFile& file, const VisionConfig& config,
             const media::PictureRules& rules)
      : file_(file), config_(config), rules_(rules) {}

  GgufExport run() {
    put_numbers();
    const VisionNames &names = *config_.names, &gguf = encoders::kGgufVisionNames;
    if (ExportedTensor* const patches =
            take(std::string(names.patches) + ".weight", std::string(gguf.patches) + ".weight")) {
      patches->shape = {config_.hidden, 3, config_.patch, config_.patch};
      patches->width = 3 * config_.patch * config_.patch;
      patches->summed = config_.frames;
    }
    for (const Name name : kOutside) take_both("", name, "");
    for (size_t i = 0; i < config_.windowed.size(); ++i)
      for (const Name name : kOfLayers)
        take_both(fmt::format("{}{}.", names.layers, i), name,
                  fmt::format("{}{}.", gguf.layers, i));
    return std::move(result_);
  }

 private:
  template <typename T>
  void put(std::string_view key, T value) {
    result_.metadata.set(fmt::format("clip.{}", key), std::move(value));
  }
  void put_count(std::string_view key, size_t value) {
    put(fmt::format("vision.{}", key), uint64_t{value});
  }

  void put_numbers() {
    result_.metadata.set("general.architecture", std::string("clip"));
    result_.metadata.set("general.type", std::string("mmproj"));
    put("has_vision_encoder", true);
    put("projector_type", std::string("muse-glimmer"));
    put_count("projection_dim", config_.output);
    // A picture has any size; this one has a window's.
    put_count("image_size", config_.table * config_.patch * config_.merge);
    if (rules_.most_tokens != media::PictureRules().most_tokens) {
      const size_t side = config_.patch * config_.merge;
      put_count("image_max_pixels", rules_.most_tokens * side * side);
    }
    put_count("patch_size", config_.patch);
    put_count("embedding_length", config_.hidden);
    put_count("feed_forward_length", config_.feed_forward);
    put_count("block_count", config_.windowed.size());
    put_count("attention.head_count", config_.heads);
    put_count("spatial_merge_size", config_.merge);
    put("vision.attention.layer_norm_epsilon", static_cast<double>(config_.outer_norm_epsilon));
    put("vision.image_mean", std::vector<double>(rules_.mean.begin(), rules_.mean.end()));
    put("vision.image_std", std::vector<double>(rules_.deviation.begin(), rules_.deviation.end()));
  }

  ExportedTensor* take(const std::string& from, std::string to) {
    const TensorView* const tensor = file_.find(from);
    if (!tensor) return nullptr;
    ExportedTensor exported;
    exported.name = std::move(to);
    exported.shape = tensor->shape;
    exported.parts = {{tensor, 0}};
    return &result_.tensors.emplace_back(std::move(exported));
  }

  // The weight and, where there is one, the bias; those of queries and keys with pairs that are
  // neighbours.
  void take_both(const std::string& before, Name name, const std::string& gguf_before) {
    for (const char* kind : kKinds) {
      ExportedTensor* const tensor =
          take(fmt::format("{}{}{}", before, config_.names->*name, kind),
               fmt::format("{}{}{}", gguf_before, encoders::kGgufVisionNames.*name, kind));
      if (!tensor || (name != &VisionNames::query && name != &VisionNames::key)) continue;
      tensor->heads = config_.heads;
      tensor->width = tensor->shape.size() == 1 ? 1 : 0;  // a bias has a row for each number
    }
  }

  const weights::ModelFile& file_;
  const VisionConfig& config_;
  const media::PictureRules& rules_;
  GgufExport result_;
};

}  // namespace

Result<GgufExport> export_eyes(std::shared_ptr<const weights::ModelFile> file,
                               const std::filesystem::path& path) {
  HELICON_ASSIGN(const VisionConfig config, encoders::configure_vision(*file));
  HELICON_TRY(check(config));
  HELICON_ASSIGN(const media::PictureRules rules, media::read_picture_rules(path));
  GgufExport result = EyesExport(*file, config, rules).run();
  result.source = std::move(file);
  return result;
}

}  // namespace helicon::convert
