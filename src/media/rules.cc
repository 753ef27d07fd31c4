// processor_config.json (transformers 5: "image_processor" within it) and preprocessor_config.json.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <string>

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

}  // namespace

Result<PictureRules> read_picture_rules(const fs::path& folder) {
  PictureRules rules;
  for (const char* name : {"processor_config.json", "preprocessor_config.json"}) {
    const fs::path path = folder / name;
    if (!weights::is_there(path)) continue;
    weights::FolderFiles files;
    HELICON_ASSIGN(const json::object whole, weights::read_json(path, kMostBytes, files));
    const json::value* part = whole.if_contains("image_processor");
    const Rules found(part && part->is_object() ? part->as_object() : whole, path.string());
    HELICON_TRY(found.whole("patch_size", 1, 64, rules.patch));
    HELICON_TRY(found.whole("merge_size", 1, 8, rules.merge));
    HELICON_TRY(found.whole("temporal_patch_size", 1, 8, rules.frames));
    HELICON_TRY(found.whole("max_image_tokens", 1, 1 << 16, rules.most_tokens));
    HELICON_TRY(found.colours("image_mean", false, rules.mean));
    HELICON_TRY(found.colours("image_std", true, rules.deviation));
    for (const char* step : {"do_resize", "do_rescale", "do_normalize", "do_convert_rgb"})
      HELICON_TRY(found.on(step));
    constexpr double kLanczos = 1;  // PIL.Image.Resampling
    HELICON_TRY(found.same("resample", kLanczos));
    HELICON_TRY(found.same("rescale_factor", kRescale));
    return rules;
  }
  return rules;
}

}  // namespace helicon::media
