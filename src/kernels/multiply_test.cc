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
  std::vector<std::byte> source, memory;
  PackedMatrix matrix;
};

Packed pack_random(ElementType type, size_t rows, size_t columns, std::mt19937& random) {
  Packed packed;
  packed.source = random_matrix(type, rows, columns, random);
  packed.memory.resize(packed_bytes(type, rows, columns));
  packed.matrix = {packed_kind(type), type, rows, columns, packed.memory.data()};
  pack_panels(type, packed.source.data(), rows, columns, 0, packed.matrix.panels(),
              packed.memory.data());
  if (packed.matrix.kind == PackedKind::floats) packed.matrix.data = packed.source.data();
  return packed;
}

double activation_of(const QuantizedRows& rows, size_t row, size_t column) {
  const double step = static_cast<double>(rows.scales(row)[column / kBlock]) *
                      (rows.factors(row)[column / 16] & 0xffff);
  return step * rows.quants(row)[column];
}

class EachType : public testing::TestWithParam<ElementType> {};

TEST_P(EachType, PackingLosesNothing) {
  std::mt19937 random(1);
  const size_t rows = 21, columns = 512;  // the last panel is not full
  const Packed packed = pack_random(GetParam(), rows, columns, random);
  std::vector<float> expected(rows * columns), row(columns);
  tensor::dequantize(GetParam(), packed.source.data(), expected.data(), expected.size());
  for (size_t r = 0; r < rows; ++r) {
    unpack_row(packed.matrix, r, row.data());
    for (size_t c = 0; c < columns; ++c)
      ASSERT_EQ(row[c], expected[r * columns + c]) << r << ", " << c;
  }
}

TEST_P(EachType, ProductsAreThoseOfTheDecodedWeights) {
  std::mt19937 random(2);
  const size_t rows = 21, columns = 768, count = 7;
  const Packed packed = pack_random(GetParam(), rows, columns, random);
  const std::vector<float> x = random_floats(count * columns, random);
  std::vector<float> weights(columns);
  for (const KernelTable* table : available_kernels()) {
    QuantizedRows quantized;
    quantized.resize(count, columns);
    for (size_t r = 0; r < count; ++r) table->quantize_row(x.data() + r * columns, r, quantized);
    std::vector<float> outputs(count * rows, NAN);
    const bool floats = packed.matrix.kind == PackedKind::floats;
    if (floats)
      table->multiply_floats(packed.matrix, 0, packed.matrix.panels(), x.data(), count,
                             outputs.data(), rows);
    else
      table->multiply[static_cast<size_t>(packed.matrix.kind)](
          packed.matrix, 0, packed.matrix.panels(), quantized, count, outputs.data(), rows);
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
  const size_t rows = 43, columns = 1536;
  const Packed packed = pack_random(GetParam(), rows, columns, random);
  if (packed.matrix.kind == PackedKind::floats) {
    const std::vector<float> x = random_floats(3 * columns, random);
    std::vector<float> expected(3 * rows), outputs(3 * rows);
    portable_kernels().multiply_floats(packed.matrix, 0, packed.matrix.panels(), x.data(), 3,
                                       expected.data(), rows);
    for (const KernelTable* table : available_kernels()) {
      table->multiply_floats(packed.matrix, 0, packed.matrix.panels(), x.data(), 3, outputs.data(),
                             rows);
      EXPECT_EQ(outputs, expected) << table->name;
    }
    return;
  }
  for (size_t count = 1; count <= 9; ++count) {
    // Extremes too: full-scale activations against random bits are the overflow test.
    std::vector<float> x = random_floats(count * columns, random);
    for (size_t c = 0; c < columns; ++c) x[c] = random() % 2 ? 1.0f : -1.0f;
    std::vector<float> expected, outputs(count * rows);
    for (const KernelTable* table : {&portable_kernels(), available_kernels().front(),
                                     available_kernels()[available_kernels().size() / 2]}) {
      QuantizedRows quantized;
      quantized.resize(count, columns);
      for (size_t r = 0; r < count; ++r) table->quantize_row(x.data() + r * columns, r, quantized);
      table->multiply[static_cast<size_t>(packed.matrix.kind)](
          packed.matrix, 0, packed.matrix.panels(), quantized, count, outputs.data(), rows);
      if (expected.empty()) expected = outputs;
      EXPECT_EQ(outputs, expected) << table->name << ", rows " << count;
    }
  }
}

TEST_P(EachType, ARowsNumbersDoNotDependOnItsCompany) {
  std::mt19937 random(4);
  const size_t rows = 16, columns = 512, count = 11;
  const Packed packed = pack_random(GetParam(), rows, columns, random);
  const std::vector<float> x = random_floats(count * columns, random);
  for (const KernelTable* table : available_kernels()) {
    const auto multiply = [&](size_t from, size_t many) {
      QuantizedRows quantized;
      quantized.resize(many, columns);
      for (size_t r = 0; r < many; ++r)
        table->quantize_row(x.data() + (from + r) * columns, r, quantized);
      std::vector<float> outputs(many * rows);
      const auto kind = static_cast<size_t>(packed.matrix.kind);
      if (packed.matrix.kind == PackedKind::floats)
        table->multiply_floats(packed.matrix, 0, 2, x.data() + from * columns, many, outputs.data(),
                               rows);
      else
        table->multiply[kind](packed.matrix, 0, 2, quantized, many, outputs.data(), rows);
      return outputs;
    };
    const std::vector<float> together = multiply(0, count);
    for (size_t r = 0; r < count; ++r) {
      const std::vector<float> alone = multiply(r, 1);
      for (size_t o = 0; o < rows; ++o) ASSERT_EQ(alone[o], together[r * rows + o]) << table->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EachType, testing::ValuesIn(kAllTypes), [](const auto& param) {
  return std::string(tensor::info(param.param).name);
});

TEST(QuantizeRow, HalfAStepAtMost) {
  std::mt19937 random(5);
  const size_t columns = 256;
  std::vector<float> x = random_floats(columns, random);
  for (size_t c = 0; c < 32; ++c) x[c] = 0;        // a block of zeros
  for (size_t c = 32; c < 64; ++c) x[c] = 1e-42f;  // subnormal
  for (size_t c = 64; c < 96; ++c) x[c] *= 1e30f;
  for (size_t c = 96; c < 112; ++c) x[c] *= 1e-3f;  // a small run beside a large one
  for (const KernelTable* table : available_kernels()) {
    QuantizedRows rows;
    rows.resize(1, columns);
    table->quantize_row(x.data(), 0, rows);
    for (size_t c = 0; c < columns; ++c) {
      const uint32_t factor = rows.factors(0)[c / 16] & 0xffff;
      ASSERT_GE(factor, 1u);
      ASSERT_LE(factor, 15u);
      const double step = static_cast<double>(rows.scales(0)[c / kBlock]) * factor;
      EXPECT_NEAR(activation_of(rows, 0, c), x[c], 0.5001 * step + 1e-41) << c;
    }
    const uint32_t small = rows.factors(0)[6] & 0xffff, large = rows.factors(0)[7] & 0xffff;
    EXPECT_EQ(small, 1u);
    EXPECT_EQ(large, 15u);
    for (size_t run = 0; run < columns / 16; ++run) {
      int sum = 0;
      for (size_t c = 16 * run; c < 16 * run + 16; ++c) sum += rows.quants(0)[c];
      EXPECT_EQ(rows.run_sums(0)[run], sum * static_cast<int>(rows.factors(0)[run] & 0xffff));
    }
  }
}

}  // namespace
}  // namespace helicon::kernels
