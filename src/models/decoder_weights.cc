#include "models/decoder_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace helicon::models {
namespace {

using weights::ExpectedTensors;
using weights::ModelFile;

constexpr std::string_view kNumber = "{}";  // of an expert, in a tensor's name

std::string layer_prefix(const TensorNames& names, size_t layer) {
  return fmt::format("{}{}.", names.layers, layer);
}

void expect_sparse(const DecoderConfig& config, const std::string& prefix, ExpertsIn experts_in,
                   SparseWeights& sparse, ExpectedTensors& expected) {
  const TensorNames& names = *config.names;
  const ExpertsConfig& experts = config.experts;
  const size_t inner = experts.feed_forward, width = experts.width;
  const auto named = [&](std::string_view name) { return prefix + std::string(name); };
  expected.matrices.push_back(
      {named(names.router), experts.count, config.hidden, &sparse.router, {}, 0, true});
  if (experts.corrected)
    expected.vectors.push_back({named(names.router_bias), experts.count, &sparse.correction});
  if (experts.projected) {
    expected.matrices.push_back({named(names.experts_in), width, config.hidden, &sparse.in});
    expected.vectors.push_back(
        {named(names.experts_norm), width, &sparse.in_norm, config.norm_offset});
    expected.vectors.push_back(
        {named(names.after_expert_norm), width, &sparse.after_norm, config.norm_offset});
    expected.matrices.push_back({named(names.experts_out), config.hidden, width, &sparse.out});
  }
  sparse.experts.resize(experts.count);
  // The `part`-th of `parts` matrices that stand below each other for expert `e`.
  const auto matrix = [&](std::string_view name, size_t e, size_t rows, size_t columns,
                          PackedMatrix& target, size_t parts = 1, size_t part = 0) {
    const size_t number = name.find(kNumber);
    if (number == std::string_view::npos) {
      expected.matrices.push_back({named(name),
                                   rows,
                                   columns,
                                   &target,
                                   {experts.count, parts * rows, columns},
                                   (e * parts + part) * rows});
    } else {
      expected.matrices.push_back({named(fmt::format("{}{}{}", name.substr(0, number), e,
                                                     name.substr(number + kNumber.size()))),
                                   rows, columns, &target});
    }
    if (experts_in == ExpertsIn::memory) return;
    expected.matrices.back().floats = true;
    expected.matrices.back().resident = false;
  };
  const bool joined = !names.experts_gate_up.empty();
  for (size_t e = 0; e < experts.count; ++e) {
    ExpertWeights& expert = sparse.experts[e];
    if (joined) {
      matrix(names.experts_gate_up, e, inner, width, expert.gate, 2, 0);
      matrix(names.experts_gate_up, e, inner, width, expert.up, 2, 1);
    } else {
      matrix(names.experts_gate, e, inner, width, expert.gate);
      matrix(names.experts_up, e, inner, width, expert.up);
    }
    matrix(names.experts_down, e, width, inner, expert.down);
  }
}

ExpectedTensors expected_tensors(const DecoderConfig& config, DecoderWeights& weights) {
  const TensorNames& names = *config.names;
  ExpectedTensors expected;
  expect_layers(config, weights.experts, weights.layers, expected);
  // Scaling what the output matrix reads scales the logits.
  expected.vectors.push_back(
      {std::string(names.output_norm), config.hidden, &weights.output_norm, 0, config.logit_scale});
  expected.matrices.push_back({std::string(config.tied_output ? names.embedding : names.output),
                               config.vocabulary, config.hidden, &weights.output});
  return expected;
}

// From the gates as they are stored, in `take`.
void mix(ResidualMix& residual, float temperature) {
  for (float& take : residual.take) {
    const double w = take / temperature, sigmoid = 1 / (1 + std::exp(-w));
    residual.keep.push_back(
        static_cast<float>(std::sqrt(std::max((1 - sigmoid) * (1 + sigmoid), 1e-3))));
    take = static_cast<float>(sigmoid);
  }
}

}  // namespace

Status check_layers(const ModelFile& file, const DecoderConfig& config) {
  const size_t layers = config.layers.size();
  return weights::check_last_layer(file, layer_prefix(*config.names, layers), layers);
}

