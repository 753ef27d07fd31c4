#include "weights/scaled_tensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace helicon::weights {
namespace {

using tensor::ElementType;
using Shape = std::vector<uint64_t>;

const std::byte zeros[1 << 16] = {};
const float half = 0.5f;

TensorView make(const std::string& name, ElementType type, const Shape& shape,
                const void* data = zeros) {
  TensorView tensor{name, type, shape, static_cast<const std::byte*>(data), 0};
  const auto& info = tensor::info(type);
  tensor.bytes = tensor.elements() / info.block_elements * info.block_bytes;
  return tensor;
}

// The tensors with their scales, or the problem.
Result<std::vector<TensorView>> join(std::vector<TensorView> tensors,
                                     const std::vector<int64_t>& block = {}) {
  Metadata metadata;
  if (!block.empty()) metadata.set("config.quantization_config.weight_block_size", block);
  HELICON_TRY(join_scales("folder", metadata, tensors));
  return tensors;
}

TEST(ScaledTensors, EachSchemeGivesOneMatrix) {
  const auto eight = make("a.weight", ElementType::f8_e4m3, {32, 64});
  const auto four = make("a.weight", ElementType::f4_e2m1, {32, 64});
  const auto packed = make("a.weight_packed", ElementType::f4_e2m1, {32, 64});
  const auto group = make("a.weight_scale", ElementType::f8_e4m3, {32, 4});
  struct Case {
    const char* what;
    std::vector<TensorView> tensors;
    size_t tile_rows, tile_columns, across;
    float factor;
  };
  const Case cases[] = {
      {"tiles", {eight, make("a.weight_scale_inv", ElementType::f32, {2, 4})}, 16, 16, 4, 1},
      {"rows", {make("a.weight_scale", ElementType::bf16, {32, 1}), eight}, 1, 64, 1, 1},
      {"rows in one dimension",
       {make("a.weight_scale", ElementType::f16, {32}), eight},
       1,
       64,
       1,
       1},
      {"one", {eight, make("a.weight_scale", ElementType::f32, {1})}, 32, 64, 1, 1},
      {"divided by",
       {packed, group, make("a.weight_global_scale", ElementType::f32, {1}, &half)},
       1,
       16,
       4,
       2},
      {"multiplied with",
       {group, four, make("a.weight_scale_2", ElementType::f32, {1}, &half),
        make("a.input_scale", ElementType::f32, {1})},
       1,
       16,
       4,
       0.5f},
  };
  for (const Case& one : cases) {
    auto joined = join(one.tensors, {16, 16});
    ASSERT_TRUE(joined.ok()) << one.what << ": " << joined.error().message;
    ASSERT_EQ(joined->size(), 1u) << one.what;
    const TensorView& matrix = joined->front();
    EXPECT_EQ(matrix.name, "a.weight") << one.what;
    EXPECT_EQ(matrix.shape, (Shape{32, 64})) << one.what;
    const tensor::TileScales* tiles = matrix.tiles();
    ASSERT_NE(tiles, nullptr) << one.what;
    EXPECT_EQ(tiles->tile_rows, one.tile_rows) << one.what;
    EXPECT_EQ(tiles->tile_columns, one.tile_columns) << one.what;
    EXPECT_EQ(tiles->across, one.across) << one.what;
    EXPECT_EQ(tiles->factor, one.factor) << one.what;
  }
}

TEST(ScaledTensors, TheSizeOfTilesIsNotGuessed) {
  const auto matrix = make("a", ElementType::f8_e4m3, {56, 40});
  const auto scale = make("a_scale_inv", ElementType::f32, {4, 3});
  auto joined = join({matrix, scale}, {16, 16});
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  const tensor::TileScales* tiles = joined->front().tiles();
  ASSERT_NE(tiles, nullptr);
  EXPECT_EQ(tiles->tile_rows, 16u);
  EXPECT_EQ(tiles->tile_columns, 16u);
  EXPECT_FALSE(join({matrix, scale}).ok());
  EXPECT_FALSE(join({matrix, scale}, {128, 128}).ok());
  // 28 x 40 would divide it, and be wrong.
  const auto two = make("a_scale_inv", ElementType::f32, {2, 1});
  EXPECT_FALSE(join({matrix, two}).ok());
  EXPECT_EQ(join({matrix, two}, {32, 64})->front().tiles()->tile_rows, 32u);
  // compressed-tensors tells it elsewhere.
  Metadata metadata;
  metadata.set("config.quantization_config.config_groups.group_0.weights.block_structure",
               std::vector<int64_t>{32, 64});
  std::vector<TensorView> tensors = {matrix, two};
  ASSERT_TRUE(join_scales("folder", metadata, tensors).ok());
  EXPECT_EQ(tensors.front().tiles()->tile_rows, 32u);
}

TEST(ScaledTensors, EachMatrixBeginsWithATile) {
  auto joined = join({make("a", ElementType::f8_e4m3, {3, 56, 40}),
                      make("a_scale_inv", ElementType::f32, {3, 4, 3})},
                     {16, 16});
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  const tensor::TileScales* tiles = joined->front().tiles();
  ASSERT_NE(tiles, nullptr);
  EXPECT_EQ(tiles->first_tile(55), 3u * 3);
  EXPECT_EQ(tiles->first_tile(56), 4u * 3);
  EXPECT_EQ(tiles->first_tile(2 * 56 + 17), 9u * 3);
}

TEST(ScaledTensors, WhatDoesNotFitIsRefused) {
  const auto eight = make("a", ElementType::f8_e4m3, {32, 64});
  const auto four = make("a", ElementType::f4_e2m1, {32, 64});
  const float none = 0;
  struct Case {
    std::vector<TensorView> tensors;
    ErrorCode code;
    const char* said;
  };
  const Case cases[] = {
      {{four}, ErrorCode::unsupported, "tensor 'a' is bytes"},
      {{eight}, ErrorCode::unsupported, "tensor 'a' is FP8 without scales"},
      {{make("a", ElementType::f32, {32, 64}), make("a_packed", ElementType::f4_e2m1, {32, 64}),
        make("a_scale", ElementType::f8_e4m3, {32, 4}),
        make("a_global_scale", ElementType::f32, {1}, &half)},
       ErrorCode::corrupt,
       "both"},
      {{four, make("a_scale", ElementType::f8_e4m3, {32, 4})}, ErrorCode::unsupported, "is bytes"},
      {{eight, make("a_scale_inv", ElementType::f32, {5, 4})},
       ErrorCode::corrupt,
       "'a_scale_inv' has shape [5, 4], which does not fit [32, 64] of 'a'"},
      {{eight, make("a_scale_inv", ElementType::f32, {2, 3})}, ErrorCode::corrupt, "[2, 3]"},
      {{eight, make("a_scale_inv", ElementType::f32, {1, 16})}, ErrorCode::corrupt, "[1, 16]"},
      {{eight, make("a_scale", ElementType::f8_e4m3, {1})}, ErrorCode::corrupt, "is FP8"},
      {{make("a_packed", ElementType::f4_e2m1, {32, 64}),
        make("a_scale", ElementType::f8_e4m3, {32, 4}),
        make("a_global_scale", ElementType::f32, {1}, &none)},
       ErrorCode::corrupt,
       "'a_global_scale' is 0"},
      {{four, make("a_scale", ElementType::f8_e4m3, {32, 4}),
        make("a_scale_2", ElementType::f32, {2})},
       ErrorCode::corrupt,
       "should be one float"},
  };
  for (const Case& one : cases) {
    const auto joined = join(one.tensors);
    ASSERT_FALSE(joined.ok()) << one.said;
    EXPECT_EQ(to_string(joined.error().code), to_string(one.code)) << joined.error().message;
    EXPECT_NE(joined.error().message.find(one.said), std::string::npos) << joined.error().message;
  }
}

}  // namespace
}  // namespace helicon::weights
