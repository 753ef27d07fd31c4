// Writes a GGUF file, version 3 (ggml, docs/gguf.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "tensor/element_type.h"
#include "weights/model_file.h"

namespace helicon::weights {

struct GgufTensor {
  std::string name;
  tensor::ElementType type = tensor::ElementType::f32;
  std::vector<uint64_t> shape;  // outermost first

  uint64_t bytes() const;
};

class GgufWriter {
 public:
  // Begins TARGET.partial with the metadata and the list of tensors. Whole numbers become 32-bit
  // ones where they fit, others floats of 32 bits, as readers expect them. Errors: io, no_space
  // (also where the disk has less room than the whole file will take), overloaded (another process
  // writes it).
  static Result<GgufWriter> create(const std::filesystem::path& target, const Metadata& metadata,
                                   const std::vector<GgufTensor>& tensors);
  GgufWriter(GgufWriter&& other) noexcept = default;
  GgufWriter& operator=(GgufWriter&&) = delete;
  // Removes what is not finished.
  ~GgufWriter();

  // The tensors' bytes, one tensor after the other, in pieces of any size, none of which reaches
  // from one tensor into the next. Errors: io, no_space.
  Status append(std::span<const std::byte> bytes);
  // Writes through to the disk and gives the file its name, once all bytes are there. Errors: io,
  // no_space.
  Status finish();

  // Of the whole file.
  uint64_t bytes() const { return bytes_; }

 private:
  GgufWriter(std::filesystem::path target, Descriptor file, const std::vector<GgufTensor>& tensors);
  Status write(std::span<const std::byte> bytes);
  Status pad();
  std::filesystem::path partial() const;
  Error failure(int number) const;

  std::filesystem::path target_;
  Descriptor file_;
  std::vector<uint64_t> ends_;  // of the tensors, within the data, without what fills them up
  size_t tensor_ = 0;           // the one that is written
  uint64_t within_ = 0;         // written of the data
  uint64_t bytes_ = 0;
};

}  // namespace helicon::weights