void expect_layers(const DecoderConfig& config, ExpertsIn experts,
                   std::vector<LayerWeights>& layers, ExpectedTensors& expected) {
  const TensorNames& names = *config.names;
  const size_t hidden = config.hidden, inner = config.feed_forward, head = config.head_size;
  const size_t query = config.heads * head, key = config.kv_heads * head;
  layers.resize(config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerWeights& layer = layers[i];
    const std::string prefix = layer_prefix(names, i);
    const auto matrix = [&](std::string_view name, size_t rows, size_t columns,
                            PackedMatrix& target) {
      expected.matrices.push_back({prefix + std::string(name), rows, columns, &target});
    };
    const auto vector = [&](std::string_view name, size_t count, std::vector<float>& target) {
      expected.vectors.push_back({prefix + std::string(name), count, &target});
    };
    const auto norm = [&](std::string_view name, std::vector<float>& target) {
      vector(name, hidden, target);
      expected.vectors.back().offset = config.norm_offset;
    };
    norm(names.attention_norm, layer.attention_norm);
    matrix(names.query, query, hidden, layer.query);
    matrix(names.key, key, hidden, layer.key);
    matrix(names.value, key, hidden, layer.value);
    if (config.attention_bias) {
      vector(names.query_bias, query, layer.query_bias);
      vector(names.key_bias, key, layer.key_bias);
      vector(names.value_bias, key, layer.value_bias);
    }
    if (config.query_key_norm == HeadNorm::weighted) {
      vector(names.query_norm, head, layer.query_norm);
      vector(names.key_norm, head, layer.key_norm);
    }
    if (config.attention_gate) matrix(names.attention_gate, query, hidden, layer.attention_gate);
    matrix(names.attention_output, hidden, query, layer.output);
    const auto after_norm = [&](AfterNorm kind, std::string_view name, std::vector<float>& target) {
      if (kind == AfterNorm::weighted || kind == AfterNorm::scaled_first) norm(name, target);
    };
    after_norm(config.after_attention, names.after_attention_norm, layer.after_attention_norm);
    norm(names.feed_forward_norm, layer.feed_forward_norm);
    if (config.is_sparse(i)) {
      layer.sparse = std::make_unique<SparseWeights>();
      expect_sparse(config, prefix, experts, *layer.sparse, expected);
    } else {
      matrix(names.gate, inner, hidden, layer.gate);
      matrix(names.up, inner, hidden, layer.up);
      matrix(names.down, hidden, inner, layer.down);
    }
    after_norm(config.after_feed_forward, names.after_feed_forward_norm,
               layer.after_feed_forward_norm);
    if (config.residual_temperature > 0) {
      vector(names.attention_residual_gate, hidden, layer.attention_mix.take);
      vector(names.feed_forward_residual_gate, hidden, layer.feed_forward_mix.take);
    }
  }
}

Result<size_t> required_bytes(const ModelFile& file, const DecoderConfig& config, ExpertsIn experts,
                              const LoadOptions& options) {
  HELICON_TRY(check_layers(file, config));
  DecoderWeights weights;
  weights.experts = experts;
  ExpectedTensors expected = expected_tensors(config, weights);
  HELICON_ASSIGN(const size_t resident, weights::required_bytes(file, expected, options));
  size_t others = 0;
  for (weights::ExpectedMatrix& matrix : expected.matrices) {
    others += !matrix.resident;
    matrix.resident = true;
  }
  if (others == 0) return resident;
  constexpr size_t kMatrices = 3;  // of an expert
  HELICON_ASSIGN(const size_t all, weights::required_bytes(file, expected, options));
  return resident + (all - resident) / others * kMatrices * config.experts.chosen;
}

Result<DecoderWeights> load_decoder_weights(std::shared_ptr<const ModelFile> file,
                                            const DecoderConfig& config, ExpertsIn experts,
                                            ThreadPool& threads, const LoadOptions& options) {
  HELICON_TRY(check_layers(*file, config));
  DecoderWeights weights;
  weights.experts = experts;
  HELICON_ASSIGN(weights.embedding,
                 weights::find_tensor(*file, std::string(config.names->embedding),
                                      {config.vocabulary, config.hidden}));
  const ExpectedTensors expected = expected_tensors(config, weights);
  HELICON_ASSIGN(weights.tensors,
                 weights::load_tensors(std::move(file), expected, threads, options));
  for (LayerWeights& layer : weights.layers)
    for (ResidualMix* residual : {&layer.attention_mix, &layer.feed_forward_mix})
      mix(*residual, config.residual_temperature);
  return weights;
}

}  // namespace helicon::models
