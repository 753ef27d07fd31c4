// A GGUF file put together in memory, right or wrong: for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tensor/element_type.h"

namespace helicon::weights {

class GgufImage {
 public:
  struct Tensor {
    std::string name;
    std::vector<uint64_t> shape;  // outermost first
    uint32_t type = 0;
    std::string data;
    std::optional<uint64_t> offset;  // from the start of the data, if not right behind the others
  };

  // As they are, these make a valid file.
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> tensor_count;
  std::optional<uint64_t> key_count;
  uint64_t alignment = 32;
  std::vector<std::string> keys;  // encoded: length, name, type, value
  std::vector<Tensor> tensors;

  // Numbers, bool, std::string, and vectors of them.
  template <typename T>
  GgufImage& key(std::string_view name, const T& value) {
    return raw_key(name, type_of(value), encoded(value));
  }

  GgufImage& raw_key(std::string_view name, uint32_t type, std::string_view value) {
    keys.push_back(encoded(std::string(name)) + encoded(type) + std::string(value));
    return *this;
  }

  // Without data the tensor gets as many zero bytes as it needs.
  GgufImage& tensor(std::string name, std::vector<uint64_t> shape, tensor::ElementType type,
                    std::string data = {}) {
    if (data.empty()) {
      const auto& element = tensor::info(type);
      const uint64_t elements =
          std::accumulate(shape.begin(), shape.end(), uint64_t{1}, std::multiplies<>());
      data.assign(elements / element.block_elements * element.block_bytes, '\0');
    }
    tensors.push_back({std::move(name), std::move(shape), static_cast<uint32_t>(type),
                       std::move(data), std::nullopt});
    return *this;
  }

  // The last tensor's data is not padded.
  std::string bytes() const {
    std::string out = magic + encoded(version);
    out +=
        encoded(tensor_count.value_or(tensors.size())) + encoded(key_count.value_or(keys.size()));
    for (const std::string& one : keys) out += one;
    std::string data;
    for (const Tensor& one : tensors) {
      data.resize(aligned(data.size()));
      out += encoded(one.name) + encoded(static_cast<uint32_t>(one.shape.size()));
      for (size_t i = one.shape.size(); i-- > 0;) out += encoded(one.shape[i]);
      out += encoded(one.type) + encoded(one.offset.value_or(data.size()));
      data += one.data;
    }
    if (!data.empty()) out.resize(aligned(out.size()));
    return out + data;
  }

  void write(const std::filesystem::path& path) const {
    std::ofstream(path, std::ios::binary) << bytes();
  }

  // Little-endian; strings and vectors with their length before them, as GGUF has them.
  template <typename T>
  static std::string encoded(const T& value) {
    static_assert(std::is_arithmetic_v<T>);
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  static std::string encoded(const std::string& value) {
    return encoded(uint64_t{value.size()}) + value;
  }
  template <typename T>
  static std::string encoded(const std::vector<T>& values) {
    std::string out = encoded(type_of(T())) + encoded(uint64_t{values.size()});
    for (size_t i = 0; i < values.size(); ++i) out += encoded(T(values[i]));
    return out;
  }

 private:
  // GGUF's number of a type (specification, gguf_metadata_value_type).
  template <typename T>
  static uint32_t type_of(const T&) {
    if constexpr (std::is_same_v<T, bool>) return 7;
    if constexpr (std::is_same_v<T, std::string>) return 8;
    if constexpr (std::is_same_v<T, float>) return 6;
    if constexpr (std::is_same_v<T, double>) return 12;
    constexpr uint32_t sign = std::is_signed_v<T> ? 1 : 0;
    if constexpr (std::is_integral_v<T>) {
      return sign + (sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 2 : sizeof(T) == 4 ? 4 : 10);
    }
    return 9;
  }

  uint64_t aligned(uint64_t size) const { return (size + alignment - 1) / alignment * alignment; }
};

}  // namespace helicon::weights
