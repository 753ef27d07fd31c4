#include "encoders/eyes.h"

#include <fmt/format.h>

#include <utility>

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

Status check_memory(const char* what, size_t bytes) {
  const uint64_t available = unclaimed_memory();
  if (bytes <= available) return ok_status();
  return Error{ErrorCode::out_of_memory,
               fmt::format("{} does not fit: {:.2f} GB are needed, {:.2f} GB available", what,
                           static_cast<double>(bytes) / 1e9, static_cast<double>(available) / 1e9)};
}

}  // namespace

Result<Eyes> Eyes::open(std::shared_ptr<const weights::ModelFile> file,
                        const std::filesystem::path& folder, ThreadPool& threads, bool exact) {
  Eyes eyes;
  HELICON_ASSIGN(VisionConfig config, configure_vision(*file));
  HELICON_ASSIGN(eyes.rules_, media::read_picture_rules(folder));
  HELICON_TRY(check_rules(eyes.rules_, config));
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

Result<std::vector<float>> Eyes::look(std::span<const std::byte> bytes,
                                      const EncodeOptions& options) {
  HELICON_ASSIGN(const media::Picture picture, media::decode_picture(bytes));
  const media::PicturePatches patches = media::make_patches(picture, rules_);
  const PatchGrid grid{1, patches.grid.height, patches.grid.width};
  const size_t scratch = tower_->scratch_bytes(grid.patches());
  HELICON_TRY(check_memory("a picture of this size", scratch));
  const MemoryClaim claim(scratch);
  return tower_->encode(patches.values, grid, options);
}

}  // namespace helicon::encoders
