// Specification: ggml, docs/gguf.md.
#include "weights/gguf_file.h"

#include <fmt/format.h>

#include <bit>
#include <optional>
#include <unordered_set>

#include "base/mapped_file.h"
#include "weights/byte_cursor.h"
#include "weights/gguf_metadata.h"
#include "weights/gguf_split.h"
#include "weights/gguf_tensors.h"
#include "weights/mapped_model.h"
#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;

// Keys and tensor table together: four times what the largest vocabularies take (262,144 tokens in
// 16 MB). A hostile file can make us take eight times as much memory as this, and no more.
constexpr size_t max_header_bytes = size_t{64} << 20;

struct Part {
  fs::path path;
  std::unique_ptr<const MappedFile> file;
  Metadata metadata;
  std::vector<TensorView> tensors;
  std::optional<Split> split;
};

Error file_error(ErrorCode code, const fs::path& path, std::string_view problem) {
  return {code, fmt::format("{}: {}", path.string(), problem), {}};
}

// An error of a metadata key, which does not know whose it is.
template <typename T>
Result<T> in_file(const fs::path& path, Result<T> result) {
  if (result.ok()) return result;
  return file_error(result.error().code, path, result.error().message);
}

Status read_magic_and_version(ByteCursor& cursor) {
  constexpr uint32_t magic = 0x46554747;  // "GGUF"
  HELICON_ASSIGN(const uint32_t found, cursor.read<uint32_t>());
  if (found != magic) {
    return cursor.error(ErrorCode::corrupt, "no 'GGUF' at the start, so this is no GGUF file");
  }
  HELICON_ASSIGN(const uint32_t version, cursor.read<uint32_t>());
  if (version == 2 || version == 3) return ok_status();
  if ((version & 0xFFFF) == 0 && version != 0) {
    return cursor.error(ErrorCode::unsupported, "big-endian files are not supported");
  }
  return cursor.error(ErrorCode::unsupported,
                      fmt::format("GGUF version {} is not supported, only 2 and 3", version));
}

// The default is the specification's.
Result<size_t> alignment_of(const Metadata& metadata) {
  constexpr std::string_view key = "general.alignment";
  if (!metadata.contains(key)) return size_t{32};
  HELICON_ASSIGN(const uint64_t alignment, metadata.unsigned_integer(key));
  if (alignment < 8 || alignment > (1u << 30) || !std::has_single_bit(alignment)) {
    return Error{ErrorCode::corrupt,
                 fmt::format("metadata key {} is {}, not a power of two from 8 on",
                             quoted_name(key), alignment),
                 {}};
  }
  return static_cast<size_t>(alignment);
}

Result<Part> open_part(const fs::path& path) {
  Part part;
  part.path = path;
  HELICON_ASSIGN(part.file, MappedFile::open(path));
  const std::span<const std::byte> bytes = part.file->bytes();
  if (bytes.empty()) return file_error(ErrorCode::corrupt, path, "the file is empty");

  ByteCursor cursor(path.string(), bytes, max_header_bytes);
  HELICON_TRY(read_magic_and_version(cursor));
  HELICON_ASSIGN(const size_t tensor_count, cursor.read_count(min_tensor_bytes, "tensors"));
  HELICON_ASSIGN(const size_t key_count, cursor.read_count(min_key_bytes, "metadata keys"));
  HELICON_ASSIGN(part.metadata, read_metadata(cursor, key_count));
  HELICON_ASSIGN(const size_t alignment, in_file(path, alignment_of(part.metadata)));
  HELICON_ASSIGN(part.split, in_file(path, split_of(part.metadata)));
  HELICON_ASSIGN(part.tensors, read_tensors(cursor, tensor_count, alignment, bytes));
  if (!part.file->intact()) {
    return file_error(ErrorCode::io, path, "was cut short or could not be read while opening it");
  }
  return part;
}

Status check_first(const Part& first) {
  if (!first.split || first.split->index == 0) return ok_status();
  HELICON_ASSIGN(const fs::path path, part_path(first.path, 0, first.split->count));
  return file_error(ErrorCode::invalid_argument, first.path,
                    fmt::format("is part {} of {}; open the first, {}", first.split->index + 1,
                                first.split->count, path.filename().string()));
}

// Part `index` of the model that the file `first` begins, which says so in `split`.
Result<Part> open_further(const fs::path& first, const Split& split, uint64_t index) {
  HELICON_ASSIGN(const fs::path path, part_path(first, index, split.count));
  Result<Part> part = open_part(path);
  if (!part.ok() && part.error().code == ErrorCode::not_found) {
    return file_error(ErrorCode::not_found, path,
                      fmt::format("part {} of {} is missing", index + 1, split.count));
  }
  if (!part.ok()) return part;
  const std::optional<Split>& own = part->split;
  if (!own || own->count != split.count || own->index != index || own->tensors != split.tensors) {
    return file_error(ErrorCode::corrupt, path,
                      fmt::format("does not say that it is part {} of {} with {} tensors in all",
                                  index + 1, split.count, split.tensors));
  }
  return part;
}

// Puts the parts together. Errors: corrupt (a tensor in two parts, too few or too many of them).
Result<std::shared_ptr<const ModelFile>> join(std::vector<Part> parts) {
  std::vector<TensorView> tensors;
  std::vector<std::unique_ptr<const MappedFile>> files;
  std::unordered_set<std::string> names;
  for (Part& part : parts) {
    for (TensorView& tensor : part.tensors) {
      if (!names.insert(tensor.name).second) {
        return file_error(
            ErrorCode::corrupt, part.path,
            fmt::format("tensor {} is in an earlier part too", quoted_name(tensor.name)));
      }
      tensors.push_back(std::move(tensor));
    }
    files.push_back(std::move(part.file));
  }
  const Part& first = parts.front();
  if (first.split && first.split->tensors != tensors.size()) {
    return file_error(ErrorCode::corrupt, first.path,
                      fmt::format("claims {} tensors in all parts, which have {}",
                                  first.split->tensors, tensors.size()));
  }
  return std::shared_ptr<const ModelFile>(std::make_shared<MappedModel>(
      std::move(parts.front().path), std::move(parts.front().metadata), std::move(tensors),
      std::move(files)));
}

}  // namespace

Result<std::shared_ptr<const ModelFile>> open_gguf(const fs::path& path) {
  std::vector<Part> parts;
  HELICON_ASSIGN(Part first, open_part(path));
  HELICON_TRY(check_first(first));
  const std::optional<Split> split = first.split;
  parts.push_back(std::move(first));
  for (uint64_t index = 1; split && index < split->count; ++index) {
    HELICON_ASSIGN(Part part, open_further(parts.front().path, *split, index));
    parts.push_back(std::move(part));
  }
  return join(std::move(parts));
}

}  // namespace helicon::weights
