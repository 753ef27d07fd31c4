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
    for (const auto& [key, value] : metadata.all()) {
      if (!key.starts_with(std::string(kConfigPrefix) + "quantization_config.") ||
          (!key.ends_with(".weight_block_size") && !key.ends_with(".block_structure")))
        continue;
      const auto sizes = metadata.integer_array(key);
      if (sizes.ok() && sizes->size() == 2 && (*sizes)[0] > 0 && (*sizes)[1] > 0)
        blocks_.push_back({static_cast<size_t>((*sizes)[0]), static_cast<size_t>((*sizes)[1])});
    }
  }

  Status join_all() {
    std::vector<TensorView> joined = tensors_;
    for (TensorView& tensor : joined) HELICON_TRY(join(tensor));
    std::erase_if(joined, [&](const TensorView& tensor) {
      return scales_.contains(tensor.name) || is_of_activations(tensor.name);
    });
    for (const TensorView& tensor : joined) {
      if (tensor.scales) continue;
      if (tensor.type == ElementType::f4_e2m1)
        return error(tensor, ErrorCode::unsupported,
                     "is bytes, which are known as pairs of FP4 with scales only");
      if (tensor.type == ElementType::f8_e4m3)
        return error(tensor, ErrorCode::unsupported, "is FP8 without scales");
    }
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
      if (base != tensor.name && find(base))
        return error(tensor, ErrorCode::corrupt,
                     fmt::format("and {} are both there", quoted_name(base)));
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
    const size_t rows = rows_of(tensor);
    tensor::TileScales tiles{.data = scale.data, .type = scale.type};
    tiles.tile_rows = tile.rows;
    tiles.tile_columns = tile.columns;
    tiles.matrix_rows = rows;
    tiles.down = (rows + tile.rows - 1) / tile.rows;
    tiles.across = (columns + tile.columns - 1) / tile.columns;
    return tiles;
  }

  // Of one matrix of the tensor's.
  static size_t rows_of(const TensorView& tensor) {
    const size_t dimensions = tensor.shape.size();
    return dimensions < 2 ? 1 : static_cast<size_t>(tensor.shape[dimensions - 2]);
  }

  // The tiles of a grid are those that the configuration tells the size of, the last ones cut
  // short. From the shape alone follow whole rows, and runs of a row. 0: neither.
  Tiles tiles_of(const TensorView& tensor, const TensorView& scale) const {
    const auto& shape = tensor.shape;
    const size_t dimensions = shape.size(), rows = rows_of(tensor), columns = shape.back();
    const size_t matrices = tensor.elements() / columns / rows;
    if (scale.elements() == 1 && matrices == 1) return {rows, columns};
    if (scale.shape.size() == 1 && matrices == 1 && scale.elements() == rows) return {1, columns};
    if (dimensions < 2 || scale.shape.size() != dimensions ||
        !std::equal(shape.begin(), shape.end() - 2, scale.shape.begin()))
      return {};
    const size_t down = rows_of(scale), across = scale.shape.back();
    const auto covers = [](size_t size, size_t each, size_t count) {
      return (size + each - 1) / each == count;
    };
    for (const Tiles& block : blocks_)
      if (covers(rows, block.rows, down) && covers(columns, block.columns, across)) return block;
    if (down == 1 && across == 1) return {rows, columns};
    if (down == rows && columns % across == 0) return {1, columns / across};
    return {};
  }

  const fs::path& folder_;
  std::vector<TensorView>& tensors_;
  std::unordered_map<std::string, const TensorView*> by_name_;
  std::unordered_set<std::string> scales_;  // what is no tensor of its own
  std::vector<Tiles> blocks_;               // that the configuration speaks of
};

}  // namespace

Status join_scales(const fs::path& folder, const Metadata& metadata,
                   std::vector<TensorView>& tensors) {
  return Joiner(folder, metadata, tensors).join_all();
}

}  // namespace helicon::weights
