#include "media/converted.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "media/pixmap_reader.h"

namespace helicon::media {

static_assert(std::endian::native == std::endian::little, "samples are taken as they come");

Result<Picture> convert_picture(const Ffmpeg& ffmpeg, int file, const std::stop_token& stop) {
  std::optional<Picture> picture;
  const auto take = [&](Picture one) {
    picture = std::move(one);
    return false;
  };
  HELICON_TRY(read_pixmaps(ffmpeg, file, {"-frames:v", "1"}, take, stop));
  if (!picture) return Error{ErrorCode::unsupported, "FFmpeg finds no picture in it", {}};
  return *std::move(picture);
}

Result<Sound> convert_sound(const Ffmpeg& ffmpeg, int file, const std::stop_token& stop) {
  const std::string words[] = {
      "-v",        "error", "-nostdin", "-i",  std::string(Ffmpeg::kMedium), "-map",
      "0:a:0",     "-ac",   "1",        "-ar", fmt::to_string(kSampleRate),  "-c:a",
      "pcm_f32le", "-f",    "f32le",    "-"};
  Sound sound;
  std::string rest;  // of a sample
  bool too_long = false;
  const auto take = [&](std::string_view bytes) {
    rest += bytes;
    const size_t count = rest.size() / sizeof(float);
    too_long = sound.samples.size() + count > kMostSamples;
    if (too_long) return false;
    const size_t before = sound.samples.size();
    sound.samples.resize(before + count);
    std::memcpy(sound.samples.data() + before, rest.data(), count * sizeof(float));
    rest.erase(0, count * sizeof(float));
    return true;
  };
  HELICON_TRY(ffmpeg.run(
      {.program = "ffmpeg", .arguments = words, .file = file, .on_output = take, .stop = stop}));
  if (too_long)
    return Error{ErrorCode::too_large,
                 fmt::format("more than {} seconds are not heard", kMostSamples / kSampleRate),
                 {}};
  if (sound.samples.empty())
    return Error{ErrorCode::unsupported, "FFmpeg finds no sound in it", {}};
  for (size_t i = 0; i < sound.samples.size(); ++i)
    if (!std::isfinite(sound.samples[i]))
      return Error{ErrorCode::corrupt, fmt::format("sample {} is no number", i), {}};
  return sound;
}

}  // namespace helicon::media
