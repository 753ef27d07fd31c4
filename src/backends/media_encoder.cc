#include "backends/media_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "base/processors.h"
#include "base/sha256.h"
#include "media/converted.h"

namespace helicon::backends {
namespace {

using chat::MediumKind;

constexpr size_t kHeardAtOnce = media::kSampleRate * 10;  // samples, between two looks at the stop

size_t index_of(MediumKind kind) { return static_cast<size_t>(kind); }

// Use and SHA-256 of all bytes.
Result<std::string> key_of(const GivenFile& file, std::string_view use,
                           const std::stop_token& stop) {
  Sha256 sum;
  HELICON_TRY(file.read_pieces([&](std::string_view piece) -> Status {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", {}};
    sum.add(std::as_bytes(std::span(piece)));
    return ok_status();
  }));
  return fmt::format("{} {}", use, sum.finish());
}

size_t bytes_of(const EncodedMedium& medium) {
  constexpr size_t kItself = 1024;  // about: that a film is silent is kept, too
  return kItself + (medium.rows ? medium.rows->values.size() * sizeof(float) : 0);
}

// Of a file that has been seen as a film: what cannot be heard in it is nothing.
bool says_silent(const Error& error) {
  return error.code == ErrorCode::corrupt || error.code == ErrorCode::unsupported;
}

}  // namespace

MediaEncoder::MediaEncoder(std::shared_ptr<const weights::ModelFile> file,
                           std::shared_ptr<const weights::ModelFile> eyes,
                           std::filesystem::path path, size_t vocabulary, size_t width,
                           MediaOptions options)
    : file_(std::move(file)),
      eyes_file_(std::move(eyes)),
      path_(std::move(path)),
      options_(std::move(options)),
      numbers_(vocabulary, width) {}

Result<std::unique_ptr<MediaEncoder>> MediaEncoder::create(
    std::shared_ptr<const weights::ModelFile> file, std::filesystem::path path, size_t vocabulary,
    size_t width, MediaOptions options) {
  HELICON_ASSIGN(auto eyes, encoders::find_eyes(file, path));
  const auto vision = encoders::configure_vision(*eyes);
  const auto audio = encoders::configure_audio(*file);
  for (const Error* error :
       {vision.ok() ? nullptr : &vision.error(), audio.ok() ? nullptr : &audio.error()})
    if (error && error->code != ErrorCode::not_found) return *error;
  if (!vision.ok() && !audio.ok()) return std::unique_ptr<MediaEncoder>();
  for (const size_t output :
       {vision.ok() ? vision->output : width, audio.ok() ? audio->output : width})
    if (output != width)
      return Error{
          ErrorCode::corrupt,
          fmt::format("its eyes or ears make rows of {} numbers, but it reads {}", output, width),
          {}};
  std::unique_ptr<MediaEncoder> encoder(new MediaEncoder(
      std::move(file), std::move(eyes), std::move(path), vocabulary, width, std::move(options)));
  if (vision.ok()) {
    encoder->tokens_[index_of(MediumKind::picture)] = vision->image_token;
    if (vision->video_token >= 0)
      encoder->tokens_[index_of(MediumKind::film)] = vision->video_token;
  }
  if (audio.ok()) encoder->tokens_[index_of(MediumKind::sound)] = audio->token;
  return encoder;
}

std::optional<int32_t> MediaEncoder::token_of(MediumKind kind) const {
  return tokens_[index_of(kind)];
}

Result<EncodedMedium> MediaEncoder::encode(const chat::Medium& medium,
                                           const std::stop_token& stop) {
  auto encoded = find_or_encode(*medium.file, chat::to_string(medium.kind), stop,
                                [&] { return encode_new(medium.kind, *medium.file, stop); });
  if (!encoded.ok()) return chat::about(medium, std::move(encoded).error());
  return encoded;
}

Result<std::optional<EncodedMedium>> MediaEncoder::encode_sound_of(const chat::Medium& film,
                                                                   const std::stop_token& stop) {
  auto heard = find_or_encode(*film.file, "sound of a film", stop, [&]() -> Result<EncodedMedium> {
    auto sound = encode_new(MediumKind::sound, *film.file, stop);
    if (!sound.ok() && says_silent(sound.error())) return EncodedMedium{};
    return sound;
  });
  if (!heard.ok()) {
    heard.error().message = "its sound: " + heard.error().message;
    return chat::about(film, std::move(heard).error());
  }
  if (!heard->rows) return std::optional<EncodedMedium>();
  return std::optional(*std::move(heard));
}

// Who comes while another is busy waits, and finds what that one has encoded if it is the same.
Result<EncodedMedium> MediaEncoder::find_or_encode(
    const GivenFile& file, std::string_view use, const std::stop_token& stop,
    const std::function<Result<EncodedMedium>()>& encode) {
  HELICON_ASSIGN(std::string key, key_of(file, use, stop));
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return !busy_; }))
    return Error{ErrorCode::cancelled, "stopped", {}};
  const auto known =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.key == key; });
  if (known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    return known->medium;
  }
  busy_ = true;
  lock.unlock();
  auto encoded = encode();
  lock.lock();
  busy_ = false;
  if (encoded.ok()) keep(std::move(key), *encoded);
  changed_.notify_one();
  return encoded;
}

