// Everything around the multiplications, eight lanes at a time (see lanes.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/kernel_table.h"
#include "kernels/lanes.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

// Calls step(offset) for each full eight and tail(offset, count) for the rest.
template <typename Step, typename Tail>
inline void for_lanes(size_t count, const Step& step, const Tail& tail) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) step(i);
  if (i < count) tail(i, count - i);
}

// The largest magnitude of a run of 16.
inline float run_peak(const float* x) {
  return largest(larger(magnitude(Lanes::load(x)), magnitude(Lanes::load(x + 8))));
}

// Quantises a run of 16 by the given step; gives back the sum of the quants. Values of a run never
// exceed 127 steps but for rounding; a subnormal step's reciprocal may overflow, hence the bounds.
inline int quantize_run(const float* x, float step, int8_t* quants) {
  const Lanes inverse = Lanes::all(step > 0 ? 1.0f / step : 0.0f);
  const auto rounded = [&](Lanes v) {
    return smaller(larger(round_to_even(v * inverse), Lanes::all(-127.0f)), Lanes::all(127.0f));
  };
  return store_bytes(rounded(Lanes::load(x)), rounded(Lanes::load(x + 8)), quants);
}

// One block of 32, given its scale and its runs' peaks; gives back its sum in steps of the scale.
inline int quantize_block(const float* x, float scale, const float* peaks, ActivationBlock& block) {
  int total = 0;
  for (size_t run = 0; run < 2; ++run) {
    // The smallest shift with which 127 steps reach the run's peak.
    int shift = 0;
    for (int s = 0; s < QuantizedRows::kMaxShift; ++s)
      shift += peaks[run] > scale * (127.0f * static_cast<float>(1 << s)) ? 1 : 0;
    const float step = scale * static_cast<float>(1 << shift);
    const int sum = quantize_run(x + 16 * run, step, block.quants + 16 * run);
    block.shifts[run] = shift;
    block.factor_pairs[run] = 0x10001u << shift;
    block.run_sums[run] = static_cast<int16_t>(sum * (1 << shift));
    block.offsets[run] = -32 * sum;
    total += block.run_sums[run];
  }
  block.scale = scale;
  block.sum = scale * static_cast<float>(total);
  return total;
}

inline void quantize_row(const float* values, size_t row, size_t first, size_t last,
                         QuantizedRows& target) {
  constexpr auto kSteps = static_cast<float>(127 << QuantizedRows::kMaxShift);
  const size_t stride = target.tile_rows(row / QuantizedRows::kTile * QuantizedRows::kTile);
  const size_t group = target.group_blocks();
  ActivationBlock* blocks = &target.at(row, first);
  for (size_t b = first; b < last; b += group, blocks += group * stride) {
    const float* x = values + kBlock * b;
    float peaks[2 * kSuperBlock / kBlock];
    float peak = 0;
    for (size_t run = 0; run < 2 * group; ++run) {
      peaks[run] = run_peak(x + 16 * run);
      peak = peaks[run] > peak ? peaks[run] : peak;
    }
    for (size_t i = 0; i < group; ++i) {
      const int total =
          quantize_block(x + kBlock * i, peak / kSteps, peaks + 2 * i, blocks[i * stride]);
      blocks[(i - i % 2) * stride].half_sums[i % 2] = static_cast<int16_t>(total / 2);
    }
  }
}

inline void rms_norm(const float* x, const float* weight, float epsilon, size_t count,
                     float* target) {
  Lanes squares = Lanes::all(0.0f);
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes v = Lanes::load(x + i);
        squares = fused(v, v, squares);
      },
      [&](size_t i, size_t n) {
        const Lanes v = load_tail(x + i, n, 0.0f);
        squares = fused(v, v, squares);
      });
  const float mean = sum(squares) / static_cast<float>(count);
  const Lanes factor = Lanes::all(1.0f / std::sqrt(mean + epsilon));
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes v = Lanes::load(x + i) * factor;
        (weight ? v * Lanes::load(weight + i) : v).store(target + i);
      },
      [&](size_t i, size_t n) {
        const Lanes v = load_tail(x + i, n, 0.0f) * factor;
        store_tail(weight ? v * load_tail(weight + i, n, 0.0f) : v, target + i, n);
      });
}

// Two passes over x, the second over what is left of it without its mean: nothing cancels.
inline void layer_norm(const float* x, const float* weight, const float* bias, float epsilon,
                       size_t count, float* target) {
  Lanes total = Lanes::all(0.0f);
  for_lanes(
      count, [&](size_t i) { total = total + Lanes::load(x + i); },
      [&](size_t i, size_t n) { total = total + load_tail(x + i, n, 0.0f); });
  const float mean = sum(total) / static_cast<float>(count);
  const Lanes middle = Lanes::all(mean);
  Lanes squares = Lanes::all(0.0f);
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes v = Lanes::load(x + i) - middle;
        squares = fused(v, v, squares);
      },
      [&](size_t i, size_t n) {
        const Lanes v = load_tail(x + i, n, mean) - middle;
        squares = fused(v, v, squares);
      });
  const float variance = sum(squares) / static_cast<float>(count);
  const Lanes factor = Lanes::all(1.0f / std::sqrt(variance + epsilon));
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes v = (Lanes::load(x + i) - middle) * factor;
        fused(v, Lanes::load(weight + i), Lanes::load(bias + i)).store(target + i);
      },
      [&](size_t i, size_t n) {
        const Lanes v = (load_tail(x + i, n, 0.0f) - middle) * factor;
        store_tail(fused(v, load_tail(weight + i, n, 0.0f), load_tail(bias + i, n, 0.0f)),
                   target + i, n);
      });
}

