#include "encoders/eyes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "encoders/check_memory.h"
#include "weights/model_numbers.h"

namespace helicon::encoders {
namespace {

Status check_rules(const media::PictureRules& rules, const VisionConfig& config) {
  if (rules.patch == config.patch && rules.merge == config.merge && rules.frames == config.frames)
    return ok_status();
  return Error{
      ErrorCode::corrupt,
      fmt::format("the processor cuts pictures into patches of {} pixels, {} frames and {} "
                  "to merge, but the vision tower takes {}, {} and {}",
                  rules.patch, rules.frames, rules.merge, config.patch, config.frames,
                  config.merge)};
}

constexpr size_t kMostPixels = size_t{1} << 32;

// What an mmproj file says of pictures.
Result<media::PictureRules> rules_of(const weights::ModelFile& file, const VisionConfig& config) {
  media::PictureRules rules;
  rules.patch = config.patch;
  rules.merge = config.merge;
  rules.frames = config.frames;
  const weights::ModelNumbers vision(file, "clip.vision");
  const size_t side = config.patch * config.merge;
  HELICON_ASSIGN(const size_t pixels,
                 vision.count_or("image_max_pixels", kMostPixels, rules.most_tokens * side * side));
  rules.most_tokens = std::max<size_t>(1, pixels / (side * side));
  struct Key {
    const char* name;
    std::array<float, 3>& values;
  };
  for (const Key& key :
       {Key{"clip.vision.image_mean", rules.mean}, Key{"clip.vision.image_std", rules.deviation}}) {
    if (!file.metadata().contains(key.name)) continue;
    HELICON_ASSIGN(const std::vector<double> numbers, file.metadata().number_array(key.name));
    if (numbers.size() != key.values.size())
      return Error{ErrorCode::corrupt,
                   fmt::format("{} has {} numbers, not 3", key.name, numbers.size()),
                   {}};
    std::transform(numbers.begin(), numbers.end(), key.values.begin(),
                   [](double number) { return static_cast<float>(number); });
  }
  for (const float deviation : rules.deviation)
    if (!(deviation > 0))
      return Error{ErrorCode::corrupt, "clip.vision.image_std must be positive", {}};
  return rules;
}

}  // namespace

Result<Eyes> Eyes::open(std::shared_ptr<const weights::ModelFile> file,
                        const std::filesystem::path& folder, ThreadPool& threads, bool exact) {
  Eyes eyes;
  HELICON_ASSIGN(VisionConfig config, configure_vision(*file));
  if (file->metadata().contains("clip.projector_type")) {
    HELICON_ASSIGN(eyes.picture_rules_, rules_of(*file, config));
  } else {
    HELICON_ASSIGN(eyes.picture_rules_, media::read_picture_rules(folder));
    HELICON_ASSIGN(eyes.film_rules_, media::read_film_rules(folder));
    HELICON_TRY(check_rules(eyes.picture_rules_, config));
    HELICON_TRY(check_rules(eyes.film_rules_.pictures, config));
  }
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  weights::LoadOptions options;
  options.exact = exact;
  options.panel_rows = kernels->panel_rows;
  HELICON_ASSIGN(const size_t bytes, required_bytes(*file, config, options));
  HELICON_TRY(check_memory("the vision tower", bytes));
  eyes.memory_ = MemoryClaim(bytes);
  HELICON_ASSIGN(VisionWeights weights,
                 load_vision_weights(std::move(file), config, threads, options));
  eyes.tower_ = std::make_unique<VisionTower>(
      std::move(config), std::move(weights), *kernels, threads,
      exact ? kernels::KeyValueType::f32 : kernels::KeyValueType::f16);
  return eyes;
}

Result<std::vector<float>> Eyes::encode(std::span<const float> patches, const PatchGrid& grid,
                                        const char* medium, const EncodeOptions& options) {
  const size_t scratch = tower_->scratch_bytes(grid.patches());
  HELICON_TRY(check_memory(medium, scratch));
  const MemoryClaim claim(scratch);
  return tower_->encode(patches, grid, options);
}

Result<std::vector<float>> Eyes::look(const media::Picture& picture, const EncodeOptions& options) {
  const media::PicturePatches patches = media::make_patches(picture, picture_rules_);
  return encode(patches.values, {1, patches.grid.height, patches.grid.width},
                "a picture of this size", options);
}

Result<Eyes::Watched> Eyes::watch(const media::Ffmpeg& ffmpeg, int file,
                                  const EncodeOptions& options) {
  HELICON_ASSIGN(media::FilmPatches film,
                 media::decode_film(ffmpeg, file, film_rules_, options.stop));
  Watched watched;
  HELICON_ASSIGN(watched.embeddings,
                 encode(film.values, {film.seconds.size(), film.grid.height, film.grid.width},
                        "a film of this size", options));
  watched.seconds = std::move(film.seconds);
  return watched;
}

}  // namespace helicon::encoders
