// An engine that random prompts are asked of, with a clock beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <vector>

#include "backends/local_model.h"
#include "base/result.h"
#include "models/open.h"
#include "runtime/engine.h"

namespace helicon::apps {

// What one question took, from its submission on.
struct Timing {
  double first_token = 0;     // seconds to the first token of each choice
  std::vector<double> steps;  // seconds of each step after that, one token of each choice
  double steps_seconds = 0;   // their sum
  double median_step = 0;     // 0 without steps
  int cached_tokens = 0;      // of the prompt, as the engine counts them
};

class EngineBench {
 public:
  // Opens the model as a server does, its tokenizer too. Errors: those of models::open_model and
  // text::Tokenizer::create.
  static Result<std::unique_ptr<EngineBench>> open(const std::filesystem::path& path,
                                                   const backends::LocalModelOptions& options,
                                                   uint64_t seed);

  std::vector<int32_t> random_tokens(int count);
  // `agents` answers of `generate` tokens to one prompt, at temperature 1. Errors: those of
  // Engine::submit, and what the answer ended with.
  Result<Timing> ask(const std::vector<int32_t>& prompt, int agents, int generate);

  // Bytes of weights, keys and values that a step of `agents` at `position` reads, each once: their
  // common prompt of `shared` positions is read once for all of them.
  double bytes_read(int agents, int shared, int position) const;
  // Multiply-adds with weights of `rows` rows, `outputs` of which want logits.
  double multiply_adds(int rows, int outputs) const;

  int threads() const { return threads_; }
  bool kept_packed() const { return kept_packed_; }  // by an earlier start

 private:
  EngineBench() = default;

  models::DecoderConfig config_;
  size_t weight_bytes_ = 0;
  bool kept_packed_ = false;
  double position_bytes_ = 0;  // keys and values of one position and layer
  int threads_ = 0;
  uint64_t seed_ = 0;  // of the next question's draws
  std::mt19937_64 random_;
  std::unique_ptr<runtime::Engine> engine_;
};

}  // namespace helicon::apps