inline void add(float* x, const float* y, size_t count) {
  for_lanes(
      count, [&](size_t i) { (Lanes::load(x + i) + Lanes::load(y + i)).store(x + i); },
      [&](size_t i, size_t n) {
        store_tail(load_tail(x + i, n, 0.0f) + load_tail(y + i, n, 0.0f), x + i, n);
      });
}

// x / (1 + e^-x)
inline Lanes silu(Lanes x) { return x / (Lanes::all(1.0f) + exponential(Lanes::all(0.0f) - x)); }
// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
inline Lanes gelu_tanh(Lanes x) {
  const Lanes cubic = fused(Lanes::all(0.044715f) * x * x, x, x);
  const Lanes t = hyperbolic_tangent(Lanes::all(0.7978845608028654f) * cubic);
  return Lanes::all(0.5f) * x * (Lanes::all(1.0f) + t);
}

inline void gated(Activation activation, float* gate, const float* up, size_t count) {
  const auto apply = [activation](Lanes g, Lanes u) {
    return (activation == Activation::silu ? silu(g) : gelu_tanh(g)) * u;
  };
  for_lanes(
      count, [&](size_t i) { apply(Lanes::load(gate + i), Lanes::load(up + i)).store(gate + i); },
      [&](size_t i, size_t n) {
        store_tail(apply(load_tail(gate + i, n, 0.0f), load_tail(up + i, n, 0.0f)), gate + i, n);
      });
}

// 1 / (1 + e^-|x|), times e^-|x| where x is negative: no exponential overflows, and small ones keep
// their precision.
inline Lanes sigmoid(Lanes x) {
  const Lanes decay = exponential(Lanes::all(0.0f) - magnitude(x));
  return where_less(x, Lanes::all(0.0f), decay, Lanes::all(1.0f)) / (Lanes::all(1.0f) + decay);
}

inline void sigmoid_gated(float* x, const float* gate, size_t count) {
  for_lanes(
      count, [&](size_t i) { (Lanes::load(x + i) * sigmoid(Lanes::load(gate + i))).store(x + i); },
      [&](size_t i, size_t n) {
        store_tail(load_tail(x + i, n, 0.0f) * sigmoid(load_tail(gate + i, n, 0.0f)), x + i, n);
      });
}

// erfc z for z >= 0, within 1.2e-7 of itself everywhere (Press et al., Numerical Recipes, "erfcc").
inline Lanes complementary_error(Lanes z) {
  constexpr float kCoefficients[] = {-0.82215223f, 1.48851587f,  -1.13520398f,
                                     0.27886807f,  -0.18628806f, 0.09678418f,
                                     0.37409196f,  1.00002368f,  -1.26551223f};
  const Lanes t = Lanes::all(1.0f) / fused(z, Lanes::all(0.5f), Lanes::all(1.0f));
  Lanes p = Lanes::all(0.17087277f);
  for (const float c : kCoefficients) p = fused(p, t, Lanes::all(c));
  return t * exponential(p - z * z);
}
// x/2 (1 + erf(x / sqrt 2)): x - x/2 erfc(|x| / sqrt 2) for x above 0, x/2 erfc below.
inline Lanes gelu(Lanes x) {
  const Lanes half_tail =
      Lanes::all(0.5f) * complementary_error(magnitude(x) * Lanes::all(0.70710678118654752f));
  return x * where_less(x, Lanes::all(0.0f), half_tail, Lanes::all(1.0f) - half_tail);
}

inline void biased_gelu(float* x, const float* bias, size_t count) {
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes v = Lanes::load(x + i);
        gelu(bias ? v + Lanes::load(bias + i) : v).store(x + i);
      },
      [&](size_t i, size_t n) {
        const Lanes v = load_tail(x + i, n, 0.0f);
        store_tail(gelu(bias ? v + load_tail(bias + i, n, 0.0f) : v), x + i, n);
      });
}

inline void rotate(float* x, const float* cosines, const float* sines, size_t pairs,
                   bool interleaved) {
  const size_t stride = interleaved ? 2 : 1;
  float* second = interleaved ? x + 1 : x + pairs;
  for (size_t i = 0; i < pairs; ++i) {
    const float a = x[stride * i], b = second[stride * i];
    x[stride * i] = a * cosines[i] - b * sines[i];
    second[stride * i] = b * cosines[i] + a * sines[i];
  }
}

// What is no finite number stays none: a cap would hide that the weights are damaged.
inline Lanes capped(Lanes x, Lanes cap) { return cap * hyperbolic_tangent(x / cap) + (x - x); }
inline void soft_cap(float* x, float cap, size_t count) {
  const Lanes c = Lanes::all(cap);
  for_lanes(
      count, [&](size_t i) { capped(Lanes::load(x + i), c).store(x + i); },
      [&](size_t i, size_t n) { store_tail(capped(load_tail(x + i, n, 0.0f), c), x + i, n); });
}

inline float largest_of(const float* x, size_t count) {
  Lanes top = Lanes::all(x[0]);
  for_lanes(
      count, [&](size_t i) { top = larger(top, Lanes::load(x + i)); },
      [&](size_t i, size_t n) { top = larger(top, load_tail(x + i, n, x[0])); });
  return largest(top);
}

inline float exponentials(const float* x, float top, float factor, size_t count, float* target) {
  Lanes total = Lanes::all(0.0f);
  const auto weight = [&](Lanes v) {
    return exponential((v - Lanes::all(top)) * Lanes::all(factor));
  };
  for_lanes(
      count,
      [&](size_t i) {
        const Lanes w = weight(Lanes::load(x + i));
        w.store(target + i);
        total = total + w;
      },
      [&](size_t i, size_t n) {
        const Lanes w = weight(load_tail(x + i, n, -INFINITY));
        store_tail(w, target + i, n);
        total = total + w;
      });
  return sum(total);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
