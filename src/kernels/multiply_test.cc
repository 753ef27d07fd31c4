#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kernels/kernel_table.h"
#include "kernels/tables.h"
#include "kernels/test_data.h"

namespace helicon::kernels {
namespace {

using tensor::ElementType;

struct Packed {
  std::vector<std::byte> memory;
  PackedMatrix matrix;
};

// The source [rows, columns], which must outlive it, as the table wants it.
Packed pack(ElementType type, const std::vector<std::byte>& source, size_t rows, size_t columns,
            size_t panel_rows) {
  Packed packed;
  const bool floats = packed_kind(type) == PackedKind::floats;
  packed.matrix = {
      packed_kind(type), type, rows, columns, floats ? kPanelRows : panel_rows, nullptr};
  packed.memory.resize(packed_bytes(packed.matrix));
  pack_panels(packed.matrix, source.data(), 0, packed.matrix.panels(), packed.memory.data());
  packed.matrix.data = floats ? source.data() : packed.memory.data();
  return packed;
}

double activation_of(const QuantizedRows& rows, size_t row, size_t column) {
  const ActivationBlock& block = rows.at(row, column / kBlock);
  const size_t at = column % kBlock;
  return std::ldexp(block.scale, block.shifts[at / 16]) * block.quants[at];
}

class EachType : public testing::TestWithParam<ElementType> {};

// The products of all rows of x [count, columns] with the whole matrix: [count, rows].
std::vector<float> products(const KernelTable& table, const PackedMatrix& matrix, const float* x,
                            size_t count, QuantizedRows& quantized) {
  std::vector<float> outputs(count * matrix.rows, NAN);
  if (matrix.kind == PackedKind::floats) {
    table.multiply_floats(matrix, 0, matrix.panels(), x, count, outputs.data(), matrix.rows);
    return outputs;
  }
  quantized.resize(count, matrix.columns, group_of(matrix.kind));
  for (size_t r = 0; r < count; ++r)
    table.quantize_row(x + r * matrix.columns, r, 0, matrix.columns / kBlock, quantized);
  table.multiply[static_cast<size_t>(matrix.kind)](matrix, 0, matrix.panels(), quantized, count,
                                                   outputs.data(), matrix.rows);
  return outputs;
}

TEST_P(EachType, PackingLosesNothing) {
  std::mt19937 random(1);
  const size_t rows = 21, columns = 512;  // the last panel is not full
  const auto source = random_matrix(GetParam(), rows, columns, random);
  std::vector<float> expected(rows * columns), row(columns);
  tensor::dequantize(GetParam(), source.data(), expected.data(), expected.size());
  for (const size_t panel_rows : {8, 16}) {
    const Packed packed = pack(GetParam(), source, rows, columns, panel_rows);
    for (size_t r = 0; r < rows; ++r) {
      unpack_row(packed.matrix, r, row.data());
      for (size_t c = 0; c < columns; ++c)
        ASSERT_EQ(row[c], expected[r * columns + c]) << panel_rows << ": " << r << ", " << c;
    }
  }
}

// Packed matrices are kept on disk under kPackingVersion: a layout that changes without another
// version would be read as what it is not.
TEST(PackedMatrix, TheLayoutsAreThoseOfTheirVersion) {
  uint64_t sum = 0xcbf29ce484222325;  // FNV-1a over all packed bytes
  for (const ElementType type : kAllTypes)
    for (const size_t panel_rows : {size_t{8}, size_t{16}}) {
      if (packed_kind(type) == PackedKind::floats) continue;
      const size_t rows = 20, columns = 512;  // the last panel is not full
      const tensor::ElementTypeInfo& info = tensor::info(type);
      std::vector<std::byte> source(rows * columns / info.block_elements * info.block_bytes);
      for (size_t i = 0; i < source.size(); ++i)
        source[i] = static_cast<std::byte>(i * 37 + i / 256);
      const PackedMatrix matrix{packed_kind(type), type, rows, columns, panel_rows, nullptr};
      std::vector<std::byte> packed(packed_bytes(matrix));
      pack_panels(matrix, source.data(), 0, matrix.panels(), packed.data());
      for (const std::byte byte : packed) sum = (sum ^ static_cast<uint64_t>(byte)) * 0x100000001b3;
    }
  EXPECT_EQ(kPackingVersion, 1);
  EXPECT_EQ(sum, 6380320624525968049u)
      << "another layout needs another kPackingVersion, and its sum here";
}

TEST_P(EachType, ProductsAreThoseOfTheDecodedWeights) {
  std::mt19937 random(2);
  const size_t rows = 21, columns = 768, count = 7;
  const auto source = random_matrix(GetParam(), rows, columns, random);
  const std::vector<float> x = random_floats(count * columns, random);
  std::vector<float> weights(columns);
  for (const KernelTable* table : available_kernels()) {
    const Packed packed = pack(GetParam(), source, rows, columns, table->panel_rows);
    QuantizedRows quantized;
    const std::vector<float> outputs = products(*table, packed.matrix, x.data(), count, quantized);
    const bool floats = packed.matrix.kind == PackedKind::floats;
    for (size_t o = 0; o < rows; ++o) {
      unpack_row(packed.matrix, o, weights.data());
      for (size_t r = 0; r < count; ++r) {
        double expected = 0, size = 0;
        for (size_t c = 0; c < columns; ++c) {
          const double activation = floats ? x[r * columns + c] : activation_of(quantized, r, c);
          expected += activation * weights[c];
          size += std::fabs(activation * weights[c]);
        }
        ASSERT_NEAR(outputs[r * rows + o], expected, 1e-5 * size)
            << table->name << " " << r << ", " << o;
      }
    }
  }
}

TEST_P(EachType, EveryInstructionSetGivesTheSameBits) {
  std::mt19937 random(3);
  const size_t rows = 43, columns = 2304;  // more than one piece, where there are many rows
  const auto source = random_matrix(GetParam(), rows, columns, random);
  const bool floats = packed_kind(GetParam()) == PackedKind::floats;
  for (const size_t count : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 26}) {
    // Extremes too: full-scale activations against random bits are the overflow test.
    std::vector<float> x = random_floats(count * columns, random);
    if (!floats)
      for (size_t c = 0; c < columns; ++c) x[c] = random() % 2 ? 1.0f : -1.0f;
    QuantizedRows quantized;
    const auto of = [&](const KernelTable& table) {
      const Packed packed = pack(GetParam(), source, rows, columns, table.panel_rows);
      return products(table, packed.matrix, x.data(), count, quantized);
    };
    const std::vector<float> expected = of(portable_kernels());
    for (const KernelTable* table : available_kernels())
      EXPECT_EQ(of(*table), expected) << table->name << ", rows " << count;
  }
}

TEST_P(EachType, ARowsNumbersDoNotDependOnItsCompany) {
  std::mt19937 random(4);
  const size_t rows = 16, columns = 2304, count = 19;
  const auto source = random_matrix(GetParam(), rows, columns, random);
  const std::vector<float> x = random_floats(count * columns, random);
  for (const KernelTable* table : available_kernels()) {
    const Packed packed = pack(GetParam(), source, rows, columns, table->panel_rows);
    QuantizedRows quantized;
    const std::vector<float> together = products(*table, packed.matrix, x.data(), count, quantized);
    for (size_t r = 0; r < count; ++r) {
      const std::vector<float> alone =
          products(*table, packed.matrix, x.data() + r * columns, 1, quantized);
      for (size_t o = 0; o < rows; ++o) ASSERT_EQ(alone[o], together[r * rows + o]) << table->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EachType, testing::ValuesIn(kAllTypes), [](const auto& param) {
  return std::string(tensor::info(param.param).name);
});

TEST(FloatProducts, OfAnyNumberOfColumnsFromAnyByteOn) {
  std::mt19937 random(6);
  const size_t rows = 11, count = 6;
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::bf16})
    for (const size_t columns : {1, 7, 8, 37}) {
      std::vector<std::byte> source = random_matrix(type, rows, columns, random);
      std::vector<float> weights(rows * columns);
      tensor::dequantize(type, source.data(), weights.data(), weights.size());
      source.insert(source.begin(), std::byte{1});
      const PackedMatrix matrix{PackedKind::floats, type, rows, columns, kPanelRows,
                                source.data() + 1};
      const std::vector<float> x = random_floats(count * columns, random);
      QuantizedRows quantized;
      const auto expected = products(portable_kernels(), matrix, x.data(), count, quantized);
      for (size_t i = 0; i < count * rows; ++i) {
        double sum = 0, size = 0;
        for (size_t c = 0; c < columns; ++c) {
          const double part = double{x[i / rows * columns + c]} * weights[i % rows * columns + c];
          sum += part, size += std::fabs(part);
        }
        ASSERT_NEAR(expected[i], sum, 1e-6 * size);
      }
      for (const KernelTable* table : available_kernels())
        EXPECT_EQ(products(*table, matrix, x.data(), count, quantized), expected) << table->name;
    }
}

TEST(FloatProducts, OfEightAndFourBitsWithScales) {
  std::mt19937 random(7);
  const size_t rows = 21, first_row = 5, count = 4;
  struct Case {
    ElementType type, scale_type;
    size_t columns, tile_rows, tile_columns;
  };
  const Case cases[] = {
      {ElementType::f8_e4m3, ElementType::f32, 520, 16, 16},
      {ElementType::f8_e4m3, ElementType::bf16, 37, 1, 37},
      {ElementType::f8_e4m3, ElementType::f32, 300, 100, 300},
      {ElementType::f4_e2m1, ElementType::f8_e4m3, 528, 1, 16},
      {ElementType::f4_e2m1, ElementType::f8_e4m3, 44, 1, 16},
  };
  for (const Case& one : cases) {
    const tensor::ElementTypeInfo& info = tensor::info(one.type);
    const size_t across = (one.columns + one.tile_columns - 1) / one.tile_columns;
    const auto source = random_matrix(one.type, rows, one.columns, random);
    const auto scales = random_matrix(one.scale_type, first_row + rows, across, random);
    // Two matrices, of which the one that is multiplied begins within the first.
    const size_t matrix_rows = 12, down = (matrix_rows + one.tile_rows - 1) / one.tile_rows;
    const tensor::TileScales tiles{.data = scales.data(),
                                   .type = one.scale_type,
                                   .tile_rows = one.tile_rows,
                                   .tile_columns = one.tile_columns,
                                   .matrix_rows = matrix_rows,
                                   .down = down,
                                   .across = across,
                                   .factor = 0.75f};
    const PackedMatrix matrix{PackedKind::floats, one.type,      rows,   one.columns,
                              kPanelRows,         source.data(), &tiles, first_row};
    const std::vector<float> x = random_floats(count * one.columns, random);
    QuantizedRows quantized;
    const auto expected = products(portable_kernels(), matrix, x.data(), count, quantized);
    std::vector<float> weights(one.columns);
    for (size_t o = 0; o < rows; ++o) {
      unpack_row(matrix, o, weights.data());
      for (size_t r = 0; r < count; ++r) {
        double sum = 0, size = 0;
        for (size_t c = 0; c < one.columns; ++c) {
          const double part = double{x[r * one.columns + c]} * weights[c];
          sum += part, size += std::fabs(part);
        }
        ASSERT_NEAR(expected[r * rows + o], sum, 1e-6 * size) << info.name << " " << o;
      }
    }
    for (const KernelTable* table : available_kernels())
      EXPECT_EQ(products(*table, matrix, x.data(), count, quantized), expected) << table->name;
  }
}

TEST(QuantizeRow, HalfAStepAtMost) {
  std::mt19937 random(5);
  const size_t columns = 512;
  std::vector<float> x = random_floats(columns, random);
  for (size_t c = 0; c < 32; ++c) x[c] = 0;        // a block of zeros
  for (size_t c = 32; c < 64; ++c) x[c] = 1e-42f;  // subnormal
  for (size_t c = 64; c < 96; ++c) x[c] *= 1e30f;
  for (size_t c = 96; c < 112; ++c) x[c] *= 1e-3f;  // a small run beside a large one
  for (size_t c = 256; c < 512; ++c) x[c] = 0;      // a group of zeros
  for (const KernelTable* table : available_kernels()) {
    for (const size_t group : {kBlock, kSuperBlock}) {
      QuantizedRows rows;
      rows.resize(1, columns, group);
      table->quantize_row(x.data(), 0, 0, rows.blocks(), rows);
      for (size_t c = 0; c < columns; ++c) {
        const ActivationBlock& block = rows.at(0, c / kBlock);
        const int shift = block.shifts[c % kBlock / 16];
        ASSERT_GE(shift, 0);
        ASSERT_LE(shift, 4);
        const double step = std::ldexp(block.scale, shift);
        EXPECT_NEAR(activation_of(rows, 0, c), x[c], 0.5001 * step + 1e-41) << c;
        EXPECT_EQ(block.scale, rows.at(0, c / group * group / kBlock).scale);
      }
      EXPECT_EQ(rows.at(0, 3).shifts[0], 0);
      EXPECT_EQ(rows.at(0, 3).shifts[1], group == kBlock ? 4 : 0);
      for (size_t run = 0; run < columns / 16; ++run) {
        const ActivationBlock& block = rows.at(0, run / 2);
        int sum = 0;
        for (size_t c = 0; c < 16; ++c) sum += block.quants[16 * (run % 2) + c];
        EXPECT_EQ(block.run_sums[run % 2], sum * (1 << block.shifts[run % 2]));
        EXPECT_EQ(block.offsets[run % 2], -32 * sum);
        EXPECT_EQ(block.factor_pairs[run % 2], 0x10001u << block.shifts[run % 2]);
      }
      for (size_t b = 0; group == kSuperBlock && b < rows.blocks(); ++b) {
        const int16_t* sums = rows.at(0, b).run_sums;
        EXPECT_EQ(rows.at(0, b - b % 2).half_sums[b % 2], (sums[0] + sums[1]) / 2);
      }
    }
  }
}

}  // namespace
}  // namespace helicon::kernels
