#include "convert/gguf_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "models/muse.h"
#include "models/recipe.h"
#include "text/pre_tokenizer.h"
#include "text/pre_tokenizer_table.h"
#include "weights/folder_tokenizer.h"
#include "weights/model_folder.h"

namespace helicon::convert {
namespace {

using models::DecoderConfig;
using models::TensorNames;
using weights::Metadata;
using weights::ModelFile;
using weights::TensorView;

struct Architecture {
  std::string_view folder, gguf;
  bool muse = false;  // neighbours are rotated, windows, and scales of queries and logits
};
constexpr Architecture kArchitectures[] = {
    {"qwen3", "qwen3"},
    {"qwen3_moe", "qwen3moe"},
    {"muse_glimmer", "muse-glimmer", true},
};

using Name = std::string_view TensorNames::*;
// Those of a layer that go over one to one.
constexpr Name kPlain[] = {
    &TensorNames::query,          &TensorNames::key,
    &TensorNames::value,          &TensorNames::query_bias,
    &TensorNames::key_bias,       &TensorNames::value_bias,
    &TensorNames::query_norm,     &TensorNames::key_norm,
    &TensorNames::attention_gate, &TensorNames::attention_output,
    &TensorNames::gate,           &TensorNames::up,
    &TensorNames::down,           &TensorNames::router,
};
// Those to which DecoderConfig::norm_offset is added.
constexpr Name kNorms[] = {
    &TensorNames::attention_norm,
    &TensorNames::after_attention_norm,
    &TensorNames::feed_forward_norm,
    &TensorNames::after_feed_forward_norm,
};
constexpr Name kExperts[] = {&TensorNames::experts_gate, &TensorNames::experts_up,
                             &TensorNames::experts_down};

class FolderExport {
 public:
  FolderExport(const ModelFile& file, const Architecture& architecture, const DecoderConfig& config)
      : file_(file), architecture_(architecture), config_(config) {}

  Result<GgufExport> run() {
    HELICON_TRY(check());
    put_numbers();
    HELICON_TRY(put_tokenizer());
    const TensorNames& names = *config_.names;
    take(names.embedding, std::string(models::kGgufNames.embedding));
    for (size_t i = 0; i < config_.layers.size(); ++i) take_layer(i);
    take(names.output_norm, std::string(models::kGgufNames.output_norm));
    if (!config_.tied_output) take(names.output, std::string(models::kGgufNames.output));
    for (const TensorView& tensor : file_.tensors()) result_.left_out += !taken_.count(&tensor);
    return std::move(result_);
  }

 private:
  // GGUF has no words for these.
  Status check() const {
    for (size_t i = 0; i < config_.layers.size(); ++i) {
      const models::LayerAttention& layer = config_.layers[i];
      const bool slides = layer.window > 0, rotates = layer.rotation >= 0;
      if (architecture_.muse ? slides != rotates : slides || !rotates)
        return Error{ErrorCode::unsupported,
                     fmt::format("layer {} {} and {}, which {} cannot say in GGUF", i,
                                 slides ? "slides" : "sees everything",
                                 rotates ? "rotates" : "has no positions", architecture_.gguf),
                     {}};
    }
    if (architecture_.muse && config_.after_norm_epsilon != models::kMuseAfterNormEpsilon)
      return Error{ErrorCode::unsupported,
                   fmt::format("post_norm_eps is {}, and {} in GGUF", config_.after_norm_epsilon,
                               models::kMuseAfterNormEpsilon),
                   {}};
    if (config_.experts.count > 0 && !config_.experts.normalised)
      return Error{
          ErrorCode::unsupported,
          fmt::format("norm_topk_prob is false, and true in GGUF for {}", architecture_.gguf),
          {}};
    return ok_status();
  }

  template <typename T>
  void put(std::string_view key, T value) {
    result_.metadata.set(fmt::format("{}.{}", architecture_.gguf, key), std::move(value));
  }
  void put_count(std::string_view key, size_t value) { put(key, uint64_t{value}); }
  void put_number(std::string_view key, float value) { put(key, static_cast<double>(value)); }

