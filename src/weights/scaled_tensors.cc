#include "weights/scaled_tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "weights/folder_files.h"
#include "weights/model_folder.h"
#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;
using tensor::ElementType;

constexpr size_t kEight = 8;  // columns that kernels decode at a time, and that share a scale

// What belongs to an element type, by what a name ends in.
struct Scheme {
  ElementType type;
  std::string_view suffix;  // of the matrix itself
  std::string_view scale;   // instead of it
  std::string_view global;  // one more for all of them, or none
  bool divides = false;     // the global one
};
// The first that fits counts.
constexpr Scheme kSchemes[] = {
    {ElementType::f8_e4m3, "", "_scale_inv", ""},
    {ElementType::f8_e4m3, "", "_scale", ""},
    {ElementType::f4_e2m1, "_packed", "_scale", "_global_scale", true},
    {ElementType::f4_e2m1, "", "_scale", "_scale_2"},
};

bool is_float(ElementType type) {
  return type == ElementType::f32 || type == ElementType::f16 || type == ElementType::bf16;
}

// Activations are not rounded here: nobody asks what to.
bool is_of_activations(const std::string& name) {
  return name.ends_with(".input_scale") || name.ends_with(".input_global_scale");
}

class Joiner {
 public:
  Joiner(const fs::path& folder, const Metadata& metadata, std::vector<TensorView>& tensors)
      : folder_(folder), tensors_(tensors) {
    for (const TensorView& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
    const auto sizes = metadata.integer_array(std::string(kConfigPrefix) +
                                              "quantization_config.weight_block_size");
    if (sizes.ok() && sizes->size() == 2 && (*sizes)[0] > 0 && (*sizes)[1] > 0)
      block_ = {static_cast<size_t>((*sizes)[0]), static_cast<size_t>((*sizes)[1])};
  }

  Status join_all() {
    std::vector<TensorView> joined = tensors_;
    for (TensorView& tensor : joined) HELICON_TRY(join(tensor));
    std::erase_if(joined, [&](const TensorView& tensor) {
      return scales_.contains(tensor.name) || is_of_activations(tensor.name);
    });
    for (const TensorView& tensor : joined)
      if (tensor.type == ElementType::f4_e2m1 && !tensor.scales)
        return error(tensor, ErrorCode::unsupported,
                     "is bytes, which are known as pairs of FP4 with scales only");
    tensors_ = std::move(joined);
    return ok_status();
  }

 private:
  struct Tiles {
    size_t rows = 0, columns = 0;
  };

  Error error(const TensorView& tensor, ErrorCode code, std::string_view problem) const {
    return file_error(code, folder_,
                      fmt::format("tensor {} {}", quoted_name(tensor.name), problem));
  }
  const TensorView* find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  Status join(TensorView& tensor) {
    for (const Scheme& scheme : kSchemes) {
      if (tensor.type != scheme.type || !tensor.name.ends_with(scheme.suffix)) continue;
      const std::string base = tensor.name.substr(0, tensor.name.size() - scheme.suffix.size());
      const TensorView* scale = find(base + std::string(scheme.scale));
      const TensorView* global =
          scheme.global.empty() ? nullptr : find(base + std::string(scheme.global));
      if (!scale || (!global && !scheme.global.empty())) continue;
      HELICON_ASSIGN(tensor::TileScales tiles, take(tensor, *scale));
      if (global) {
        HELICON_ASSIGN(tiles.factor, take_global(*global, scheme.divides));
      }
      tensor.scales = tiles;
      tensor.name = base;
      return ok_status();
    }
    return ok_status();
  }

  // Both are no tensors of their own any more.
  Result<float> take_global(const TensorView& global, bool divides) {
    if (!is_float(global.type) || global.elements() != 1)
      return error(global, ErrorCode::corrupt, "should be one float");
    float value = 0;
    tensor::dequantize(global.type, global.data, &value, 1);
    if (!std::isfinite(value) || (divides && value == 0))
      return error(global, ErrorCode::corrupt, fmt::format("is {}", value));
    scales_.insert(global.name);
    return divides ? 1 / value : value;
  }
  Result<tensor::TileScales> take(const TensorView& tensor, const TensorView& scale) {
    const bool four = tensor.type == ElementType::f4_e2m1;
    if (!is_float(scale.type) && !(four && scale.type == ElementType::f8_e4m3))
      return error(scale, ErrorCode::corrupt,
                   fmt::format("is {}, and should be floats", tensor::info(scale.type).name));
    const size_t columns = tensor.shape.back();
    const Tiles tile = tiles_of(tensor, scale);
    if (tile.rows == 0 || (tile.columns % kEight != 0 && tile.columns != columns))
      return error(
          scale, ErrorCode::corrupt,
          fmt::format("has shape [{}], which does not fit [{}] of {}", fmt::join(scale.shape, ", "),
                      fmt::join(tensor.shape, ", "), quoted_name(tensor.name)));
    scales_.insert(scale.name);
    return tensor::TileScales{scale.data, scale.type, tile.rows, tile.columns,
                              (columns + tile.columns - 1) / tile.columns};
  }

  // Rows count through all matrices of a tensor. 0: there is no such grid.
  Tiles tiles_of(const TensorView& tensor, const TensorView& scale) const {
    const auto& shape = tensor.shape;
    const size_t columns = shape.back(), all_rows = tensor.elements() / columns;
    if (scale.elements() == 1) return {all_rows, columns};
    if (scale.shape.size() == 1 && scale.elements() == all_rows) return {1, columns};
    const size_t dimensions = shape.size();
    if (dimensions < 2 || scale.shape.size() != dimensions ||
        !std::equal(shape.begin(), shape.end() - 2, scale.shape.begin()))
      return {};
    const size_t rows = shape[dimensions - 2];
    const size_t down = scale.shape[dimensions - 2], across = scale.shape.back();
    // The last tiles may be cut short; but then the next matrix would begin within one.
    const auto covers = [](size_t size, size_t each, size_t count) {
      return each > 0 && (size + each - 1) / each == count;
    };
    if (covers(rows, block_.rows, down) && covers(columns, block_.columns, across) &&
        (all_rows == rows || rows % block_.rows == 0))
      return block_;
    if (rows % down == 0 && columns % across == 0) return {rows / down, columns / across};
    return {};
  }

  const fs::path& folder_;
  std::vector<TensorView>& tensors_;
  std::unordered_map<std::string, const TensorView*> by_name_;
  std::unordered_set<std::string> scales_;  // what is no tensor of its own
  Tiles block_;
};

}  // namespace

Status join_scales(const fs::path& folder, const Metadata& metadata,
                   std::vector<TensorView>& tensors) {
  return Joiner(folder, metadata, tensors).join_all();
}

}  // namespace helicon::weights
