#include "tensor/quantize.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tensor/blocks.h"
#include "tensor/half.h"

namespace helicon::tensor {
namespace {

// To the nearest whole number within [low, high]; a call of lround() would take half of the time.
int rounded(float value, int low, int high) {
  value = std::clamp(value, static_cast<float>(low), static_cast<float>(high));
  return static_cast<int>(value + (value < 0 ? -0.5f : 0.5f));
}

float largest_magnitude(std::span<const float> values) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::abs(value));
  return most;
}

// value = scale * q - minimum, q in 0..Most and minimum not below zero, of a group.
struct Line {
  float scale = 0, minimum = 0;
};

// The scale and minimum of least squares for numbers that are given, and the error that is left.
struct Fit {
  Line line;
  float error = 0;
};
Fit fit_line(std::span<const float> values, std::span<const float> weights,
             std::span<const int> numbers) {
  float w = 0, q = 0, qq = 0, x = 0, qx = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto number = static_cast<float>(numbers[i]);
    w += weights[i];
    q += weights[i] * number;
    qq += weights[i] * number * number;
    x += weights[i] * values[i];
    qx += weights[i] * number * values[i];
  }
  Fit fit;
  if (const float determinant = w * qq - q * q; determinant > 0) {
    fit.line.scale = (w * qx - q * x) / determinant;
    fit.line.minimum = (q * qx - qq * x) / determinant;
  }
  if (fit.line.minimum < 0 || fit.line.scale <= 0)
    fit.line = {.scale = qq > 0 ? std::max(qx / qq, 0.0f) : 0.0f, .minimum = 0};
  for (size_t i = 0; i < values.size(); ++i) {
    const float off =
        fit.line.scale * static_cast<float>(numbers[i]) - fit.line.minimum - values[i];
    fit.error += weights[i] * off * off;
  }
  return fit;
}

template <int Most, size_t Count>
Line choose_line(std::span<const float, Count> values) {
  std::array<float, Count> weights;
  std::array<int, Count> numbers;
  float squares = 0, low = 0, high = values[0];
  for (const float value : values) {
    squares += value * value;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (high <= low) return {.scale = 0, .minimum = -low};
  const float typical = std::sqrt(squares / static_cast<float>(Count));
  for (size_t i = 0; i < Count; ++i) weights[i] = typical + std::abs(values[i]);
  Fit best;
  constexpr int kTries = 21;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    // The range is laid over a little less than all numbers, up to a little more.
    const float steps = static_cast<float>(Most) - 1.0f + 0.1f * static_cast<float>(attempt);
    for (size_t i = 0; i < Count; ++i)
      numbers[i] = rounded((values[i] - low) * steps / (high - low), 0, Most);
    const Fit fit = fit_line(values, weights, numbers);
    if (attempt == 0 || fit.error < best.error) best = fit;
  }
  return best.line;
}

