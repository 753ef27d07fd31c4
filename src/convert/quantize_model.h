// Writes a model as a GGUF file whose matrices have another type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "tensor/element_type.h"
#include "weights/model_file.h"

namespace helicon::convert {

// What a file's matrices become; vectors, and routers of experts, have 32 bits in any.
struct QuantizeType {
  std::string_view name;  // "q4_k"
  tensor::ElementType type;
  tensor::ElementType more;  // of the output, and where more bits help most: see type_of()
  uint32_t file_type;        // general.file_type (llama.h, enum llama_ftype)
  std::string_view what;     // for people
};
// The smallest first.
inline constexpr QuantizeType kQuantizeTypes[] = {
    {"q4_k", tensor::ElementType::q4_k, tensor::ElementType::q6_k, 15,
     "4.8 bits a weight, known as Q4_K_M: what most people run"},
    {"q5_k", tensor::ElementType::q5_k, tensor::ElementType::q6_k, 17, "5.7 bits, known as Q5_K_M"},
    {"q6_k", tensor::ElementType::q6_k, tensor::ElementType::q6_k, 18, "6.6 bits"},
    {"q8_0", tensor::ElementType::q8_0, tensor::ElementType::q8_0, 7,
     "8.5 bits, next to nothing is lost"},
    {"f16", tensor::ElementType::f16, tensor::ElementType::f16, 1, "16 bits"},
    {"bf16", tensor::ElementType::bf16, tensor::ElementType::bf16, 32,
     "16 bits, as most models are trained"},
    {"f32", tensor::ElementType::f32, tensor::ElementType::f32, 0, "32 bits, all that there is"},
};
const QuantizeType* find_quantize_type(std::string_view name);

struct QuantizeOptions {
  int threads = 0;  // 0: as many as are worth having
  // Called from the calling thread.
  std::function<void(uint64_t done, uint64_t all)> on_progress;  // bytes of the new file
  std::stop_token stop;
  bool eyes = false;  // the model's eyes, as an mmproj file, instead of the model
};

struct QuantizeReport {
  uint64_t bytes = 0;   // of the new file
  size_t left_out = 0;  // tensors of the source that are not in it
  size_t widened = 0;   // matrices whose rows do not divide into blocks of the type
};

// `source` was opened at `path`; `target` appears when it is whole. Errors: unsupported and corrupt
// as those of export_gguf(), io, no_space, overloaded, cancelled; corrupt, too, where the source
// was cut short meanwhile.
Result<QuantizeReport> quantize_model(std::shared_ptr<const weights::ModelFile> source,
                                      const std::filesystem::path& path,
                                      const std::filesystem::path& target, const QuantizeType& type,
                                      const QuantizeOptions& options);

}  // namespace helicon::convert
