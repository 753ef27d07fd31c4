// Any bytes may come as a GGUF file: opening it must give an error, or tensors that can be read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "weights/model_file.h"

namespace {

using helicon::weights::ModelFile;
using helicon::weights::TensorView;

// Decodes the first and the last block, so that every byte range that a tensor claims is touched.
void touch(const TensorView& tensor) {
  const auto& type = helicon::tensor::info(tensor.type);
  std::vector<float> values(type.block_elements);
  for (const size_t offset : {size_t{0}, tensor.bytes - type.block_bytes}) {
    helicon::tensor::dequantize(tensor.type, tensor.data + offset, values.data(), values.size());
  }
  if (tensor.elements() / type.block_elements * type.block_bytes != tensor.bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int descriptor = memfd_create("gguf", MFD_CLOEXEC);
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size)) {
    std::abort();
  }
  const auto file = ModelFile::open("/proc/self/fd/" + std::to_string(descriptor));
  if (!file.ok()) {
    // One line, whatever the names in the file are made of.
    const std::string& message = file.error().message;
    if (message.empty() || message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  for (const TensorView& tensor : (*file)->tensors()) {
    touch(tensor);
    (*file)->release({tensor.data, tensor.bytes});
  }
  for (const auto& [key, value] : (*file)->metadata().all()) {
    const auto& keys = (*file)->metadata();
    static_cast<void>(keys.integer_array(key));
    static_cast<void>(keys.unsigned_integer(key));
    static_cast<void>(keys.number_array(key));
  }
  if (!(*file)->intact()) std::abort();
  return 0;
}
