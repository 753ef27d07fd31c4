#include "model_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "models/recipe.h"
#include "output.h"
#include "tensor/element_type.h"
#include "weights/folder_tokenizer.h"

namespace helicon::apps {
namespace {

std::string text_or_empty(const weights::Metadata& metadata, std::string_view key) {
  const auto text = metadata.string(key);
  return text.ok() ? *text : std::string();
}

uint64_t number_or_zero(const weights::Metadata& metadata, const std::string& key) {
  const auto number = metadata.unsigned_integer(key);
  return number.ok() ? *number : 0;
}

std::vector<TypeShare> type_shares(const weights::ModelFile& file) {
  std::map<std::string_view, TypeShare> by_name;
  for (const weights::TensorView& tensor : file.tensors()) {
    const std::string_view name = tensor::info(tensor.type).name;
    TypeShare& share = by_name[name];
    share.type = name;
    ++share.tensors;
    share.bytes += tensor.bytes;
  }
  std::vector<TypeShare> shares;
  for (auto& [name, share] : by_name) shares.push_back(std::move(share));
  std::sort(shares.begin(), shares.end(), [](const TypeShare& a, const TypeShare& b) {
    return std::tie(b.bytes, a.type) < std::tie(a.bytes, b.type);
  });
  return shares;
}

std::string readable_parameters(uint64_t parameters) {
  const auto count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.2f} billion", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.0f} million", count / 1e6);
  return fmt::format("{}", parameters);
}

std::string quantisation_mix(const ModelSummary& summary) {
  uint64_t total = 0;
  for (const TypeShare& share : summary.types) total += share.bytes;
  std::string mix;
  for (const TypeShare& share : summary.types) {
    const double percent = 100 * static_cast<double>(share.bytes) / static_cast<double>(total);
    mix += fmt::format("{}{} {:.{}f} % ({} tensor{})", mix.empty() ? "" : ", ", share.type, percent,
                       percent < 1 ? 2 : 0, share.tensors, share.tensors == 1 ? "" : "s");
  }
  return mix;
}

}  // namespace

ModelSummary summarize(const ModelArgument& model, const weights::ModelFile& file) {
  const weights::Metadata& metadata = file.metadata();
  ModelSummary summary;
  summary.name = model.name;
  summary.file = model.path.string();
  summary.bytes = file.file_bytes();
  summary.architecture = text_or_empty(metadata, "general.architecture");
  for (const weights::TensorView& tensor : file.tensors()) summary.parameters += tensor.elements();
  summary.types = type_shares(file);
  if (const auto config = models::configure(file); config.ok()) {
    summary.context = config->context;
    summary.layers = config->layers.size();
    summary.width = config->hidden;
  } else {  // nothing that runs here, but GGUF says these alike for all
    const std::string& prefix = summary.architecture;
    summary.context = number_or_zero(metadata, prefix + ".context_length");
    summary.layers = number_or_zero(metadata, prefix + ".block_count");
    summary.width = number_or_zero(metadata, prefix + ".embedding_length");
  }
  if (const auto tokens = metadata.string_array("tokenizer.ggml.tokens"); tokens.ok()) {
    summary.vocabulary = (*tokens)->size();
  }
  summary.tokenizer = text_or_empty(metadata, "tokenizer.ggml.model");
  if (metadata.contains(weights::kTokenizerProblem)) summary.tokenizer = "none";
  const std::string splitter = text_or_empty(metadata, "tokenizer.ggml.pre");
  if (!splitter.empty()) summary.tokenizer += " (" + splitter + ")";
  summary.chat_template = metadata.contains("tokenizer.chat_template");
  summary.licence = text_or_empty(metadata, "general.license");
  if (summary.licence.empty() && model.entry != nullptr) summary.licence = model.entry->licence;
  return summary;
}

std::string as_json(const ModelSummary& summary) {
  boost::json::array types;
  for (const TypeShare& share : summary.types) {
    types.push_back({{"type", share.type}, {"tensors", share.tensors}, {"bytes", share.bytes}});
  }
  const boost::json::object object = {{"name", summary.name},
                                      {"file", summary.file},
                                      {"bytes", summary.bytes},
                                      {"architecture", summary.architecture},
                                      {"parameters", summary.parameters},
                                      {"quantisation", std::move(types)},
                                      {"context", summary.context},
                                      {"layers", summary.layers},
                                      {"width", summary.width},
                                      {"vocabulary", summary.vocabulary},
                                      {"tokenizer", summary.tokenizer},
                                      {"chat_template", summary.chat_template},
                                      {"licence", summary.licence}};
  return boost::json::serialize(object) + "\n";
}

std::string as_text(const ModelSummary& summary) {
  const std::vector<std::pair<const char*, std::string>> lines = {
      {"file",
       fmt::format("{} ({})", summary.file, readable_bytes(static_cast<double>(summary.bytes)))},
      {"architecture", summary.architecture},
      {"parameters", readable_parameters(summary.parameters)},
      {"quantisation", quantisation_mix(summary)},
      {"context", fmt::format("{} tokens", summary.context)},
      {"layers", fmt::format("{}, {} wide", summary.layers, summary.width)},
      {"tokenizer", fmt::format("{}, {} tokens", summary.tokenizer, summary.vocabulary)},
      {"template", summary.chat_template ? "yes; --template prints it"
                                         : "none: a base model, not one to talk to"},
      {"licence", summary.licence.empty() ? "not stated" : summary.licence},
  };
  std::string text = printable(summary.name, true) + "\n";
  for (const auto& [name, value] : lines) {
    text += fmt::format("  {:<13} {}\n", name, printable(value, true));
  }
  return text;
}

}  // namespace helicon::apps