  void put_numbers() {
    result_.metadata.set("general.architecture", std::string(architecture_.gguf));
    put_count("context_length", config_.context);
    put_count("embedding_length", config_.hidden);
    put_count("block_count", config_.layers.size());
    put_count("feed_forward_length", config_.feed_forward);
    put_count("attention.head_count", config_.heads);
    put_count("attention.head_count_kv", config_.kv_heads);
    put_count("attention.key_length", config_.head_size);
    put_count("attention.value_length", config_.head_size);
    put_count("vocab_size", config_.vocabulary);
    put_number("attention.layer_norm_rms_epsilon", config_.norm_epsilon);
    const models::Rotation& rotation = config_.rotations.front();
    put_number("rope.freq_base", rotation.theta);
    if (rotation.factor != 1) {
      put("rope.scaling.type", std::string("linear"));
      put_number("rope.scaling.factor", rotation.factor);
    }
    if (const models::ExpertsConfig& experts = config_.experts; experts.count > 0) {
      put_count("expert_count", experts.count);
      put_count("expert_used_count", experts.chosen);
      put_count("expert_feed_forward_length", experts.feed_forward);
    }
    if (!architecture_.muse) return;
    put_number("logit_scale", config_.logit_scale);
    put_number("final_logit_softcapping", config_.final_soft_cap);
    std::vector<bool> slides;
    size_t window = 0;
    for (const models::LayerAttention& layer : config_.layers) {
      slides.push_back(layer.window > 0);
      window = std::max(window, static_cast<size_t>(layer.window));
    }
    put_count("attention.sliding_window", std::max<size_t>(window, 1));
    put("attention.sliding_window_pattern", slides);
  }

  // What GGUF says by the name of a pre-tokenizer, a folder says by what it does.
  Status put_tokenizer() {
    const Metadata& from = file_.metadata();
    if (from.contains(weights::kTokenizerProblem) || !from.contains("tokenizer.ggml.tokens")) {
      result_.metadata.set("tokenizer.ggml.model", std::string("no_vocab"));
      return ok_status();
    }
    for (const auto& [key, value] : from.all())
      if (key.starts_with("tokenizer.") && !key.starts_with("tokenizer.folder."))
        result_.metadata.set(key, value);
    HELICON_ASSIGN(const text::PreTokenizer pre, text::PreTokenizer::create(from));
    const std::string_view name = text::find_pre_tokenizer_name(pre.definition());
    if (name.empty())
      return Error{ErrorCode::unsupported, "GGUF has no name for what cuts its texts", {}};
    result_.metadata.set("tokenizer.ggml.pre", std::string(name));
    if (!from.contains(weights::kEndTokens)) return ok_status();
    HELICON_ASSIGN(const std::vector<int64_t> ends, from.integer_array(weights::kEndTokens));
    if (ends.size() > 1)
      result_.metadata.set("tokenizer.ggml.eot_token_id", static_cast<uint64_t>(ends[1]));
    return ok_status();
  }

  ExportedTensor* take(std::string_view from, const std::string& to) {
    const TensorView* tensor = from.empty() ? nullptr : file_.find(from);
    if (!tensor) return nullptr;
    taken_.insert(tensor);
    ExportedTensor exported;
    exported.name = to;
    exported.shape = tensor->shape;
    exported.parts = {{tensor, 0}};
    return &result_.tensors.emplace_back(std::move(exported));
  }

  void take_layer(size_t layer) {
    const TensorNames &names = *config_.names, &gguf = models::kGgufNames;
    const std::string prefix = fmt::format("{}{}.", names.layers, layer);
    const std::string block = fmt::format("{}{}.", gguf.layers, layer);
    const auto moved = [&](Name name) -> ExportedTensor* {
      if ((names.*name).empty()) return nullptr;
      return take(prefix + std::string(names.*name), block + std::string(gguf.*name));
    };
    for (const Name name : kNorms)
      if (ExportedTensor* const tensor = moved(name)) tensor->offset = config_.norm_offset;
    for (const Name name : kPlain) {
      ExportedTensor* const tensor = moved(name);
      if (!tensor || !architecture_.muse) continue;
      if (name == &TensorNames::query) tensor->heads = config_.heads;
      if (name == &TensorNames::key) tensor->heads = config_.kv_heads;
    }
    if (config_.query_key_norm == models::HeadNorm::plain) {
      // Plain norms, the query's with its scale for a weight.
      const float scale =
          config_.attention_scale * std::sqrt(static_cast<float>(config_.head_size));
      add_constant(block + std::string(gguf.query_norm), scale);
      add_constant(block + std::string(gguf.key_norm), 1);
    }
    if (config_.is_sparse(layer)) take_experts(prefix, block);
  }

  void add_constant(std::string name, float value) {
    ExportedTensor tensor;
    tensor.name = std::move(name);
    tensor.shape = {config_.head_size};
    tensor.every = value;
    result_.tensors.push_back(std::move(tensor));
  }

