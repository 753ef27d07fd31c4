// A model under the names, and with the numbers, that GGUF has for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::convert {

// A tensor as rows, and where they come from.
class ExportedTensor {
 public:
  std::string name;
  std::vector<uint64_t> shape;  // outermost first
  // The rows are divided evenly among these, each of which has some from a first row on.
  struct Part {
    const weights::TensorView* tensor;
    uint64_t first_row = 0;
  };
  std::vector<Part> parts;
  float offset = 0;            // added to each number
  size_t heads = 0;            // if any, the rows of each head's two halves take turns
  size_t summed = 1;           // a row is the sum of so many equal pieces of the source's
  size_t width = 0;            // of a row, where that is more than the innermost dimension
  std::optional<float> every;  // what each number is, without parts

  size_t columns() const { return width > 0 ? width : static_cast<size_t>(shape.back()); }
  size_t rows() const;
  // Error: corrupt (a number that is none), naming the tensor.
  Status read_row(size_t row, float* target) const;
};

struct GgufExport {
  weights::Metadata metadata;
  std::vector<ExportedTensor> tensors;
  size_t left_out = 0;  // tensors of the source that GGUF has no place for: a tower's, a drafter's
  std::shared_ptr<const weights::ModelFile> source;
};

// A GGUF file's own names and keys, or those that llama.cpp's converter gives a folder
// (conversion/qwen.py, conversion/muse_glimmer.py). Errors: unsupported (an architecture, or
// something of it, that GGUF cannot tell), corrupt.
Result<GgufExport> export_gguf(std::shared_ptr<const weights::ModelFile> file);
// The eyes of the model folder at `path`, as an mmproj file: the frames of a patch become one, so
// it is for pictures. Errors: those of configure_vision() and read_picture_rules(), unsupported.
Result<GgufExport> export_eyes(std::shared_ptr<const weights::ModelFile> file,
                               const std::filesystem::path& path);

}  // namespace helicon::convert
