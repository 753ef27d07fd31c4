#include "media_in.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

#include "base/descriptor.h"
#include "encoders/audio_pyramid.h"
#include "encoders/eyes.h"
#include "input.h"
#include "media/converted.h"
#include "tools/ffmpeg.h"

namespace helicon::apps {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;  // of a file

// FFmpeg, looked for when the first file needs it.
class Converter {
 public:
  Result<const media::Ffmpeg*> find() {
    if (!ffmpeg_) ffmpeg_ = tools::SandboxedFfmpeg::create();
    if (!ffmpeg_->ok()) return ffmpeg_->error();
    return &**ffmpeg_;
  }
  // What is read here, or what FFmpeg makes of formats that are not.
  template <typename Medium>
  Result<Medium> read(const std::string& path, Result<Medium> (*decode)(std::span<const std::byte>),
                      Result<Medium> (*convert)(const media::Ffmpeg&, int,
                                                const std::stop_token&)) {
    HELICON_ASSIGN(const std::string bytes, read_input(path, kMostBytes));
    auto medium = decode(std::as_bytes(std::span(bytes)));
    if (medium.ok() || medium.error().code != ErrorCode::unsupported) return medium;
    const auto ffmpeg = find();
    if (!ffmpeg.ok())
      return Error{ErrorCode::unsupported,
                   fmt::format("{}; others by FFmpeg, but {}", medium.error().message,
                               ffmpeg.error().message),
                   {}};
    HELICON_ASSIGN(const Descriptor file, open_file(path));
    auto converted = convert(**ffmpeg, file.value(), {});
    // What FFmpeg does not know either is best told by the formats that are read.
    const bool unknown = !converted.ok() && (converted.error().code == ErrorCode::corrupt ||
                                             converted.error().code == ErrorCode::unsupported);
    return unknown ? medium : converted;
  }
  static Result<Descriptor> open_file(const std::string& path) {
    Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return Error{ErrorCode::io, std::strerror(errno), {}};
    return file;
  }

 private:
  std::optional<Result<tools::SandboxedFfmpeg>> ffmpeg_;
};

// Encodes each file and lets its embeddings stand for the tokens that are `stand_in`.
template <typename Encode>
Status put(const std::vector<std::string>& files, const char* kind, int32_t stand_in, size_t width,
           const Encode& encode, models::OpenModel& model, std::vector<int32_t>& tokens) {
  std::vector<int32_t> numbers;
  for (const std::string& path : files) {
    const Result<std::vector<float>> rows = encode(path);
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
  Converter converter;
  if (!files.images.empty() || !files.films.empty()) {
    auto eyes = encoders::Eyes::open(weights, model_path, *model.threads, exact);
    if (!eyes.ok()) return in(model_path, std::move(eyes).error());
    const auto look = [&](const std::string& path) -> Result<std::vector<float>> {
      HELICON_ASSIGN(const media::Picture picture,
                     converter.read(path, media::decode_picture, media::convert_picture));
      return eyes->look(picture);
    };
    const auto watch = [&](const std::string& path) -> Result<std::vector<float>> {
      HELICON_ASSIGN(const media::Ffmpeg* ffmpeg, converter.find());
      HELICON_ASSIGN(const Descriptor file, Converter::open_file(path));
      HELICON_ASSIGN(encoders::Eyes::Watched watched, eyes->watch(*ffmpeg, file.value()));
      return std::move(watched.embeddings);
    };
    const encoders::VisionConfig& config = eyes->config();
    HELICON_TRY(
        put(files.images, "picture", config.image_token, config.output, look, model, tokens));
    HELICON_TRY(put(files.films, "film", config.video_token, config.output, watch, model, tokens));
  }
  if (!files.sounds.empty()) {
    auto ears = encoders::AudioPyramid::open(weights, *model.threads, exact);
    if (!ears.ok()) return in(model_path, std::move(ears).error());
    const auto hear = [&](const std::string& path) -> Result<std::vector<float>> {
      HELICON_ASSIGN(const media::Sound sound,
                     converter.read(path, media::decode_sound, media::convert_sound));
      return ears->hear_all(sound.samples);
    };
    HELICON_TRY(put(files.sounds, "sound", ears->config().token, ears->config().output, hear, model,
                    tokens));
  }
  return ok_status();
}

}  // namespace helicon::apps
