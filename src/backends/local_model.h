// A ChatModel answered by the engine in this process: weights, tokenizer, template, scheduler.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "backends/chat_model.h"
#include "backends/media_encoder.h"
#include "kernels/attention_tile.h"
#include "models/open.h"
#include "runtime/engine.h"

namespace helicon::text {
class Tokenizer;
class ChatTemplate;
}  // namespace helicon::text

namespace helicon::backends {

struct LocalModelOptions {
  int context_length = 0;  // tokens a request may use; 0: the model's own, at most 8192
  int threads = 0;         // 0: what the cgroup's quota and the physical cores give
  kernels::KeyValueType cache_type = kernels::KeyValueType::f16;  // of keys and values
  runtime::SpeculationMode speculation = runtime::SpeculationMode::automatic;
  std::filesystem::path packed_folder;  // where packed weights are kept between starts, or none
  FindFfmpeg find_ffmpeg;               // for films, and formats that are not read here; or none
  // A small model of the same vocabulary, or a drafter that was made for the model, to guess ahead;
  // or none.
  std::filesystem::path draft;
};

// A model and what guesses for it: the model itself, with a drafter that was made for it, or
// another one.
struct OpenedModels {
  models::OpenModel model;
  runtime::DraftParts draft;
};

// Opens the model, and options.draft where one is named. Errors: those of models::open_model, and
// invalid_argument for a draft of another vocabulary, or that was made for another model.
Result<OpenedModels> open_models(std::shared_ptr<const weights::ModelFile> file,
                                 const std::string& name, const LocalModelOptions& options,
                                 const text::Tokenizer& tokenizer);

// Refuses with out_of_memory, and the numbers, what would not fit, and a draft of another
// vocabulary.
Result<std::shared_ptr<ChatModel>> load_local_model(const std::string& name,
                                                    const std::filesystem::path& path,
                                                    const LocalModelOptions& options = {});

}  // namespace helicon::backends