  // One tensor for all experts of a layer, of what are one for each, or gates and ups in one.
  void take_experts(const std::string& prefix, const std::string& block) {
    const TensorNames &names = *config_.names, &gguf = models::kGgufNames;
    const models::ExpertsConfig& experts = config_.experts;
    for (const Name name : kExperts) {
      const bool down = name == &TensorNames::experts_down;
      ExportedTensor tensor;
      tensor.name = block + std::string(gguf.*name);
      tensor.shape = {experts.count, down ? experts.width : experts.feed_forward,
                      down ? experts.feed_forward : experts.width};
      const uint64_t rows = tensor.shape[1];
      const bool joined = !down && !names.experts_gate_up.empty();
      const std::string_view from = joined ? names.experts_gate_up : names.*name;
      const size_t number = from.find("{}");
      for (size_t e = 0; e < experts.count; ++e) {
        std::string source = prefix + std::string(from);
        uint64_t first = 0;
        if (number != std::string_view::npos)
          source.replace(prefix.size() + number, 2, fmt::to_string(e));
        else
          first = joined ? (2 * e + (name == &TensorNames::experts_up)) * rows : e * rows;
        const TensorView* const view = file_.find(source);
        if (!view) return;  // configure() has seen to it that it is there
        taken_.insert(view);
        tensor.parts.push_back({view, first});
      }
      result_.tensors.push_back(std::move(tensor));
    }
  }

  const ModelFile& file_;
  const Architecture& architecture_;
  const DecoderConfig& config_;
  GgufExport result_;
  std::set<const TensorView*> taken_;
};

// All but what tells of the parts of a split file, and of the type of its tensors.
GgufExport export_itself(const ModelFile& file) {
  GgufExport result;
  for (const auto& [key, value] : file.metadata().all())
    if (!key.starts_with("split.")) result.metadata.set(key, value);
  for (const TensorView& tensor : file.tensors()) {
    ExportedTensor exported;
    exported.name = tensor.name;
    exported.shape = tensor.shape;
    exported.parts = {{&tensor, 0}};
    result.tensors.push_back(std::move(exported));
  }
  return result;
}

}  // namespace

size_t ExportedTensor::rows() const {
  return static_cast<size_t>(
             std::accumulate(shape.begin(), shape.end(), uint64_t{1}, std::multiplies<>())) /
         columns();
}

Status ExportedTensor::read_row(size_t row, float* target) const {
  if (every) {
    std::fill_n(target, columns(), *every);
    return ok_status();
  }
  if (heads > 0) {
    const size_t size = rows() / heads, head = row / size, at = row % size;
    row = head * size + at % 2 * (size / 2) + at / 2;
  }
  const size_t each = rows() / parts.size();
  const Part& part = parts[row / each];
  // A row of the tensor may hold several of those that are summed.
  const tensor::ElementTypeInfo& element = tensor::info(part.tensor->type);
  const size_t innermost = part.tensor->shape.back();
  const auto read = [&](size_t piece, float* values) {
    const size_t first = ((part.first_row + row % each) * summed + piece) * columns();
    const std::byte* source =
        part.tensor->data +
        first / innermost * (innermost / element.block_elements * element.block_bytes);
    tensor::dequantize_row(part.tensor->type, part.tensor->tiles(), first / innermost, source,
                           first % innermost, columns(), values);
  };
  read(0, target);
  std::vector<float> more(summed > 1 ? columns() : 0);
  for (size_t piece = 1; piece < summed; ++piece) {
    read(piece, more.data());
    for (size_t i = 0; i < columns(); ++i) target[i] += more[i];
  }
  for (size_t i = 0; i < columns(); ++i) {
    if (!std::isfinite(target[i]))
      return Error{ErrorCode::corrupt,
                   fmt::format("tensor {} has a number that is none", part.tensor->name),
                   {}};
    target[i] += offset;
  }
  return ok_status();
}

Result<GgufExport> export_gguf(std::shared_ptr<const ModelFile> file) {
  HELICON_ASSIGN(const std::string name, file->metadata().string("general.architecture"));
  const bool folder = file->metadata().contains(std::string(weights::kConfigPrefix) + "model_type");
  GgufExport result;
  if (!folder) {
    result = export_itself(*file);
  } else {
    const auto* known = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                     [&](const Architecture& one) { return one.folder == name; });
    if (known == std::end(kArchitectures)) {
      std::string all;
      for (const Architecture& one : kArchitectures)
        all += fmt::format("{}{}", all.empty() ? "" : ", ", one.folder);
      return Error{
          ErrorCode::unsupported,
          fmt::format("GGUF has no place for \"{}\" that is known here, only for {}", name, all),
          {}};
    }
    HELICON_ASSIGN(const DecoderConfig config, models::configure(*file));
    HELICON_ASSIGN(result, FolderExport(*file, *known, config).run());
  }
  result.source = std::move(file);
  return result;
}

}  // namespace helicon::convert
