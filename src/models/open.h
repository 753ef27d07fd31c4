// From a weight file to a decoder that can run: checks that it fits before anything is loaded.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/memory_limit.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "cache/page_pool.h"
#include "models/decoder.h"
#include "weights/model_file.h"

namespace helicon::models {

struct OpenOptions {
  size_t context_length = 0;  // tokens a sequence may hold; 0: the model's own, at most 8192
  int threads = 0;            // 0: usable_processors()
  bool exact = false;         // activations in 32-bit floats: slow, a reference
  cache::KeyValueType cache_type = cache::KeyValueType::f16;  // what keys and values are kept as
  // In the file, too, where memory would not hold them all.
  ExpertsIn experts = ExpertsIn::memory;
  std::filesystem::path block_draft;        // a drafter (block_draft.h), or none
  std::filesystem::path packed_folder;      // where packed weights are kept between starts, or none
  std::function<void(double)> on_progress;  // fraction of the weights packed, or mapped
  std::stop_token stop;
};

struct OpenModel {
  MemoryClaim memory;  // of weights, pages and working memory
  std::unique_ptr<ThreadPool> threads;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<cache::PagePool> pages;
  size_t context_length = 0;
  size_t weight_bytes = 0;   // packed and mapped
  bool kept_packed = false;  // an earlier start had packed them
};

// What messages call the model at that path.
std::string name_of(const std::filesystem::path& path);
// The error, naming the model if it does not yet.
Error about(const std::string& name, Error error);

// Errors: those of ModelFile::open, configure and load_decoder_weights; out_of_memory with the
// numbers when weights, but for experts, and one full context would not fit; invalid_argument for a
// context longer than the model's. Messages name the file.
Result<OpenModel> open_model(const std::filesystem::path& path, const OpenOptions& options);
Result<OpenModel> open_model(std::shared_ptr<const weights::ModelFile> file,
                             const std::string& name, const OpenOptions& options);
// The same with a config that is not the recipe's: for tests of what a recipe says.
Result<OpenModel> open_model(std::shared_ptr<const weights::ModelFile> file,
                             Result<DecoderConfig> config, const std::string& name,
                             const OpenOptions& options);

}  // namespace helicon::models