// With the lock held.
void MediaEncoder::keep(std::string key, EncodedMedium medium) {
  const size_t bytes = bytes_of(medium);
  if (bytes > options_.kept_bytes || bytes > unclaimed_memory()) return;
  kept_bytes_ += bytes;
  kept_.push_front({std::move(key), std::move(medium), MemoryClaim(bytes)});
  while (kept_bytes_ > options_.kept_bytes) {
    kept_bytes_ -= bytes_of(kept_.back().medium);
    kept_.pop_back();
  }
}

Result<EncodedMedium> MediaEncoder::encode_new(MediumKind kind, const GivenFile& file,
                                               const std::stop_token& stop) {
  EncodedMedium encoded;
  std::vector<float> rows;
  switch (kind) {
    case MediumKind::picture: {
      HELICON_ASSIGN(const media::Picture picture,
                     read(file, stop, media::decode_picture, media::convert_picture));
      HELICON_ASSIGN(encoders::Eyes* const eyes, this->eyes());
      HELICON_ASSIGN(rows, eyes->look(picture, {.on_progress = {}, .stop = stop}));
      break;
    }
    case MediumKind::film: {
      HELICON_ASSIGN(const media::Ffmpeg* const decoder, ffmpeg());
      HELICON_ASSIGN(encoders::Eyes* const eyes, this->eyes());
      HELICON_ASSIGN(const Descriptor opened, file.open());
      HELICON_ASSIGN(encoders::Eyes::Watched watched,
                     eyes->watch(*decoder, opened.value(), {.on_progress = {}, .stop = stop}));
      rows = std::move(watched.embeddings);
      encoded.seconds = std::move(watched.seconds);
      break;
    }
    case MediumKind::sound: {
      HELICON_ASSIGN(const media::Sound sound,
                     read(file, stop, media::decode_sound, media::convert_sound));
      HELICON_ASSIGN(rows, hear(sound, stop));
      break;
    }
  }
  HELICON_ASSIGN(encoded.rows, numbers_.number(std::move(rows)));
  return encoded;
}

Result<std::vector<float>> MediaEncoder::hear(const media::Sound& sound,
                                              const std::stop_token& stop) {
  HELICON_ASSIGN(encoders::AudioPyramid* const ears, this->ears());
  encoders::AudioPyramid::Heard heard;
  std::vector<float> rows;
  const auto add = [&](const std::vector<float>& some) {
    rows.insert(rows.end(), some.begin(), some.end());
  };
  for (std::span<const float> left = sound.samples; !left.empty();) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", {}};
    const size_t count = std::min(left.size(), kHeardAtOnce);
    add(ears->hear(left.first(count), heard));
    left = left.subspan(count);
  }
  add(ears->finish(heard));
  return rows;
}

// What is read here, or what FFmpeg makes of formats that are not.
template <typename Medium>
Result<Medium> MediaEncoder::read(const GivenFile& file, const std::stop_token& stop,
                                  Result<Medium> (*decode)(std::span<const std::byte>),
                                  Result<Medium> (*convert)(const media::Ffmpeg&, int,
                                                            const std::stop_token&)) {
  HELICON_ASSIGN(const std::string bytes, file.read_whole(kMostBytes));
  auto medium = decode(std::as_bytes(std::span(bytes)));
  if (medium.ok() || medium.error().code != ErrorCode::unsupported) return medium;
  const auto decoder = ffmpeg();
  if (!decoder.ok())
    return Error{ErrorCode::unsupported,
                 fmt::format("{}; others by FFmpeg, but {}", medium.error().message,
                             decoder.error().message),
                 {}};
  HELICON_ASSIGN(const Descriptor opened, file.open());
  auto converted = convert(**decoder, opened.value(), stop);
  // What FFmpeg does not know either is best told by the formats that are read.
  const bool unknown = !converted.ok() && (converted.error().code == ErrorCode::corrupt ||
                                           converted.error().code == ErrorCode::unsupported);
  return unknown ? medium : converted;
}

ThreadPool& MediaEncoder::threads() {
  if (!threads_)
    threads_ =
        std::make_unique<ThreadPool>(options_.threads > 0 ? options_.threads : usable_processors());
  return *threads_;
}

Result<encoders::Eyes*> MediaEncoder::eyes() {
  if (!eyes_) {
    HELICON_ASSIGN(eyes_, encoders::Eyes::open(eyes_file_, path_, threads(), options_.exact));
  }
  return &*eyes_;
}

Result<encoders::AudioPyramid*> MediaEncoder::ears() {
  if (!ears_) {
    auto opened = encoders::AudioPyramid::open(file_, threads(), options_.exact);
    if (!opened.ok()) return std::move(opened).error();
    ears_.emplace(std::move(*opened));
  }
  return &*ears_;
}

Result<const media::Ffmpeg*> MediaEncoder::ffmpeg() {
  if (!ffmpeg_) {
    if (!options_.find_ffmpeg)
      return Error{ErrorCode::unsupported, "there is no FFmpeg to decode it", {}};
    HELICON_ASSIGN(ffmpeg_, options_.find_ffmpeg());
  }
  return ffmpeg_.get();
}

}  // namespace helicon::backends
