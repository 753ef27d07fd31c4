// A model file over any number of mapped files, whatever their format.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "weights/model_file.h"

namespace helicon::weights {

class MappedModel final : public ModelFile {
 public:
  // `path` is where identity() says that the model lies.
  MappedModel(std::filesystem::path path, Metadata metadata, std::vector<TensorView> tensors,
              std::vector<std::unique_ptr<const MappedFile>> files);

  const Metadata& metadata() const override { return metadata_; }
  const std::vector<TensorView>& tensors() const override { return tensors_; }
  std::string identity() const override;
  uint64_t file_bytes() const override;
  void release(std::span<const std::byte> part) const override;
  bool intact() const override;

 private:
  std::filesystem::path path_;
  Metadata metadata_;
  std::vector<TensorView> tensors_;
  std::vector<std::unique_ptr<const MappedFile>> files_;
};

}  // namespace helicon::weights
