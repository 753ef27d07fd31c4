#include "weights/tensor_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace helicon::weights {
namespace {

using kernels::PackedKind;

Status read_vector(const ModelFile& file, const ExpectedVector& vector) {
  HELICON_ASSIGN(
      const TensorView* tensor,
      find_tensor(file, vector.name,
                  vector.shape.empty() ? std::vector<uint64_t>{vector.count} : vector.shape));
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
  std::span<const std::byte> source;  // the matrix's rows in it
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
    HELICON_ASSIGN(
        const TensorView* tensor,
        find_tensor(file, matrix.name,
                    matrix.shape.empty() ? std::vector<uint64_t>{matrix.rows, matrix.columns}
                                         : matrix.shape));
    const PackedKind kind = matrix.floats ? PackedKind::floats : kind_of(*tensor, options);
    const tensor::ElementTypeInfo& info = tensor::info(tensor->type);
    const size_t row_bytes = matrix.columns / info.block_elements * info.block_bytes;
    const std::byte* source = tensor->data + matrix.first_row * row_bytes;
    const bool packed = kind != PackedKind::floats;
    *matrix.target = {kind,
                      tensor->type,
                      matrix.rows,
                      matrix.columns,
                      packed ? options.panel_rows : kernels::kPanelRows,
                      nullptr,
                      tensor->tiles(),
                      matrix.first_row};
    if (!packed) {
      matrix.target->data = source;
      if (matrix.resident) plan.mapped += matrix.rows * row_bytes;
      continue;
    }
    plan.jobs.push_back({tensor, {source, matrix.rows * row_bytes}, matrix.target, plan.packed});
    plan.packed += aligned(kernels::packed_bytes(*matrix.target));
  }
  // Reading it is one sweep.
  std::sort(plan.jobs.begin(), plan.jobs.end(),
            [](const Job& a, const Job& b) { return a.source.data() < b.source.data(); });
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
Status map_matrices(const Plan& plan, const PackedFile& packed, ThreadPool& threads,
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
      kernels::pack_panels(*job.target, job.source.data(), first, last, target);
    });
    job.target->data = target;
    file.release(job.source);
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

Status check_last_layer(const ModelFile& file, std::string_view next, size_t layers) {
  for (const TensorView& tensor : file.tensors())
    if (tensor.name.starts_with(next))
      return Error{ErrorCode::corrupt, fmt::format("tensor {} is beyond the {} layers of the file",
                                                   tensor.name, layers)};
  return ok_status();
}

Result<size_t> required_bytes(const ModelFile& file, const ExpectedTensors& expected,
                              const LoadOptions& options) {
  HELICON_ASSIGN(const Plan plan, plan_matrices(file, expected.matrices, options));
  return plan.packed + plan.mapped;
}

Result<LoadedTensors> load_tensors(std::shared_ptr<const ModelFile> file,
                                   const ExpectedTensors& expected, ThreadPool& threads,
                                   const LoadOptions& options) {
  LoadedTensors loaded;
  loaded.file = std::move(file);
  for (const ExpectedVector& vector : expected.vectors)
    HELICON_TRY(read_vector(*loaded.file, vector));
  HELICON_ASSIGN(const Plan plan, plan_matrices(*loaded.file, expected.matrices, options));
  const bool kept = !options.packed_folder.empty() && plan.packed > 0;
  const std::string identity = kept ? identity_of(*loaded.file, plan) : "";
  const std::filesystem::path path =
      kept ? packed_path(options.packed_folder, identity, options.panel_rows) : "";
  if (kept) loaded.packed = PackedFile::open(path, identity, plan.packed);
  if (loaded.packed) {
    HELICON_TRY(map_matrices(plan, *loaded.packed, threads, options));
  } else {
    HELICON_ASSIGN(loaded.memory, PackedMemory::allocate(plan.packed));
    HELICON_TRY(pack_matrices(plan, *loaded.file, loaded.memory.data(), threads, options));
  }
  if (!loaded.intact())
    return Error{ErrorCode::io, "the weight file was cut short while it was read"};
  if (kept && !loaded.packed)
    loaded.writer = std::make_unique<PackedWriter>(
        path, identity, std::span<const std::byte>(loaded.memory.data(), plan.packed));
  return loaded;
}

}  // namespace helicon::weights
