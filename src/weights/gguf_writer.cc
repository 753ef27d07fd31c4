#include "weights/gguf_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace helicon::weights {
namespace {

constexpr uint64_t kAlignment = 32;
constexpr uint32_t kVersion = 3;

// gguf.md, enum gguf_metadata_value_type.
enum Kind : uint32_t {
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
};

uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

class Header {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void string(std::string_view text) {
    number(uint64_t{text.size()});
    text_ += text;
  }
  void value(const MetadataValue& value) {
    std::visit([this](const auto& one) { put(one); }, value);
  }
  void fill(uint64_t bytes) { text_.resize(bytes, '\0'); }
  const std::string& text() const { return text_; }

 private:
  template <typename T>
  static Kind kind_of(std::span<const T> values) {
    if constexpr (std::is_same_v<T, std::string>) return kString;
    if constexpr (std::is_same_v<T, bool>) return kBool;
    if constexpr (std::is_same_v<T, double>) return kFloat32;
    if constexpr (std::is_same_v<T, uint64_t>) return narrow<uint32_t>(values) ? kUint32 : kUint64;
    if constexpr (std::is_same_v<T, int64_t>) return narrow<int32_t>(values) ? kInt32 : kInt64;
  }
  template <typename Narrow, typename T>
  static bool narrow(std::span<const T> values) {
    return std::all_of(values.begin(), values.end(), [](T value) {
      return value >= std::numeric_limits<Narrow>::min() &&
             value <= std::numeric_limits<Narrow>::max();
    });
  }
  template <typename T>
  void bare(Kind kind, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      string(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      number(static_cast<uint8_t>(value));
    } else if constexpr (std::is_same_v<T, double>) {
      number(static_cast<float>(value));
    } else if (kind == kUint32 || kind == kInt32) {
      number(static_cast<uint32_t>(value));
    } else {
      number(value);
    }
  }
  template <typename T>
  void put(const T& value) {
    const Kind kind = kind_of(std::span<const T>(&value, 1));
    number(uint32_t{kind});
    bare(kind, value);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    number(uint32_t{kArray});
    Kind kind = kBool;
    if constexpr (!std::is_same_v<T, bool>) kind = kind_of(std::span<const T>(values));
    number(uint32_t{kind});
    number(uint64_t{values.size()});
    for (const T& value : values) bare(kind, value);
  }

  std::string text_;
};

Header header_of(const Metadata& metadata, const std::vector<GgufTensor>& tensors) {
  Header header;
  for (const char letter : std::string_view("GGUF")) header.number(letter);
  header.number(kVersion);
  header.number(uint64_t{tensors.size()});
  header.number(uint64_t{metadata.all().size()});
  for (const auto& [key, value] : metadata.all()) {
    header.string(key);
    header.value(value);
  }
  uint64_t offset = 0;
  for (const GgufTensor& tensor : tensors) {
    header.string(tensor.name);
    header.number(static_cast<uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
      header.number(*size);
    header.number(static_cast<uint32_t>(tensor.type));
    header.number(offset);
    offset += aligned(tensor.bytes());
  }
  header.fill(aligned(header.text().size()));
  return header;
}

}  // namespace

uint64_t GgufTensor::bytes() const {
  const tensor::ElementTypeInfo& element = tensor::info(type);
  return std::accumulate(shape.begin(), shape.end(), uint64_t{1}, std::multiplies<>()) /
         element.block_elements * element.block_bytes;
}

GgufWriter::GgufWriter(std::filesystem::path target, Descriptor file,
                       const std::vector<GgufTensor>& tensors)
    : target_(std::move(target)), file_(std::move(file)) {
  for (const GgufTensor& tensor : tensors)
    ends_.push_back(aligned(ends_.empty() ? 0 : ends_.back()) + tensor.bytes());
}

GgufWriter::~GgufWriter() {
  if (file_.open()) unlink(partial().c_str());
}

std::filesystem::path GgufWriter::partial() const { return target_.string() + ".partial"; }

Error GgufWriter::failure(int number) const {
  return Error{
      number == ENOSPC || number == EDQUOT || number == EFBIG ? ErrorCode::no_space : ErrorCode::io,
      fmt::format("{}: {}", target_.string(), std::strerror(number)), ""};
}

Result<GgufWriter> GgufWriter::create(const std::filesystem::path& target, const Metadata& metadata,
                                      const std::vector<GgufTensor>& tensors) {
  GgufWriter writer(target, Descriptor(), tensors);
  const std::filesystem::path partial = writer.partial();
  // Whoever follows a link writes to another file, and whoever opens a pipe waits for a reader.
  Descriptor file(
      ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  struct stat found = {};
  const bool opened = file.open() && fstat(file.value(), &found) == 0;
  if (opened ? !S_ISREG(found.st_mode) : errno == ELOOP || errno == ENXIO)
    return Error{ErrorCode::io,
                 fmt::format("{} is there already, and no regular file", partial.string()), ""};
  if (!opened) return writer.failure(errno);
  if (flock(file.value(), LOCK_EX | LOCK_NB) != 0 || !still_named(file.value(), partial))
    return Error{ErrorCode::overloaded,
                 fmt::format("{}: another process is writing it", partial.string()), ""};
  writer.file_ = std::move(file);
  if (ftruncate(writer.file_.value(), 0) != 0) return writer.failure(errno);
  const Header header = header_of(metadata, tensors);
  writer.bytes_ = header.text().size() + (tensors.empty() ? 0 : aligned(writer.ends_.back()));
  std::error_code error;
  const auto space = std::filesystem::space(partial, error);
  if (!error && space.available < writer.bytes_)
    return Error{ErrorCode::no_space,
                 fmt::format("{}: it will take {} bytes, and the disk has {} free", target.string(),
                             writer.bytes_, space.available),
                 ""};
  HELICON_TRY(writer.write(std::as_bytes(std::span(header.text()))));
  return writer;
}

Status GgufWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.value(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return ok_status();
}

// What fills a tensor up to the next one's beginning.
Status GgufWriter::pad() {
  static constexpr std::byte kNothing[kAlignment] = {};
  while (tensor_ < ends_.size() && within_ == ends_[tensor_]) {
    HELICON_TRY(write(std::span(kNothing).first(aligned(within_) - within_)));
    within_ = aligned(within_);
    ++tensor_;
  }
  return ok_status();
}

Status GgufWriter::append(std::span<const std::byte> bytes) {
  assert(tensor_ < ends_.size() && within_ + bytes.size() <= ends_[tensor_]);
  HELICON_TRY(write(bytes));
  within_ += bytes.size();
  return pad();
}

Status GgufWriter::finish() {
  assert(tensor_ == ends_.size());
  if (fsync(file_.value()) != 0) return failure(errno);
  if (rename(partial().c_str(), target_.c_str()) != 0) return failure(errno);
  file_.reset();
  return ok_status();
}

}  // namespace helicon::weights
