#include "media_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "backends/media_prompt.h"
#include "input.h"
#include "tools/ffmpeg.h"

namespace helicon::apps {

Result<chat::Medium> open_medium(chat::MediumKind kind, const std::string& path) {
  HELICON_ASSIGN(Descriptor file, open_input(path));
  return chat::Medium{.kind = kind,
                      .file = std::make_shared<const GivenFile>(std::move(file)),
                      .address = {},
                      .type = {},
                      .name = path,
                      .muted = false,
                      .at = 0};
}

Result<std::shared_ptr<const media::Ffmpeg>> find_ffmpeg() {
  HELICON_ASSIGN(tools::SandboxedFfmpeg ffmpeg, tools::SandboxedFfmpeg::create());
  return std::shared_ptr<const media::Ffmpeg>(
      std::make_shared<const tools::SandboxedFfmpeg>(std::move(ffmpeg)));
}

Result<models::Media> put_media(const std::shared_ptr<const weights::ModelFile>& weights,
                                const std::string& model_path, const MediaFiles& files, bool exact,
                                const models::OpenModel& model, std::vector<int32_t>& tokens) {
  const models::DecoderConfig& config = model.decoder->config();
  backends::MediaOptions options;
  options.threads = model.threads->size();
  options.exact = exact;
  options.find_ffmpeg = find_ffmpeg;
  auto encoder = backends::MediaEncoder::create(weights, model_path, config.vocabulary,
                                                config.hidden, std::move(options));
  if (!encoder.ok()) return in(model_path, std::move(encoder).error());
  models::Media media;
  if (files.empty()) return media;
  const auto stand_in_of = [&](chat::MediumKind kind) {
    return *encoder ? (*encoder)->token_of(kind) : std::nullopt;
  };
  for (const MediaFiles::Kind& one : files.kinds())
    if (!one.paths.empty() && !stand_in_of(one.kind))
      return Error{ErrorCode::not_found,
                   fmt::format("{}: it has no {}", model_path, chat::sense_for(one.kind))};
  for (const MediaFiles::Kind& one : files.kinds()) {
    const auto stand_in = stand_in_of(one.kind);
    if (!stand_in) continue;
    std::vector<backends::PromptMedium> seen;
    size_t rows = 0;
    for (const std::string& path : one.paths) {
      HELICON_ASSIGN(const chat::Medium medium, open_medium(one.kind, path));
      HELICON_ASSIGN(backends::EncodedMedium encoded, (*encoder)->encode(medium, {}));
      rows += encoded.rows->count();
      media.push_back(encoded.rows);
      seen.push_back({one.kind, std::move(encoded), *stand_in, {}});
    }
    const auto places = static_cast<size_t>(std::count(tokens.begin(), tokens.end(), *stand_in));
    if (rows != places)
      return Error{
          ErrorCode::invalid_argument,
          fmt::format("--tokens has {} times {}, which stands for a part of a {}; those given "
                      "have {}",
                      places, *stand_in, chat::to_string(one.kind), rows)};
    HELICON_TRY(backends::number_rows(seen, tokens));
  }
  return media;
}

}  // namespace helicon::apps
