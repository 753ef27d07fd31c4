#include "machine_speed.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace helicon::apps {
namespace {

using Clock = std::chrono::steady_clock;

template <typename F>
double seconds_of(const F& work) {
  const Clock::time_point start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename F>
double least_seconds(int passes, const F& work) {
  double least = seconds_of(work);
  for (int pass = 1; pass < passes; ++pass) least = std::min(least, seconds_of(work));
  return least;
}

// Twelve chains of one instruction hide its latency. Each function makes `rounds` of them and gives
// back how many multiply-adds an instruction makes. Assembler, because a compiler sees through work
// that nobody wants, or keeps the chains in memory.
constexpr int kChains = 12;

#if defined(__x86_64__)
__attribute__((target("avx2"))) int run_avx2(long rounds) {
  const __m256i weights = _mm256_set1_epi8(1);
  __m256i chains[kChains];
  for (__m256i& chain : chains) chain = weights;
  for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (__m256i& chain : chains)
      asm volatile("vpmaddubsw %1, %0, %0" : "+x"(chain) : "x"(weights));
  return 32;
}

__attribute__((target("avx512vnni,avx512f"))) int run_vnni(long rounds) {
  const __m512i weights = _mm512_set1_epi8(1);
  __m512i chains[kChains];
  for (__m512i& chain : chains) chain = weights;
  for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (__m512i& chain : chains) asm volatile("vpdpbusd %1, %1, %0" : "+v"(chain) : "v"(weights));
  return 64;
}
#elif defined(__aarch64__)
__attribute__((target("+dotprod"))) int run_neon(long rounds) {
  const int8x16_t weights = vdupq_n_s8(1);
  int32x4_t chains[kChains];
  for (int32x4_t& chain : chains) chain = vdupq_n_s32(1);
  for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int32x4_t& chain : chains)
      asm volatile("sdot %0.4s, %1.16b, %1.16b" : "+w"(chain) : "w"(weights));
  return 16;
}
#endif

using Loop = int (*)(long rounds);

Loop loop_of(std::string_view kernels) {
  const auto has = [&](std::string_view word) {
    return kernels.find(word) != std::string_view::npos;
  };
#if defined(__x86_64__)
  if (has("vnni")) return run_vnni;
  if (has("avx2")) return run_avx2;
#elif defined(__aarch64__)
  if (has("neon")) return run_neon;
#endif
  (void)has;
  return nullptr;
}

}  // namespace

double memory_bandwidth(ThreadPool& threads) {
  constexpr size_t kPiece = size_t{2} << 20, kPieces = 384;
  constexpr size_t kBytes = kPiece * kPieces;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 0;
  madvise(memory, kBytes, MADV_HUGEPAGE);
  const std::unique_ptr<void, void (*)(void*)> owner(memory, [](void* p) { munmap(p, kBytes); });
  auto* const words = static_cast<uint64_t*>(memory);
  constexpr size_t kWords = kPiece / sizeof(uint64_t);
  threads.for_ranges(kPieces, 1, [&](size_t first, size_t last) {
    std::fill(words + first * kWords, words + last * kWords, uint64_t{1});
  });
  const double seconds = least_seconds(7, [&] {
    threads.for_ranges(kPieces, 1, [&](size_t first, size_t last) {
      uint64_t sums[8] = {};
      for (size_t i = first * kWords; i < last * kWords; i += 8)
        for (size_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
      for (uint64_t& sum : sums) asm volatile("" : "+r"(sum));
    });
  });
  return static_cast<double>(kBytes) / seconds;
}

double multiply_adds_per_second(std::string_view kernels, ThreadPool& threads) {
  const Loop loop = loop_of(kernels);
  if (!loop) return 0;
  constexpr long kRounds = 1 << 20;
  constexpr size_t kPieces = 64;
  const double seconds = least_seconds(5, [&] {
    threads.for_ranges(kPieces, 1, [&](size_t first, size_t last) {
      for (size_t piece = first; piece < last; ++piece) loop(kRounds);
    });
  });
  return static_cast<double>(kPieces) * kRounds * kChains * loop(1) / seconds;
}

}  // namespace helicon::apps
