#include "encoders/audio_pyramid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "encoders/check_memory.h"
#include "encoders/linear.h"

namespace helicon::encoders {

using kernels::Product;
using weights::ExpectedTensors;

namespace {

constexpr size_t kTokens = 16;  // that are worked on together

struct Block {
  std::vector<float> taps;  // [hidden, kernel]: of each channel, the latest time last
  std::vector<float> taps_bias, norm;
  Linear up, down;
};
struct LevelWeights {
  Linear patches;
  std::vector<float> norm;
  std::vector<Block> blocks;
};

}  // namespace

struct AudioPyramid::Weights {
  weights::LoadedTensors tensors;
  std::vector<LevelWeights> levels;
  std::vector<float> norm;
  Linear projection;
  std::vector<float> projection_norm;
};

namespace {

// Names of the tensors of a folder begin with this.
constexpr std::string_view kPrefix = "model.audio_tower.";

template <typename Weights>
ExpectedTensors expected_tensors(const AudioConfig& config, Weights& weights) {
  ExpectedTensors expected;
  const auto linear = [&](const std::string& name, size_t rows, size_t columns, Linear& target) {
    expected.matrices.push_back({name + ".weight", rows, columns, &target.matrix});
    expected.vectors.push_back({name + ".bias", rows, &target.bias});
  };
  const auto norm = [&](const std::string& name, size_t count, std::vector<float>& target) {
    expected.vectors.push_back({name + ".weight", count, &target});
  };
  size_t below = 1;
  weights.levels.resize(config.levels.size());
  for (size_t i = 0; i < config.levels.size(); ++i) {
    const AudioConfig::Level& level = config.levels[i];
    LevelWeights& target = weights.levels[i];
    const std::string prefix = fmt::format("{}layers.{}.", kPrefix, i);
    linear(prefix + "patch_embedder.proj", level.hidden, level.patch * below, target.patches);
    norm(prefix + "patch_embedder.norm", level.hidden, target.norm);
    target.blocks.resize(level.blocks);
    for (size_t b = 0; b < level.blocks; ++b) {
      Block& block = target.blocks[b];
      const std::string part = fmt::format("{}conv_blocks.{}.", prefix, b);
      expected.vectors.push_back({part + "conv.weight",
                                  level.hidden * config.kernel,
                                  &block.taps,
                                  0,
                                  1,
                                  {level.hidden, 1, config.kernel}});
      expected.vectors.push_back({part + "conv.bias", level.hidden, &block.taps_bias});
      norm(part + "norm", level.hidden, block.norm);
      linear(part + "mlp.fc1", level.hidden * config.mlp_ratio, level.hidden, block.up);
      linear(part + "mlp.fc2", level.hidden, level.hidden * config.mlp_ratio, block.down);
    }
    below = level.hidden;
  }
  norm(std::string(kPrefix) + "norm", below, weights.norm);
  linear(std::string(kPrefix) + "proj", config.output, below, weights.projection);
  norm(std::string(kPrefix) + "post_proj_norm", config.output, weights.projection_norm);
  return expected;
}

}  // namespace

AudioPyramid::AudioPyramid(AudioConfig config, const kernels::KernelTable& kernels,
                           ThreadPool& threads)
    : config_(std::move(config)),
      weights_(std::make_unique<Weights>()),
      kernels_(kernels),
      threads_(threads),
      products_(std::make_unique<kernels::Products>(kernels, threads)) {}
AudioPyramid::AudioPyramid(AudioPyramid&&) noexcept = default;
AudioPyramid::~AudioPyramid() = default;

Result<AudioPyramid> AudioPyramid::open(std::shared_ptr<const weights::ModelFile> file,
                                        ThreadPool& threads, bool exact) {
  HELICON_ASSIGN(AudioConfig config, configure_audio(*file));
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  weights::LoadOptions options;
  options.exact = exact;
  options.panel_rows = kernels->panel_rows;
  AudioPyramid pyramid(std::move(config), *kernels, threads);
  const ExpectedTensors expected = expected_tensors(pyramid.config_, *pyramid.weights_);
  HELICON_ASSIGN(const size_t bytes, weights::required_bytes(*file, expected, options));
  HELICON_TRY(check_memory("the audio pyramid", bytes));
  pyramid.memory_ = MemoryClaim(bytes);
  HELICON_ASSIGN(pyramid.weights_->tensors,
                 weights::load_tensors(std::move(file), expected, threads, options));
  return pyramid;
}

std::vector<float> AudioPyramid::hear(std::span<const float> samples, Heard& heard) {
  const size_t token = config_.samples_per_token();
  std::vector<float> embeddings;
  heard.rest_.insert(heard.rest_.end(), samples.begin(), samples.end());
  const size_t whole = heard.rest_.size() / token * token;
  for (size_t start = 0; start < whole; start += kTokens * token)
    run(std::span(heard.rest_).subspan(start, std::min(kTokens * token, whole - start)), heard,
        embeddings);
  heard.rest_.erase(heard.rest_.begin(), heard.rest_.begin() + static_cast<std::ptrdiff_t>(whole));
  return embeddings;
}

std::vector<float> AudioPyramid::hear_all(std::span<const float> samples) {
  Heard heard;
  std::vector<float> embeddings = hear(samples, heard);
  const std::vector<float> last = finish(heard);
  embeddings.insert(embeddings.end(), last.begin(), last.end());
  return embeddings;
}

std::vector<float> AudioPyramid::finish(Heard& heard) {
  if (heard.rest_.empty()) return {};
  const std::vector<float> silence(config_.samples_per_token() - heard.rest_.size());
  return hear(silence, heard);
}

// One level after the other: [times, numbers] becomes [times / patch, hidden].
void AudioPyramid::run(std::span<const float> samples, Heard& heard,
                       std::vector<float>& embeddings) {
  std::vector<float> rows(samples.begin(), samples.end()), next;
  size_t times = samples.size(), block_index = 0;
  for (size_t i = 0; i < config_.levels.size(); ++i) {
    const AudioConfig::Level& level = config_.levels[i];
    const LevelWeights& weights = weights_->levels[i];
    times /= level.patch;
    next.resize(times * level.hidden);
    const Product patches[] = {{&weights.patches.matrix, next.data()}};
    products_->multiply(patches, rows.data(), times, weights.patches.matrix.columns);
    threads_.for_ranges(times, 16, [&](size_t first, size_t last) {
      for (size_t t = first; t < last; ++t) {
        float* row = next.data() + t * level.hidden;
        kernels_.add(row, weights.patches.bias.data(), level.hidden);
        kernels_.rms_norm(row, weights.norm.data(), config_.norm_epsilon, level.hidden, row);
      }
    });
    std::swap(rows, next);
    for (size_t block = 0; block < level.blocks; ++block, ++block_index) {
      if (heard.past_.size() <= block_index)
        heard.past_.emplace_back((config_.kernel - 1) * level.hidden);
      run_block(i, block, heard.past_[block_index], rows);
    }
  }
  const size_t hidden = config_.levels.back().hidden, first = embeddings.size();
  for (size_t t = 0; t < times; ++t)
    kernels_.rms_norm(rows.data() + t * hidden, weights_->norm.data(), config_.norm_epsilon, hidden,
                      rows.data() + t * hidden);
  embeddings.resize(first + times * config_.output);
  const Product projection[] = {{&weights_->projection.matrix, embeddings.data() + first}};
  products_->multiply(projection, rows.data(), times, hidden);
  for (size_t t = 0; t < times; ++t) {
    float* row = embeddings.data() + first + t * config_.output;
    kernels_.add(row, weights_->projection.bias.data(), config_.output);
    kernels_.rms_norm(row, weights_->projection_norm.data(), config_.norm_epsilon, config_.output,
                      row);
    kernels_.rms_norm(row, nullptr, config_.output_epsilon, config_.output, row);
  }
}

// rows += mlp(norm(convolution(rows))); `past` are the rows before them, and afterwards the last.
void AudioPyramid::run_block(size_t level_index, size_t block_index, std::vector<float>& past,
                             std::vector<float>& rows) {
  const size_t hidden = config_.levels[level_index].hidden, kernel = config_.kernel,
               inner = hidden * config_.mlp_ratio, times = rows.size() / hidden;
  const Block& block = weights_->levels[level_index].blocks[block_index];
  std::vector<float> seen = past;  // [kernel - 1 + times, hidden]
  seen.insert(seen.end(), rows.begin(), rows.end());
  std::copy(seen.end() - static_cast<std::ptrdiff_t>(past.size()), seen.end(), past.begin());
  std::vector<float> branch(rows.size()), wide(times * inner);
  threads_.for_ranges(times, 16, [&](size_t first, size_t last) {
    for (size_t t = first; t < last; ++t) {
      float* row = branch.data() + t * hidden;
      for (size_t c = 0; c < hidden; ++c) {
        float sum = block.taps_bias[c];
        for (size_t k = 0; k < kernel; ++k)
          sum += block.taps[c * kernel + k] * seen[(t + k) * hidden + c];
        row[c] = sum;
      }
      kernels_.rms_norm(row, block.norm.data(), config_.norm_epsilon, hidden, row);
    }
  });
  const Product up[] = {{&block.up.matrix, wide.data()}};
  products_->multiply(up, branch.data(), times, hidden);
  threads_.for_ranges(times, 8, [&](size_t first, size_t last) {
    for (size_t t = first; t < last; ++t)
      kernels_.biased_gelu(wide.data() + t * inner, block.up.bias.data(), inner);
  });
  const Product down[] = {{&block.down.matrix, branch.data()}};
  products_->multiply(down, wide.data(), times, inner);
  threads_.for_ranges(times, 16, [&](size_t first, size_t last) {
    for (size_t t = first; t < last; ++t) {
      kernels_.add(rows.data() + t * hidden, branch.data() + t * hidden, hidden);
      kernels_.add(rows.data() + t * hidden, block.down.bias.data(), hidden);
    }
  });
}

}  // namespace helicon::encoders
