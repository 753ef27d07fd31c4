// Embeddings of pictures, film and sound under numbers of their own.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"

namespace helicon::models {

// What a medium was encoded to stands among a sequence's tokens like words that no tokenizer has:
// under numbers from the size of the vocabulary on. Whoever compares tokens, the tree of prefixes
// for one, thus tells one picture from another without knowing of pictures.
struct MediaRows {
  int32_t first = 0;          // number of the first row; the others follow it
  size_t width = 0;           // of a row: the model's
  std::vector<float> values;  // [count, width]

  size_t count() const { return values.size() / width; }
  bool has(int32_t number) const {
    return number >= first && static_cast<size_t>(number - first) < count();
  }
  const float* row(int32_t number) const {
    return values.data() + static_cast<size_t>(number - first) * width;
  }
};

// Those of one request. They are few.
using Media = std::vector<std::shared_ptr<const MediaRows>>;

// Null: none of them has it.
inline const MediaRows* find_rows(std::span<const std::shared_ptr<const MediaRows>> media,
                                  int32_t number) {
  const auto found =
      std::find_if(media.begin(), media.end(), [&](const auto& rows) { return rows->has(number); });
  return found == media.end() ? nullptr : found->get();
}

// Gives out the numbers of one model, from any thread and none of them twice: what a cache still
// has of an earlier medium never passes for another.
class MediaNumbers {
 public:
  MediaNumbers(size_t vocabulary, size_t width)
      : next_(static_cast<int64_t>(vocabulary)), width_(width) {}

  // Error: too_large (billions of rows later).
  Result<std::shared_ptr<const MediaRows>> number(std::vector<float> values) {
    const auto count = static_cast<int64_t>(values.size() / width_);
    const int64_t first = next_.fetch_add(count);
    if (first + count > std::numeric_limits<int32_t>::max())
      return Error{ErrorCode::too_large,
                   fmt::format("{} parts of pictures, films and sounds were seen; load the model "
                               "anew to go on",
                               first),
                   {}};
    return std::make_shared<const MediaRows>(
        MediaRows{static_cast<int32_t>(first), width_, std::move(values)});
  }

 private:
  std::atomic<int64_t> next_;
  size_t width_;
};

}  // namespace helicon::models
