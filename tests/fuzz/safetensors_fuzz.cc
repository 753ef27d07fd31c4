// Any bytes may come as a safetensors file, and as the JSON files beside it: an error of one line,
// or tensors that can be read. The first byte says which file the rest is.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "models/recipe.h"
#include "weights/model_file.h"
#include "weights/safetensors.h"
#include "weights/scaled_tensors.h"

namespace {

using helicon::weights::ModelFile;
using helicon::weights::TensorView;
namespace fs = std::filesystem;

void check(const helicon::Error& error) {
  if (error.message.empty() || error.message.find('\n') != std::string::npos) std::abort();
}

// Decodes all of a tensor, so that every byte it claims is touched, those of its scales included.
void touch(const TensorView& tensor) {
  const auto& info = helicon::tensor::info(tensor.type);
  if (tensor.elements() / info.block_elements * info.block_bytes != tensor.bytes) std::abort();
  const size_t columns = tensor.shape.back(), rows = tensor.elements() / columns;
  std::vector<float> values(columns);
  for (size_t row = 0; row < rows; ++row)
    helicon::tensor::dequantize_row(tensor.type, tensor.tiles(), row,
                                    tensor.data + row * (tensor.bytes / rows), 0, columns,
                                    values.data());
}

// A folder of one tensor, "t" in "model.safetensors".
const fs::path& folder() {
  static const fs::path path = [] {
    const fs::path made = fs::temp_directory_path() / ("helicon_fuzz_" + std::to_string(getpid()));
    fs::create_directories(made);
    const std::string header = R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    std::string image(8, '\0');
    image[0] = static_cast<char>(header.size());
    std::ofstream(made / "model.safetensors", std::ios::binary) << image << header << "1234";
    return made;
  }();
  return path;
}

void open_folder() {
  const auto file = ModelFile::open(folder());
  if (!file.ok()) return check(file.error());
  for (const TensorView& tensor : (*file)->tensors()) touch(tensor);
  const auto config = helicon::models::configure(**file);
  if (!config.ok()) check(config.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 < 2) {
    // A copy of its own, so that reading beyond it is seen.
    const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data) + 1,
                                       reinterpret_cast<const std::byte*>(data) + size);
    auto tensors = helicon::weights::read_safetensors(bytes, "file");
    if (!tensors.ok()) return check(tensors.error()), 0;
    helicon::weights::Metadata metadata;
    metadata.set("config.quantization_config.weight_block_size", std::vector<int64_t>{3, 8});
    const auto joined = helicon::weights::join_scales("folder", metadata, *tensors);
    if (!joined.ok()) check(joined.error());
    for (const TensorView& tensor : *tensors) touch(tensor);
    return 0;
  }
  const fs::path config = folder() / "config.json",
                 index = folder() / "model.safetensors.index.json";
  const bool is_config = data[0] % 4 == 2;
  std::ofstream(config, std::ios::binary) << (is_config ? rest : R"({"model_type":"qwen3"})");
  if (is_config)
    fs::remove(index);
  else
    std::ofstream(index, std::ios::binary) << rest;
  open_folder();
  return 0;
}
