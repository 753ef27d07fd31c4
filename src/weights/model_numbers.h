// A model file's numbers, within the bounds that any network has.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

inline constexpr size_t kMaxLayers = 1024;
inline constexpr size_t kMaxHeads = 1024;
inline constexpr size_t kMaxHidden = 1 << 20;
inline constexpr size_t kMaxContext = 1 << 24;
inline constexpr size_t kMaxVocabulary = 1 << 24;
inline constexpr size_t kMaxHeadSize = 256;  // what the attention kernel holds in registers

// Reads "{prefix}.…" keys of the metadata. Errors name the key.
class ModelNumbers {
 public:
  explicit ModelNumbers(const weights::ModelFile& file, std::string_view prefix)
      : file_(file), prefix_(prefix) {}

  bool has(std::string_view name) const { return file_.metadata().contains(key(name)); }
  // A whole number in [1, limit].
  Result<size_t> count(std::string_view name, size_t limit) const;
  Result<size_t> count_or(std::string_view name, size_t limit, size_t otherwise) const;
  Result<float> number(std::string_view name) const;  // finite
  Result<float> number_or(std::string_view name, float otherwise) const;
  Result<std::string> text_or(std::string_view name, std::string_view otherwise) const;
  // Of a list with one of two names for each layer: where it is `yes`. Empty where there is none.
  // Errors: corrupt (not one for each), unsupported (another name).
  Result<std::vector<bool>> by_layer(std::string_view name, size_t layers, std::string_view yes,
                                     std::string_view no) const;
  Result<bool> flag_or(std::string_view name, bool otherwise) const;
  std::string key(std::string_view name) const { return prefix_ + "." + std::string(name); }
  const weights::ModelFile& file() const { return file_; }

 private:
  const weights::ModelFile& file_;
  std::string prefix_;
};

}  // namespace helicon::weights
