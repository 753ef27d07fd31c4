#include "weights/model_numbers.h"

#include <fmt/format.h>

#include <cmath>

namespace helicon::weights {

Result<size_t> ModelNumbers::count(std::string_view name, size_t limit) const {
  HELICON_ASSIGN(const uint64_t value, file_.metadata().unsigned_integer(key(name)));
  if (value < 1 || value > limit)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, expected 1 to {}", key(name), value, limit)};
  return static_cast<size_t>(value);
}

Result<size_t> ModelNumbers::count_or(std::string_view name, size_t limit, size_t otherwise) const {
  if (!has(name)) return otherwise;
  return count(name, limit);
}

Result<float> ModelNumbers::number(std::string_view name) const {
  HELICON_ASSIGN(const double value, file_.metadata().number(key(name)));
  if (!std::isfinite(static_cast<float>(value)))
    return Error{ErrorCode::corrupt, fmt::format("{} is not a finite number", key(name))};
  return static_cast<float>(value);
}

Result<float> ModelNumbers::number_or(std::string_view name, float otherwise) const {
  if (!has(name)) return otherwise;
  return number(name);
}

Result<std::string> ModelNumbers::text_or(std::string_view name, std::string_view otherwise) const {
  if (!has(name)) return std::string(otherwise);
  return file_.metadata().string(key(name));
}

Result<std::vector<bool>> ModelNumbers::by_layer(std::string_view name, size_t layers,
                                                 std::string_view yes, std::string_view no) const {
  std::vector<bool> found;
  if (!has(name)) return found;
  HELICON_ASSIGN(const auto* types, file_.metadata().string_array(key(name)));
  if (types->size() != layers)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} has {} entries for {} layers", key(name), types->size(), layers)};
  for (const std::string& type : *types) {
    if (type != yes && type != no)
      return Error{ErrorCode::unsupported,
                   fmt::format("{} has a type that is neither {} nor {}", key(name), yes, no)};
    found.push_back(type == yes);
  }
  return found;
}

Result<bool> ModelNumbers::flag_or(std::string_view name, bool otherwise) const {
  if (!has(name)) return otherwise;
  return file_.metadata().boolean(key(name));
}

}  // namespace helicon::weights
