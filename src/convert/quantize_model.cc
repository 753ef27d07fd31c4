#include "convert/quantize_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/processors.h"
#include "base/thread_pool.h"
#include "convert/gguf_export.h"
#include "encoders/vision_config.h"
#include "models/tensor_names.h"
#include "tensor/quantize.h"
#include "weights/gguf_writer.h"

namespace helicon::convert {
namespace {

using tensor::ElementType;

constexpr size_t kPieceBytes = size_t{16} << 20;  // of floats, in all threads together
constexpr uint64_t kQuantizationVersion = 2;      // GGML_QNT_VERSION

// The number behind "blk.".
std::optional<size_t> layer_of(std::string_view name) {
  const std::string_view prefix = models::kGgufNames.layers;
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  size_t layer = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  if (error != std::errc()) return std::nullopt;
  return layer;
}

// The first and the last eighth of the layers, and every third between: where llama.cpp spends more
// bits on values and on what leaves a feed-forward (llama-quant.cpp, use_more_bits).
bool helps(size_t layer, size_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

class Quantizer {
 public:
  Quantizer(const GgufExport& model, const QuantizeType& type, const QuantizeOptions& options)
      : model_(model),
        type_(type),
        options_(options),
        threads_(options.threads > 0 ? options.threads : usable_processors()) {
    for (const ExportedTensor& tensor : model.tensors) {
      has_output_ |= tensor.name == models::kGgufNames.output;
      if (const auto layer = layer_of(tensor.name)) layers_ = std::max(layers_, *layer + 1);
    }
  }

  Result<QuantizeReport> run(const std::filesystem::path& target) {
    std::vector<weights::GgufTensor> plan;
    for (const ExportedTensor& tensor : model_.tensors)
      plan.push_back({tensor.name, type_of(tensor), tensor.shape});
    weights::Metadata metadata = model_.metadata;
    metadata.set("general.file_type", uint64_t{type_.file_type});
    metadata.set("general.quantization_version", kQuantizationVersion);
    HELICON_ASSIGN(weights::GgufWriter writer, weights::GgufWriter::create(target, metadata, plan));
    report_.bytes = writer.bytes();
    report_.left_out = model_.left_out;
    for (size_t i = 0; i < plan.size(); ++i)
      HELICON_TRY(write_tensor(model_.tensors[i], plan[i].type, writer));
    if (!model_.source->intact())
      return Error{ErrorCode::corrupt, "the source was cut short while it was read", {}};
    HELICON_TRY(writer.finish());
    return report_;
  }

 private:
  ElementType type_of(const ExportedTensor& tensor) {
    // Of these there are few, or nobody multiplies by them as a matrix.
    if (tensor.shape.size() < 2 || tensor.name.ends_with(models::kGgufNames.router) ||
        tensor.name.starts_with(encoders::kGgufVisionNames.patches) ||
        tensor.name.starts_with(encoders::kGgufVisionNames.positions))
      return ElementType::f32;
    ElementType type = type_.type;
    const auto& names = models::kGgufNames;
    const auto layer = layer_of(tensor.name);
    if (tensor.name == (has_output_ ? names.output : names.embedding)) type = type_.more;
    if (layer && helps(*layer, layers_) &&
        ends_with_any(tensor.name, {names.value, names.down, names.experts_down}))
      type = type_.more;
    // What does not divide into large blocks may into small ones.
    bool widened = false;
    for (const ElementType wider : {ElementType::q8_0, ElementType::f16}) {
      if (tensor.columns() % tensor::info(type).block_elements == 0) break;
      type = wider;
      widened = true;
    }
    report_.widened += widened;
    return type;
  }

  Status write_tensor(const ExportedTensor& tensor, ElementType type, weights::GgufWriter& writer) {
    const size_t columns = tensor.columns(), rows = tensor.rows();
    const tensor::ElementTypeInfo& element = tensor::info(type);
    const size_t row_bytes = columns / element.block_elements * element.block_bytes;
    const size_t at_once = std::max<size_t>(1, kPieceBytes / (columns * sizeof(float)));
    std::vector<std::byte> bytes;
    for (size_t first = 0; first < rows; first += at_once) {
      if (options_.stop.stop_requested())
        return Error{ErrorCode::cancelled, "stopped; nothing is kept", {}};
      const size_t count = std::min(at_once, rows - first);
      bytes.resize(count * row_bytes);
      HELICON_TRY(convert_rows(tensor, type, first, count, bytes));
      HELICON_TRY(writer.append(bytes));
      done_ += bytes.size();
      if (options_.on_progress) options_.on_progress(done_, report_.bytes);
    }
    return ok_status();
  }

  Status convert_rows(const ExportedTensor& tensor, ElementType type, size_t first, size_t count,
                      std::span<std::byte> target) {
    const size_t columns = tensor.columns(), row_bytes = target.size() / count;
    std::mutex mutex;
    Status status = ok_status();
    const size_t grain = std::max<size_t>(1, count / (4 * static_cast<size_t>(threads_.size())));
    threads_.for_ranges(count, grain, [&](size_t begin, size_t end) {
      std::vector<float> row(columns);
      for (size_t i = begin; i < end; ++i) {
        if (Status read = tensor.read_row(first + i, row.data()); !read.ok()) {
          const std::lock_guard lock(mutex);
          status = std::move(read);
          return;
        }
        tensor::quantize(type, row, target.data() + i * row_bytes);
      }
    });
    return status;
  }

  const GgufExport& model_;
  const QuantizeType& type_;
  const QuantizeOptions& options_;
  ThreadPool threads_;
  size_t layers_ = 0;
  bool has_output_ = false;
  uint64_t done_ = 0;
  QuantizeReport report_;
};

}  // namespace

const QuantizeType* find_quantize_type(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kQuantizeTypes), std::end(kQuantizeTypes),
                                         [&](const QuantizeType& one) { return one.name == name; });
  return found == std::end(kQuantizeTypes) ? nullptr : found;
}

Result<QuantizeReport> quantize_model(std::shared_ptr<const weights::ModelFile> source,
                                      const std::filesystem::path& path,
                                      const std::filesystem::path& target, const QuantizeType& type,
                                      const QuantizeOptions& options) {
  HELICON_ASSIGN(const GgufExport model, options.eyes ? export_eyes(std::move(source), path)
                                                      : export_gguf(std::move(source)));
  return Quantizer(model, type, options).run(target);
}

}  // namespace helicon::convert
