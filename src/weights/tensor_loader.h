// Finds the tensors that a network calls for, checks their shapes, and packs them for the kernels.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/packed_matrix.h"
#include "weights/model_file.h"
#include "weights/packed_file.h"

namespace helicon::weights {

using kernels::PackedMatrix;

// Where each tensor that an architecture calls for goes, and what shape it must have. Targets must
// stay where they are until they are loaded.
struct ExpectedMatrix {
  std::string name;
  size_t rows, columns;
  PackedMatrix* target;
  std::vector<uint64_t> shape = {};  // of the whole tensor, where the matrix is a part of one
  size_t first_row = 0;              // of the part, among all rows of the tensor
  bool floats = false;               // not packed, multiplied with 32-bit activations
  bool resident = true;  // or, unpacked, read from the file as it is called for: takes no memory
};
struct ExpectedVector {
  std::string name;
  size_t count;
  std::vector<float>* target;
  float offset = 0, scale = 1;       // target = (what is stored + offset) * scale
  std::vector<uint64_t> shape = {};  // where the tensor has more than one dimension
};
struct ExpectedTensors {
  std::vector<ExpectedMatrix> matrices;
  std::vector<ExpectedVector> vectors;
};

struct LoadOptions {
  bool exact = false;  // keep activations in 32-bit floats: slow, a reference for the kernels
  size_t panel_rows = kernels::kPanelRows;  // what the kernels want (KernelTable::panel_rows)
  std::filesystem::path packed_folder;  // where packed weights are kept for the next start, or none
  std::function<void(double)> on_progress;  // fraction done; on the loading thread
  std::stop_token stop;
};

// Anonymous memory for packed matrices, in huge pages where the system gives them.
class PackedMemory {
 public:
  static Result<PackedMemory> allocate(size_t bytes);
  PackedMemory() = default;
  PackedMemory(PackedMemory&& other) noexcept;
  PackedMemory& operator=(PackedMemory&& other) noexcept;
  ~PackedMemory();
  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

// What the loaded matrices point into.
struct LoadedTensors {
  std::shared_ptr<const ModelFile> file;     // what is not packed is read from it
  PackedMemory memory;                       // what was packed now, or
  std::unique_ptr<const PackedFile> packed;  // kept by an earlier start
  std::unique_ptr<PackedWriter> writer;      // keeps it for the next one

  // False once a file was cut short under us (ModelFile::intact).
  bool intact() const { return file->intact() && (!packed || packed->intact()); }
};

// Errors: corrupt (missing, or another shape; named).
Result<const TensorView*> find_tensor(const ModelFile& file, const std::string& name,
                                      const std::vector<uint64_t>& shape);

// A file of more layers than it says it has would answer, and wrongly: corrupt where a tensor's
// name begins with `next`, the prefix of the layer behind the last of `layers`.
Status check_last_layer(const ModelFile& file, std::string_view next, size_t layers);

// Bytes that the matrices will take in memory, packed and mapped, so that it can be refused first.
Result<size_t> required_bytes(const ModelFile& file, const ExpectedTensors& expected,
                              const LoadOptions& options);

// Fills every target. Errors: corrupt (a missing tensor, a wrong shape or type; named),
// out_of_memory, cancelled, io (the file was cut short while it was read).
Result<LoadedTensors> load_tensors(std::shared_ptr<const ModelFile> file,
                                   const ExpectedTensors& expected, ThreadPool& threads,
                                   const LoadOptions& options);

}  // namespace helicon::weights