// value = scale * q, q in -32..31, of a group: the scale of least squares.
template <size_t Count>
float choose_scale(std::span<const float, Count> values) {
  const float extreme = *std::max_element(
      values.begin(), values.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
  if (extreme == 0) return 0;
  float best = 0, scale = 0;
  for (int attempt = -9; attempt <= 9; ++attempt) {
    const float steps = -(32.0f + 0.1f * static_cast<float>(attempt)) / extreme;
    float qx = 0, qq = 0;
    for (const float value : values) {
      const auto number = static_cast<float>(rounded(value * steps, -32, 31));
      qx += value * value * number * value;  // large values weigh more
      qq += value * value * number * number;
    }
    // The error is the sum of the squares less this.
    if (qq > 0 && qx * qx > best * qq) {
      best = qx * qx / qq;
      scale = qx / qq;
    }
  }
  return scale;
}

void encode(std::span<const float> x, BlockQ8_0& block) {
  const float scale = largest_magnitude(x) / 127.0f;
  block.scale = f32_to_f16(scale);
  for (size_t i = 0; i < 32; ++i)
    block.values[i] = static_cast<int8_t>(scale > 0 ? rounded(x[i] / scale, -127, 127) : 0);
}

// The opposite of unpack_scales_and_minima.
void pack_scales_and_minima(const ScalesAndMinima& from, uint8_t (&packed)[12]) {
  for (size_t i = 0; i < 4; ++i) {
    packed[i] = static_cast<uint8_t>(from.scales[i] | (from.scales[i + 4] >> 4) << 6);
    packed[i + 4] = static_cast<uint8_t>(from.minima[i] | (from.minima[i + 4] >> 4) << 6);
    packed[i + 8] = static_cast<uint8_t>((from.scales[i + 4] & 0x0F) | from.minima[i + 4] << 4);
  }
}

// Scales, minima and numbers of a BlockQ4K or BlockQ5K. put(i, q) keeps the number of element i.
template <int Most, typename Block, typename Put>
void encode_lines(std::span<const float> x, Block& block, const Put& put) {
  constexpr size_t kGroup = 32, kGroups = 8;
  constexpr int kMostScale = 63;
  std::array<Line, kGroups> lines;
  Line most;
  for (size_t group = 0; group < kGroups; ++group) {
    lines[group] = choose_line<Most>(x.subspan(group * kGroup).template first<kGroup>());
    most.scale = std::max(most.scale, lines[group].scale);
    most.minimum = std::max(most.minimum, lines[group].minimum);
  }
  block.scale = f32_to_f16(most.scale / kMostScale);
  block.minimum = f32_to_f16(most.minimum / kMostScale);
  const float scale = f16_to_f32(block.scale), minimum = f16_to_f32(block.minimum);
  ScalesAndMinima whole{};
  for (size_t group = 0; group < kGroups; ++group) {
    const Line& line = lines[group];
    if (scale > 0)
      whole.scales[group] = static_cast<uint8_t>(rounded(line.scale / scale, 0, kMostScale));
    if (minimum > 0)
      whole.minima[group] = static_cast<uint8_t>(rounded(line.minimum / minimum, 0, kMostScale));
    const float step = scale * static_cast<float>(whole.scales[group]);
    const float offset = minimum * static_cast<float>(whole.minima[group]);
    for (size_t i = kGroup * group; i < kGroup * (group + 1); ++i)
      put(i, static_cast<uint8_t>(step > 0 ? rounded((x[i] + offset) / step, 0, Most) : 0));
  }
  pack_scales_and_minima(whole, block.scales);
}

// Element i of 256 among the nibbles of BlockQ4K and BlockQ5K.
void put_nibble(uint8_t (&nibbles)[128], size_t i, int bits) {
  nibbles[i / 64 * 32 + i % 32] |= static_cast<uint8_t>(bits << (i % 64 < 32 ? 0 : 4));
}

void encode(std::span<const float> x, BlockQ4K& block) {
  encode_lines<15>(x, block, [&](size_t i, uint8_t q) { put_nibble(block.nibbles, i, q); });
}

void encode(std::span<const float> x, BlockQ5K& block) {
  encode_lines<31>(x, block, [&](size_t i, uint8_t q) {
    put_nibble(block.nibbles, i, q & 0x0F);
    block.high_bits[i % 32] |= static_cast<uint8_t>((q >> 4) << (i / 32));
  });
}

void encode(std::span<const float> x, BlockQ6K& block) {
  constexpr size_t kGroup = 16, kGroups = 16;
  std::array<float, kGroups> scales;
  for (size_t group = 0; group < kGroups; ++group)
    scales[group] = choose_scale(x.subspan(group * kGroup).first<kGroup>());
  block.scale = f32_to_f16(largest_magnitude(scales) / 127.0f);
  const float scale = f16_to_f32(block.scale);
  if (scale == 0) return;
  for (size_t group = 0; group < kGroups; ++group) {
    const int whole = rounded(scales[group] / scale, -127, 127);
    block.scales[group] = static_cast<int8_t>(whole);
    const float step = scale * static_cast<float>(whole);
    for (size_t i = kGroup * group; i < kGroup * (group + 1); ++i) {
      const int q = step != 0 ? rounded(x[i] / step, -32, 31) + 32 : 32;
      block.nibbles[i / 128 * 64 + i % 64] |=
          static_cast<uint8_t>((q & 0x0F) << (i % 128 < 64 ? 0 : 4));
      block.crumbs[i / 128 * 32 + i % 32] |= static_cast<uint8_t>((q >> 4) << (i % 128 / 32 * 2));
    }
  }
}

template <typename Block>
void encode_blocks(std::span<const float> source, std::byte* target) {
  for (size_t i = 0; i < source.size(); i += Block::elements, target += sizeof(Block)) {
    Block block{};
    encode(source.subspan(i, Block::elements), block);
    std::memcpy(target, &block, sizeof(Block));
  }
}

template <typename Value, typename Convert>
void convert_all(std::span<const float> source, std::byte* target, const Convert& convert) {
  for (const float value : source) {
    const Value converted = convert(value);
    std::memcpy(target, &converted, sizeof(converted));
    target += sizeof(converted);
  }
}

}  // namespace

void quantize(ElementType type, std::span<const float> source, std::byte* target) {
  assert(source.size() % info(type).block_elements == 0);
  switch (type) {
    case ElementType::f32:
      return convert_all<float>(source, target, [](float value) { return value; });
    case ElementType::f16:
      return convert_all<uint16_t>(source, target, f32_to_f16);
    case ElementType::bf16:
      return convert_all<uint16_t>(source, target, f32_to_bf16);
    case ElementType::q8_0:
      return encode_blocks<BlockQ8_0>(source, target);
    case ElementType::q4_k:
      return encode_blocks<BlockQ4K>(source, target);
    case ElementType::q5_k:
      return encode_blocks<BlockQ5K>(source, target);
    case ElementType::q6_k:
      return encode_blocks<BlockQ6K>(source, target);
    default:
      assert(!"one of kQuantizeTypes");
  }
}

}  // namespace helicon::tensor
