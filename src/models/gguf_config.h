// The part of a GGUF file's numbers that all decoder architectures write alike.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/config.h"
#include "weights/model_file.h"

namespace helicon::models {

// Reads "{architecture}.…" keys; each has the meaning and default that GGUF gives it.
class GgufNumbers {
 public:
  explicit GgufNumbers(const weights::ModelFile& file, std::string_view architecture)
      : file_(file), prefix_(architecture) {}

  bool has(std::string_view name) const { return file_.metadata().contains(key(name)); }
  // A whole number in [1, limit].
  Result<size_t> count(std::string_view name, size_t limit) const;
  Result<size_t> count_or(std::string_view name, size_t limit, size_t otherwise) const;
  Result<float> number(std::string_view name) const;  // finite
  Result<float> number_or(std::string_view name, float otherwise) const;
  Result<std::string> text_or(std::string_view name, std::string_view otherwise) const;
  std::string key(std::string_view name) const { return prefix_ + "." + std::string(name); }
  const weights::ModelFile& file() const { return file_; }

 private:
  const weights::ModelFile& file_;
  std::string prefix_;
};

// Sizes, context, epsilon and attention scale; layers attend to everything with rotation 0, which
// the caller fills. Checks that sizes fit each other.
Result<DecoderConfig> read_common(const GgufNumbers& numbers);

// Frequencies theta^(-2i/d) over the rotated dimensions, divided by the linear factor and by the
// file's rope_freqs.weight (Llama 3) where it has them. Other scalings are unsupported.
Result<Rotation> read_rotation(const GgufNumbers& numbers, const DecoderConfig& config);

// theta^(-2i/d) / factor for i in [0, pairs), in 32-bit floats as the references compute them.
Rotation make_rotation(size_t pairs, float theta, float factor);

}  // namespace helicon::models
