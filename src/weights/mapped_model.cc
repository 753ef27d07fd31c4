#include "weights/mapped_model.h"

#include <algorithm>
#include <utility>

namespace helicon::weights {

namespace fs = std::filesystem;

MappedModel::MappedModel(fs::path path, Metadata metadata, std::vector<TensorView> tensors,
                         std::vector<std::unique_ptr<const MappedFile>> files)
    : path_(std::move(path)),
      metadata_(std::move(metadata)),
      tensors_(std::move(tensors)),
      files_(std::move(files)) {}

std::string MappedModel::identity() const {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path_, error);
  std::string text = (error ? path_ : whole).string() + "\n";
  for (const auto& file : files_) text += file->identity() + "\n";
  return text;
}

uint64_t MappedModel::file_bytes() const {
  uint64_t sum = 0;
  for (const auto& file : files_) sum += file->bytes().size();
  return sum;
}

void MappedModel::release(std::span<const std::byte> part) const { MappedFile::release(part); }

bool MappedModel::intact() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) { return file->intact(); });
}

}  // namespace helicon::weights
