// Embeddings of pictures, film and sound under numbers of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace helicon::models {

// What a medium was encoded to stands among a sequence's tokens like words that no tokenizer has:
// under numbers from the size of the vocabulary on. Whoever compares tokens, the tree of prefixes
// for one, thus tells one picture from another without knowing of pictures.
class MediaRows {
 public:
  MediaRows(size_t vocabulary, size_t width) : vocabulary_(vocabulary), width_(width) {}

  // Takes rows [count, width]; gives back the number of the first, the others follow it.
  int32_t add(const std::vector<float>& rows) {
    const auto first = static_cast<int32_t>(vocabulary_ + rows_.size() / width_);
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    return first;
  }
  // Tokens and rows together: numbers below it may be run.
  size_t numbers() const { return vocabulary_ + rows_.size() / width_; }
  const float* row(int32_t number) const {
    return rows_.data() + (static_cast<size_t>(number) - vocabulary_) * width_;
  }

 private:
  size_t vocabulary_, width_;
  std::vector<float> rows_;
};

}  // namespace helicon::models
