#include "models/decoder_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace helicon::models {
namespace {

using kernels::PackedKind;
using weights::ModelFile;
using weights::TensorView;

// Where each tensor that an architecture calls for goes, and what shape it must have.
struct ExpectedMatrix {
  std::string name;
  size_t rows, columns;
  PackedMatrix* target;
};
struct ExpectedVector {
  std::string name;
  size_t count;
  std::vector<float>* target;
  float offset = 0, scale = 1;  // target = (what is stored + offset) * scale
};
struct Expected {
  std::vector<ExpectedMatrix> matrices;
  std::vector<ExpectedVector> vectors;
};

std::string layer_prefix(const TensorNames& names, size_t layer) {
  return fmt::format("{}{}.", names.layers, layer);
}

Expected expected_tensors(const DecoderConfig& config, DecoderWeights& weights) {
  const TensorNames& names = *config.names;
  const size_t hidden = config.hidden, inner = config.feed_forward, head = config.head_size;
  const size_t query = config.heads * head, key = config.kv_heads * head;
  Expected expected;
  weights.layers.resize(config.layers.size());
  for (size_t i = 0; i < config.layers.size(); ++i) {
    LayerWeights& layer = weights.layers[i];
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
    if (config.after_norms) norm(names.after_attention_norm, layer.after_attention_norm);
    norm(names.feed_forward_norm, layer.feed_forward_norm);
    matrix(names.gate, inner, hidden, layer.gate);
    matrix(names.up, inner, hidden, layer.up);
    matrix(names.down, hidden, inner, layer.down);
    if (config.after_norms) norm(names.after_feed_forward_norm, layer.after_feed_forward_norm);
  }
  // Scaling what the output matrix reads scales the logits.
  expected.vectors.push_back(
      {std::string(names.output_norm), hidden, &weights.output_norm, 0, config.logit_scale});
  expected.matrices.push_back({std::string(config.tied_output ? names.embedding : names.output),
                               config.vocabulary, hidden, &weights.output});
  return expected;
}

Result<const TensorView*> find_tensor(const ModelFile& file, const std::string& name,
                                      const std::vector<uint64_t>& shape) {
  const TensorView* tensor = file.find(name);
  if (!tensor) return Error{ErrorCode::corrupt, fmt::format("tensor {} is missing", name)};
  if (tensor->shape != shape)
    return Error{ErrorCode::corrupt,
                 fmt::format("tensor {} has shape [{}], expected [{}]", name,
                             fmt::join(tensor->shape, ", "), fmt::join(shape, ", "))};
  return tensor;
}

// A file of more layers than it says it has would answer, and wrongly.
Status check_layers(const ModelFile& file, const DecoderConfig& config) {
  const size_t layers = config.layers.size();
  const std::string next = layer_prefix(*config.names, layers);
  for (const TensorView& tensor : file.tensors())
    if (tensor.name.starts_with(next))
      return Error{ErrorCode::corrupt, fmt::format("tensor {} is beyond the {} layers of the file",
                                                   tensor.name, layers)};
  return ok_status();
}

Status read_vector(const ModelFile& file, const ExpectedVector& vector) {
  HELICON_ASSIGN(const TensorView* tensor, find_tensor(file, vector.name, {vector.count}));
  if (tensor->type != tensor::ElementType::f32 && tensor->type != tensor::ElementType::f16 &&
      tensor->type != tensor::ElementType::bf16)
    return Error{ErrorCode::corrupt, fmt::format("tensor {} is {}, expected floats", vector.name,
                                                 tensor::info(tensor->type).name)};
  vector.target->resize(vector.count);
  tensor::dequantize(tensor->type, tensor->data, vector.target->data(), vector.count);
  for (float& value : *vector.target) value = (value + vector.offset) * vector.scale;
  return ok_status();
}

PackedKind kind_of(const TensorView& tensor, const LoadOptions& options) {
  return options.exact ? PackedKind::floats : kernels::packed_kind(tensor.type);
}

constexpr size_t kAlignment = 64;
size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct Job {
  const TensorView* tensor;
  PackedMatrix* target;
  size_t offset;  // in the packed memory
};

struct Plan {
  std::vector<Job> jobs;  // in the order of the file
  size_t packed = 0;      // bytes of packed memory
  size_t mapped = 0;      // bytes of the file that stay in use
};

Result<Plan> plan_matrices(const ModelFile& file, const std::vector<ExpectedMatrix>& matrices,
                           const LoadOptions& options) {
  Plan plan;
  for (const ExpectedMatrix& matrix : matrices) {
    HELICON_ASSIGN(const TensorView* tensor,
                   find_tensor(file, matrix.name, {matrix.rows, matrix.columns}));
    const PackedKind kind = kind_of(*tensor, options);
    const bool packed = kind != PackedKind::floats;
    *matrix.target = {kind,
                      tensor->type,
                      matrix.rows,
                      matrix.columns,
                      packed ? options.panel_rows : kernels::kPanelRows,
                      nullptr};
    if (!packed) {
      matrix.target->data = tensor->data;
      plan.mapped += tensor->bytes;
      continue;
    }
    plan.jobs.push_back({tensor, matrix.target, plan.packed});
    plan.packed += aligned(kernels::packed_bytes(*matrix.target));
  }
  // Reading it is one sweep.
  std::sort(plan.jobs.begin(), plan.jobs.end(),
            [](const Job& a, const Job& b) { return a.tensor->data < b.tensor->data; });
  return plan;
}

// All that the packed bytes follow from.
std::string identity_of(const ModelFile& file, const Plan& plan) {
  std::string text = fmt::format("{}packing {}\n", file.identity(), kernels::kPackingVersion);
  for (const Job& job : plan.jobs)
    text +=
        fmt::format("{} {} {} {} {} {}\n", job.tensor->name, tensor::info(job.tensor->type).name,
                    job.target->rows, job.target->columns, job.target->panel_rows, job.offset);
  return text;
}

// Does one matrix after the other, and tells how far it is. Errors: cancelled.
template <typename Work>
Status for_jobs(const Plan& plan, const LoadOptions& options, const Work& work) {
  size_t done = 0;
  for (const Job& job : plan.jobs) {
    if (options.stop.stop_requested()) return Error{ErrorCode::cancelled, "loading was stopped"};
    work(job, kernels::packed_bytes(*job.target));
    done += kernels::packed_bytes(*job.target);
    if (options.on_progress)
      options.on_progress(static_cast<double>(done) / static_cast<double>(plan.packed));
  }
  return ok_status();
}

// Takes what an earlier start has kept.
Status map_matrices(const Plan& plan, const weights::PackedFile& packed, ThreadPool& threads,
                    const LoadOptions& options) {
  constexpr size_t kRun = size_t{1} << 20;  // bytes
  return for_jobs(plan, options, [&](const Job& job, size_t bytes) {
    const std::byte* data = packed.bytes().data() + job.offset;
    threads.for_ranges((bytes + kRun - 1) / kRun, 4, [&](size_t first, size_t last) {
      const size_t begin = first * kRun, end = std::min(last * kRun, bytes);
      MappedFile::fetch({data + begin, end - begin});
    });
    job.target->data = data;
  });
}

Status pack_matrices(const Plan& plan, const ModelFile& file, std::byte* memory,
                     ThreadPool& threads, const LoadOptions& options) {
  return for_jobs(plan, options, [&](const Job& job, size_t) {
    std::byte* target = memory + job.offset;
    threads.for_ranges(job.target->panels(), 16, [&](size_t first, size_t last) {
      kernels::pack_panels(*job.target, job.tensor->data, first, last, target);
    });
    job.target->data = target;
    file.release(*job.tensor);
  });
}

}  // namespace

