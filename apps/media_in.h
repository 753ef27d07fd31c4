// Pictures, films and sounds of the command line, in the place of the tokens that stand for them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/open.h"

namespace helicon::apps {

struct MediaFiles {
  std::vector<std::string> images, films, sounds;

  bool empty() const { return images.empty() && films.empty() && sounds.empty(); }
};

// Opens the encoders that are called for, encodes the files of a kind one after the other and puts
// each embedding in the place of the next token that stands for one: tokens become numbers of the
// model's media rows. The weights of the encoders are gone afterwards. Errors: not_found (a model
// without eyes, or ears), invalid_argument (more or fewer placeholders than embeddings), those of
// reading and decoding.
Status put_media(const std::shared_ptr<const weights::ModelFile>& weights,
                 const std::string& model_path, const MediaFiles& files, bool exact,
                 models::OpenModel& model, std::vector<int32_t>& tokens);

}  // namespace helicon::apps
