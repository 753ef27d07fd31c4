// A model's eyes and ears at work for many conversations: pictures, films and sounds in files of
// any format in, rows for the text model out. What was encoded lately is kept.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_limit.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "chat/message.h"
#include "encoders/audio_pyramid.h"
#include "encoders/eyes.h"
#include "media/ffmpeg.h"
#include "media/sound.h"
#include "models/media_rows.h"
#include "weights/model_file.h"

namespace helicon::backends {

// Looked for when a file first needs it. Errors: why there is none.
using FindFfmpeg = std::function<Result<std::shared_ptr<const media::Ffmpeg>>()>;

struct MediaOptions {
  int threads = 0;                        // 0: as many as are worth having
  bool exact = false;                     // activations in 32-bit floats: slow, a reference
  FindFfmpeg find_ffmpeg;                 // or none: formats that are not read here are refused
  size_t kept_bytes = size_t{256} << 20;  // of rows, for those who send the same medium again
};

struct EncodedMedium {
  std::shared_ptr<const models::MediaRows> rows;
  std::vector<double> seconds;  // a film's: of each group of rows, from its beginning
};

// Safe to use from many threads; one medium is encoded at a time.
class MediaEncoder {
 public:
  // Bytes of a picture or sound; films are read by FFmpeg alone, which has its own limit.
  static constexpr size_t kMostBytes = size_t{64} << 20;

  // For the model of `file` at `path`, of that vocabulary and width; null for one that has neither
  // eyes nor ears. Encoders are opened when they are first called for. Errors: corrupt, unsupported
  // (what the model says of its eyes and ears).
  static Result<std::unique_ptr<MediaEncoder>> create(
      std::shared_ptr<const weights::ModelFile> file, std::filesystem::path path, size_t vocabulary,
      size_t width, MediaOptions options);

  // The token that stands for each row of such a medium; none if the model cannot take it.
  std::optional<int32_t> token_of(chat::MediumKind kind) const;

  // Errors: unsupported (no such sense, or a format that nobody reads), corrupt, too_large,
  // out_of_memory, cancelled, io. Each names the medium, in its parameter, too.
  Result<EncodedMedium> encode(const chat::Medium& medium, const std::stop_token& stop);
  // What a model with ears hears of a film that it has seen; nothing of one without a sound.
  Result<std::optional<EncodedMedium>> encode_sound_of(const chat::Medium& film,
                                                       const std::stop_token& stop);

 private:
  struct Kept {
    std::string key;  // of use and bytes
    EncodedMedium medium;
    MemoryClaim memory;
  };

  MediaEncoder(std::shared_ptr<const weights::ModelFile> file,
               std::shared_ptr<const weights::ModelFile> eyes, std::filesystem::path path,
               size_t vocabulary, size_t width, MediaOptions options);
  // `use` is what is made of the file: with its bytes the key to what is kept.
  Result<EncodedMedium> find_or_encode(const GivenFile& file, std::string_view use,
                                       const std::stop_token& stop,
                                       const std::function<Result<EncodedMedium>()>& encode);
  Result<EncodedMedium> encode_new(chat::MediumKind kind, const GivenFile& file,
                                   const std::stop_token& stop);
  Result<std::vector<float>> hear(const media::Sound& sound, const std::stop_token& stop);
  void keep(std::string key, EncodedMedium medium);
  ThreadPool& threads();
  Result<encoders::Eyes*> eyes();
  Result<encoders::AudioPyramid*> ears();
  Result<const media::Ffmpeg*> ffmpeg();
  template <typename Medium>
  Result<Medium> read(const GivenFile& file, const std::stop_token& stop,
                      Result<Medium> (*decode)(std::span<const std::byte>),
                      Result<Medium> (*convert)(const media::Ffmpeg&, int, const std::stop_token&));

  std::shared_ptr<const weights::ModelFile> file_;
  std::shared_ptr<const weights::ModelFile> eyes_file_;  // the same, or one of its own
  std::filesystem::path path_;
  MediaOptions options_;
  models::MediaNumbers numbers_;
  std::optional<int32_t> tokens_[3];  // by MediumKind

  std::mutex mutex_;  // of what follows
  std::condition_variable_any changed_;
  bool busy_ = false;
  std::list<Kept> kept_;  // the latest first
  size_t kept_bytes_ = 0;

  // Of whoever is busy.
  std::unique_ptr<ThreadPool> threads_;
  std::optional<encoders::Eyes> eyes_;
  std::optional<encoders::AudioPyramid> ears_;
  std::shared_ptr<const media::Ffmpeg> ffmpeg_;
};

}  // namespace helicon::backends
