// A weight file as the rest of the engine sees it: typed metadata and named tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "tensor/element_type.h"
#include "tensor/tile_scales.h"

namespace helicon::weights {

// GGUF's scalar kinds folded to the widest of their family; arrays keep that family.
using MetadataValue = std::variant<uint64_t, int64_t, double, bool, std::string,
                                   std::vector<uint64_t>, std::vector<int64_t>, std::vector<double>,
                                   std::vector<bool>, std::vector<std::string>>;

class Metadata {
 public:
  const MetadataValue* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  // Each fails with `corrupt`, naming the key, when it is missing, of another kind, negative where
  // unsigned is asked, or beyond the range of what is returned.
  Result<uint64_t> unsigned_integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;  // integers convert
  Result<bool> boolean(std::string_view key) const;
  Result<std::string> string(std::string_view key) const;
  // Arrays are returned by reference; the Metadata outlives them. Integers of either sign convert
  // in integer_array, any number in number_array.
  Result<const std::vector<std::string>*> string_array(std::string_view key) const;
  Result<std::vector<int64_t>> integer_array(std::string_view key) const;
  Result<std::vector<double>> number_array(std::string_view key) const;

  void set(std::string key, MetadataValue value);
  // In the order of the keys.
  const std::map<std::string, MetadataValue, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, MetadataValue, std::less<>> values_;
};

// A tensor in a mapped file. Shapes are written row-major: {rows, columns} for a matrix that
// maps `columns` inputs to `rows` outputs (GGUF stores them the other way round).
struct TensorView {
  std::string name;
  tensor::ElementType type;
  std::vector<uint64_t> shape;  // outermost first; at least one dimension
  const std::byte* data = nullptr;
  size_t bytes = 0;
  std::optional<tensor::TileScales> scales =
      {};  // of rows of the last dimension, one after another

  uint64_t elements() const;
  const tensor::TileScales* tiles() const { return scales ? &*scales : nullptr; }
};

class ModelFile {
 public:
  // Opens and validates a GGUF file (v2 or v3), of split files the first part, which pulls in the
  // others from the same folder; or a folder of config.json and safetensors files. Every tensor
  // then lies within its file, overlaps no other, and has a shape that agrees with its bytes.
  // Errors: not_found, io, corrupt, unsupported, too_large, invalid_argument (a later part of a
  // split); each names the file.
  static Result<std::shared_ptr<const ModelFile>> open(const std::filesystem::path& path);

  virtual ~ModelFile() = default;
  virtual const Metadata& metadata() const = 0;
  virtual const std::vector<TensorView>& tensors() const = 0;
  const TensorView* find(std::string_view name) const;
  // The whole path of the (first) file, and then of each part what tells it from every other and
  // from itself once it was written to; a line each.
  virtual std::string identity() const = 0;
  // All parts together, in bytes.
  virtual uint64_t file_bytes() const = 0;
  // Tells the kernel that these bytes of the map were packed elsewhere and may be dropped.
  virtual void release(std::span<const std::byte> part) const = 0;
  // False once the file was cut short under us, or a page of it could not be read: from then on
  // pages may read as zeros, and results must not be trusted. Costs a system call for each part.
  virtual bool intact() const = 0;
};

}  // namespace helicon::weights
