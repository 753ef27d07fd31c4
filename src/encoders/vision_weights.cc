#include "encoders/vision_weights.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace helicon::encoders {
namespace {

using weights::ExpectedTensors;

std::string layer_prefix(const VisionNames& names, size_t layer) {
  return fmt::format("{}{}.", names.layers, layer);
}

// Collects what is expected under names that begin alike.
class Expecting {
 public:
  Expecting(ExpectedTensors& expected, std::string prefix)
      : expected_(expected), prefix_(std::move(prefix)) {}

  void matrix(std::string_view name, size_t rows, size_t columns, PackedMatrix& target) const {
    expected_.matrices.push_back({full(name, ".weight"), rows, columns, &target});
  }
  void linear(std::string_view name, size_t rows, size_t columns, Linear& target) const {
    matrix(name, rows, columns, target.matrix);
    expected_.vectors.push_back({full(name, ".bias"), rows, &target.bias});
  }
  void norm(std::string_view name, size_t count, VisionNorm& target) const {
    expected_.vectors.push_back({full(name, ".weight"), count, &target.weight});
    expected_.vectors.push_back({full(name, ".bias"), count, &target.bias});
  }

 private:
  std::string full(std::string_view name, std::string_view kind) const {
    return fmt::format("{}{}{}", prefix_, name, kind);
  }

  ExpectedTensors& expected_;
  std::string prefix_;
};

ExpectedTensors expected_tensors(const VisionConfig& config, VisionWeights& weights) {
  const VisionNames& names = *config.names;
  const size_t hidden = config.hidden, inner = config.feed_forward;
  ExpectedTensors expected;
  const Expecting whole(expected, "");
  whole.matrix(names.patches, hidden, config.patch_values(), weights.patches);
  if (config.square_patches)
    expected.matrices.back().shape = {hidden, 3, config.patch, config.patch};
  const size_t places = config.table * config.table;
  expected.vectors.push_back({fmt::format("{}.weight", names.positions),
                              places * hidden,
                              &weights.positions,
                              0,
                              1,
                              {places, hidden}});
  whole.norm(names.norm_before, hidden, weights.norm_before);
  whole.norm(names.norm_after, hidden, weights.norm_after);
  weights.layers.resize(config.windowed.size());
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    VisionLayer& layer = weights.layers[i];
    const Expecting part(expected, layer_prefix(names, i));
    part.norm(names.attention_norm, hidden, layer.attention_norm);
    part.linear(names.query, hidden, hidden, layer.query);
    part.linear(names.key, hidden, hidden, layer.key);
    part.linear(names.value, hidden, hidden, layer.value);
    part.linear(names.attention_output, hidden, hidden, layer.output);
    part.norm(names.feed_forward_norm, hidden, layer.feed_forward_norm);
    part.linear(names.up, inner, hidden, layer.up);
    part.linear(names.down, hidden, inner, layer.down);
  }
  whole.matrix(names.adapter_in, config.adapter, hidden * config.merge * config.merge,
               weights.adapter_in);
  whole.matrix(names.adapter_out, config.adapter, config.adapter, weights.adapter_out);
  whole.matrix(names.projection, config.output, config.adapter, weights.projection);
  return expected;
}

Status check_layers(const weights::ModelFile& file, const VisionConfig& config) {
  const size_t layers = config.windowed.size();
  return weights::check_last_layer(file, layer_prefix(*config.names, layers), layers);
}

}  // namespace

Result<size_t> required_bytes(const weights::ModelFile& file, const VisionConfig& config,
                              const weights::LoadOptions& options) {
  HELICON_TRY(check_layers(file, config));
  VisionWeights weights;
  return weights::required_bytes(file, expected_tensors(config, weights), options);
}

Result<VisionWeights> load_vision_weights(std::shared_ptr<const weights::ModelFile> file,
                                          const VisionConfig& config, ThreadPool& threads,
                                          const weights::LoadOptions& options) {
  HELICON_TRY(check_layers(*file, config));
  VisionWeights weights;
  const ExpectedTensors expected = expected_tensors(config, weights);
  HELICON_ASSIGN(weights.tensors,
                 weights::load_tensors(std::move(file), expected, threads, options));
  return weights;
}

}  // namespace helicon::encoders
