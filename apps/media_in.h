// Pictures, films and sounds of the command line.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat/message.h"
#include "media/ffmpeg.h"
#include "models/open.h"

namespace helicon::apps {

struct MediaFiles {
  std::vector<std::string> images, films, sounds;

  bool empty() const { return images.empty() && films.empty() && sounds.empty(); }

  struct Kind {
    chat::MediumKind kind;
    const std::vector<std::string>& paths;
  };
  std::array<Kind, 3> kinds() const {
    return {{{chat::MediumKind::picture, images},
             {chat::MediumKind::film, films},
             {chat::MediumKind::sound, sounds}}};
  }
};

// Errors: not_found, io; each names the path.
Result<chat::Medium> open_medium(chat::MediumKind kind, const std::string& path);

// FFmpeg in the sandbox. Errors: those of tools::SandboxedFfmpeg::create.
Result<std::shared_ptr<const media::Ffmpeg>> find_ffmpeg();

// Encodes the files of a kind one after the other and puts each row in the place of the next token
// that stands for one: tokens become numbers of the rows that are given back. Errors: not_found (a
// model without eyes, or ears), invalid_argument (more or fewer placeholders than rows), those of
// MediaEncoder.
Result<models::Media> put_media(const std::shared_ptr<const weights::ModelFile>& weights,
                                const std::string& model_path, const MediaFiles& files, bool exact,
                                const models::OpenModel& model, std::vector<int32_t>& tokens);

}  // namespace helicon::apps
