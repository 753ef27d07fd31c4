// What a folder's processors say: processor_config.json (transformers 5: "image_processor" and
// "video_processor" within it), preprocessor_config.json, video_preprocessor_config.json.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "media/film.h"
#include "media/picture_patches.h"
#include "weights/folder_files.h"

namespace helicon::media {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr float kRescale = 1.0f / 255;

// One file's keys; errors name file and key.
class Rules {
 public:
  Rules(const json::object& object, std::string file) : object_(object), file_(std::move(file)) {}

  Status whole(const char* key, size_t least, size_t most, size_t& target) const {
    const json::value* value = find(key);
    if (!value) return ok_status();
    if (!value->is_int64() || value->as_int64() < static_cast<int64_t>(least) ||
        value->as_int64() > static_cast<int64_t>(most))
      return wrong(key, fmt::format("must be a whole number from {} to {}", least, most));
    target = static_cast<size_t>(value->as_int64());
    return ok_status();
  }
  Status positive(const char* key, double& target) const {
    const json::value* value = find(key);
    if (!value) return ok_status();
    if (!value->is_number() || !(value->to_number<double>() > 0) ||
        !std::isfinite(value->to_number<double>()))
      return wrong(key, "must be a number above 0");
    target = value->to_number<double>();
    return ok_status();
  }
  Status colours(const char* key, bool divisor, std::array<float, 3>& target) const {
    const json::value* value = find(key);
    if (!value) return ok_status();
    const json::array* array = value->if_array();
    if (!array || array->size() != 3) return wrong(key, "must be three numbers");
    for (size_t i = 0; i < 3; ++i) {
      if (!(*array)[i].is_number()) return wrong(key, "must be three numbers");
      target[i] = static_cast<float>((*array)[i].to_number<double>());
      if (!std::isfinite(target[i]) || (divisor && target[i] <= 0))
        return wrong(key, "has a number that cannot be one");
    }
    return ok_status();
  }
  // Steps of the reference that are always taken here.
  Status on(const char* key) const {
    const json::value* value = find(key);
    if (!value || (value->is_bool() && value->as_bool())) return ok_status();
    return Error{ErrorCode::unsupported, fmt::format("{}: {} must be true", file_, key)};
  }
  Status text(const char* key, std::string_view expected) const {
    const json::value* value = find(key);
    if (!value || (value->is_string() && value->as_string() == expected)) return ok_status();
    return Error{ErrorCode::unsupported,
                 fmt::format("{}: {} must be \"{}\"", file_, key, expected)};
  }
  Status same(const char* key, double expected) const {
    const json::value* value = find(key);
    if (!value) return ok_status();
    if (value->is_number() && std::abs(value->to_number<double>() - expected) < 1e-6 * expected)
      return ok_status();
    return Error{ErrorCode::unsupported, fmt::format("{}: {} must be {}", file_, key, expected)};
  }

 private:
  const json::value* find(const char* key) const {
    const json::value* value = object_.if_contains(key);
    return value && !value->is_null() ? value : nullptr;
  }
  Error wrong(const char* key, std::string_view problem) const {
    return {ErrorCode::corrupt, fmt::format("{}: {} {}", file_, key, problem), {}};
  }

  const json::object& object_;
  std::string file_;
};

// The rules of a file, or of the part of it that is named `part`.
struct Found {
  json::object object;
  std::string file;
};
// The first of these files that is there. `needed`: a file counts only with its part.
struct Place {
  const char* file;
  const char* part;
  bool needed;
};
Result<std::optional<Found>> find_rules(const fs::path& folder, std::span<const Place> places) {
  for (const Place& place : places) {
    const fs::path path = folder / place.file;
    if (!weights::is_there(path)) continue;
    weights::FolderFiles files;
    HELICON_ASSIGN(json::object whole, weights::read_json(path, kMostBytes, files));
    const json::value* part = place.part ? whole.if_contains(place.part) : nullptr;
    if (part && part->is_object()) return std::optional(Found{part->as_object(), path.string()});
    if (!place.needed) return std::optional(Found{std::move(whole), path.string()});
  }
  return std::optional<Found>();
}

// What pictures and the frames of films have in common.
Status read_common(const Rules& found, const char* most_tokens, PictureRules& rules) {
  HELICON_TRY(found.whole("patch_size", 1, 64, rules.patch));
  HELICON_TRY(found.whole("merge_size", 1, 8, rules.merge));
  HELICON_TRY(found.whole("temporal_patch_size", 1, 8, rules.frames));
  HELICON_TRY(found.whole(most_tokens, 1, 1 << 16, rules.most_tokens));
  HELICON_TRY(found.colours("image_mean", false, rules.mean));
  HELICON_TRY(found.colours("image_std", true, rules.deviation));
  for (const char* step : {"do_resize", "do_rescale", "do_normalize", "do_convert_rgb"})
    HELICON_TRY(found.on(step));
  constexpr double kLanczos = 1;  // PIL.Image.Resampling
  HELICON_TRY(found.same("resample", kLanczos));
  return found.same("rescale_factor", kRescale);
}

}  // namespace

Result<PictureRules> read_picture_rules(const fs::path& folder) {
  constexpr Place kPlaces[] = {{"processor_config.json", "image_processor", false},
                               {"preprocessor_config.json", "image_processor", false}};
  PictureRules rules;
  HELICON_ASSIGN(const std::optional<Found> found, find_rules(folder, kPlaces));
  if (found) HELICON_TRY(read_common({found->object, found->file}, "max_image_tokens", rules));
  return rules;
}

Result<FilmRules> read_film_rules(const fs::path& folder) {
  constexpr Place kPlaces[] = {{"processor_config.json", "video_processor", true},
                               {"video_preprocessor_config.json", nullptr, false},
                               {"preprocessor_config.json", nullptr, false}};
  FilmRules rules;
  HELICON_ASSIGN(const std::optional<Found> found, find_rules(folder, kPlaces));
  if (!found) return rules;
  const Rules keys(found->object, found->file);
  HELICON_TRY(read_common(keys, "max_video_frame_tokens", rules.pictures));
  HELICON_TRY(keys.whole("num_frames", 1, 4096, rules.most_frames));
  HELICON_TRY(keys.positive("fps", rules.frames_per_second));
  HELICON_TRY(keys.on("do_sample_frames"));
  HELICON_TRY(keys.text("frame_timestamp_format", "Time: {timestamp:.1f}s"));
  return rules;
}

}  // namespace helicon::media
