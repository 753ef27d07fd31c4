#include "media_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "encoders/audio_pyramid.h"
#include "encoders/eyes.h"
#include "input.h"
#include "media/sound.h"

namespace helicon::apps {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;  // of a file

// Encodes each file and lets its embeddings stand for the tokens that are `stand_in`.
template <typename Encode>
Status put(const std::vector<std::string>& files, const char* kind, int32_t stand_in, size_t width,
           const Encode& encode, models::OpenModel& model, std::vector<int32_t>& tokens) {
  std::vector<int32_t> numbers;
  for (const std::string& path : files) {
    HELICON_ASSIGN(const std::string bytes, read_input(path, kMostBytes));
    const Result<std::vector<float>> rows = encode(std::as_bytes(std::span(bytes)));
    if (!rows.ok()) return in(path, rows.error());
    const int32_t first = model.decoder->media().add(*rows);
    for (size_t i = 0; i < rows->size() / width; ++i)
      numbers.push_back(first + static_cast<int32_t>(i));
  }
  const auto places = static_cast<size_t>(std::count(tokens.begin(), tokens.end(), stand_in));
  if (numbers.size() != places)
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("--tokens has {} times {}, which stands for a part of a {}; those given "
                    "have {}",
                    places, stand_in, kind, numbers.size())};
  size_t next = 0;
  for (int32_t& token : tokens)
    if (token == stand_in) token = numbers[next++];
  return ok_status();
}

}  // namespace

Status put_media(const std::shared_ptr<const weights::ModelFile>& weights,
                 const std::string& model_path, const MediaFiles& files, bool exact,
                 models::OpenModel& model, std::vector<int32_t>& tokens) {
  if (!files.images.empty()) {
    auto eyes = encoders::Eyes::open(weights, model_path, *model.threads, exact);
    if (!eyes.ok()) return in(model_path, std::move(eyes).error());
    const auto look = [&](std::span<const std::byte> bytes) { return eyes->look(bytes); };
    HELICON_TRY(put(files.images, "picture", eyes->config().image_token, eyes->config().output,
                    look, model, tokens));
  }
  if (!files.sounds.empty()) {
    auto ears = encoders::AudioPyramid::open(weights, *model.threads, exact);
    if (!ears.ok()) return in(model_path, std::move(ears).error());
    const auto hear = [&](std::span<const std::byte> bytes) -> Result<std::vector<float>> {
      HELICON_ASSIGN(const media::Sound sound, media::decode_sound(bytes));
      return ears->hear_all(sound.samples);
    };
    HELICON_TRY(put(files.sounds, "sound", ears->config().token, ears->config().output, hear, model,
                    tokens));
  }
  return ok_status();
}

}  // namespace helicon::apps
