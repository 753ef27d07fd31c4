// WAV (Microsoft, Multimedia Programming Interface and Data Specifications 1.0, "RIFF"; the
// extensible form of mmreg.h).
#include "media/sound.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace helicon::media {
namespace {

constexpr uint64_t kWhole = 1, kFloat = 3, kExtensible = 0xfffe;

// A whole number in little-endian order.
uint64_t number(std::span<const std::byte> bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[at + i]);
  return value;
}

struct Format {
  uint64_t coding = 0, channels = 0, rate = 0, bits = 0;
};

struct Parts {
  Format format;
  bool has_format = false;
  std::span<const std::byte> data;
  bool has_data = false;
};

// A file whose writer was stopped has a length of all bits, or zero, or more than there is: what is
// there counts.
Parts read_parts(std::span<const std::byte> bytes) {
  Parts parts;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    const std::string_view name(reinterpret_cast<const char*>(bytes.data()) + at, 4);
    const uint64_t said = number(bytes, at + 4, 4), there = bytes.size() - at - 8;
    const auto content = bytes.subspan(at + 8, std::min(said, there));
    if (name == "fmt " && content.size() >= 16) {
      parts.format = {number(content, 0, 2), number(content, 2, 2), number(content, 4, 4),
                      number(content, 14, 2)};
      if (parts.format.coding == kExtensible && content.size() >= 26)
        parts.format.coding = number(content, 24, 2);
      parts.has_format = true;
    }
    if (name == "data") {
      parts.data = content;
      parts.has_data = true;
      return parts;
    }
    at += 8 + content.size() + content.size() % 2;
  }
  return parts;
}

float sample_at(std::span<const std::byte> data, size_t at, const Format& format) {
  const size_t bytes = format.bits / 8;
  const uint64_t bits = number(data, at, bytes);
  if (format.coding == kFloat)
    return format.bits == 32 ? std::bit_cast<float>(static_cast<uint32_t>(bits))
                             : static_cast<float>(std::bit_cast<double>(bits));
  if (format.bits == 8) return (static_cast<float>(bits) - 128) / 128;  // has no sign
  const auto shift = static_cast<unsigned>(64 - format.bits);
  const auto value = static_cast<int64_t>(bits << shift) >> shift;
  return static_cast<float>(static_cast<double>(value) /
                            static_cast<double>(uint64_t{1} << (format.bits - 1)));
}

Status check(const Format& format) {
  const bool whole = format.coding == kWhole && (format.bits == 8 || format.bits == 16 ||
                                                 format.bits == 24 || format.bits == 32);
  const bool floats = format.coding == kFloat && (format.bits == 32 || format.bits == 64);
  if (!whole && !floats)
    return Error{ErrorCode::unsupported,
                 fmt::format("WAV: coding {} of {} bits is not read", format.coding, format.bits)};
  if (format.channels == 0 || format.channels > 64)
    return Error{ErrorCode::corrupt, fmt::format("WAV: {} channels", format.channels)};
  if (format.rate != kSampleRate)
    return Error{ErrorCode::unsupported,
                 fmt::format("WAV: {} samples a second; {} are read", format.rate, kSampleRate)};
  return ok_status();
}

}  // namespace

Result<Sound> decode_sound(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || !text.starts_with("RIFF") || text.substr(8, 4) != "WAVE")
    return Error{ErrorCode::unsupported, "not a sound that is read here; WAV files of 24 kHz are"};
  const Parts parts = read_parts(bytes);
  if (!parts.has_format || !parts.has_data)
    return Error{ErrorCode::corrupt, "WAV: it ends before its samples"};
  HELICON_TRY(check(parts.format));
  const size_t step = parts.format.bits / 8, frame = step * parts.format.channels;
  const size_t count = parts.data.size() / frame;
  if (count == 0) return Error{ErrorCode::corrupt, "WAV: a sound without samples"};
  if (count > kMostSamples)
    return Error{ErrorCode::too_large,
                 fmt::format("WAV: {} seconds; at most {} are heard", count / kSampleRate,
                             kMostSamples / kSampleRate)};
  Sound sound;
  sound.samples.resize(count);
  for (size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (size_t c = 0; c < parts.format.channels; ++c)
      sum += sample_at(parts.data, i * frame + c * step, parts.format);
    sound.samples[i] = sum / static_cast<float>(parts.format.channels);
    if (!std::isfinite(sound.samples[i]))
      return Error{ErrorCode::corrupt, fmt::format("WAV: sample {} is no number", i)};
  }
  return sound;
}

}  // namespace helicon::media