Result<PackedMemory> PackedMemory::allocate(size_t bytes) {
  PackedMemory memory;
  if (bytes == 0) return memory;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return Error{ErrorCode::out_of_memory, fmt::format("cannot allocate {} bytes for weights: {}",
                                                       bytes, std::strerror(errno))};
  madvise(data, bytes, MADV_HUGEPAGE);
  memory.data_ = static_cast<std::byte*>(data);
  memory.bytes_ = bytes;
  return memory;
}

PackedMemory::PackedMemory(PackedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

PackedMemory& PackedMemory::operator=(PackedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PackedMemory::~PackedMemory() {
  if (data_) munmap(data_, bytes_);
}

Result<size_t> required_bytes(const ModelFile& file, const DecoderConfig& config,
                              const LoadOptions& options) {
  HELICON_TRY(check_layers(file, config));
  DecoderWeights weights;
  const Expected expected = expected_tensors(config, weights);
  HELICON_ASSIGN(const Plan plan, plan_matrices(file, expected.matrices, options));
  return plan.packed + plan.mapped;
}

Result<DecoderWeights> load_decoder_weights(std::shared_ptr<const ModelFile> file,
                                            const DecoderConfig& config, ThreadPool& threads,
                                            const LoadOptions& options) {
  DecoderWeights weights;
  weights.file = std::move(file);
  HELICON_TRY(check_layers(*weights.file, config));
  const Expected expected = expected_tensors(config, weights);
  for (const ExpectedVector& vector : expected.vectors)
    HELICON_TRY(read_vector(*weights.file, vector));
  HELICON_ASSIGN(weights.embedding, find_tensor(*weights.file, std::string(config.names->embedding),
                                                {config.vocabulary, config.hidden}));
  HELICON_ASSIGN(const Plan plan, plan_matrices(*weights.file, expected.matrices, options));
  const bool kept = !options.packed_folder.empty() && plan.packed > 0;
  const std::string identity = kept ? identity_of(*weights.file, plan) : "";
  const std::filesystem::path path =
      kept ? weights::packed_path(options.packed_folder, identity, options.panel_rows) : "";
  if (kept) weights.packed = weights::PackedFile::open(path, identity, plan.packed);
  if (weights.packed) {
    HELICON_TRY(map_matrices(plan, *weights.packed, threads, options));
  } else {
    HELICON_ASSIGN(weights.memory, PackedMemory::allocate(plan.packed));
    HELICON_TRY(pack_matrices(plan, *weights.file, weights.memory.data(), threads, options));
  }
  if (!weights.intact())
    return Error{ErrorCode::io, "the weight file was cut short while it was read"};
  if (kept && !weights.packed)
    weights.writer = std::make_unique<weights::PackedWriter>(
        path, identity, std::span<const std::byte>(weights.memory.data(), plan.packed));
  return weights;
}

}  // namespace helicon::models
