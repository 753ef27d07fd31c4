// helicon logits: teacher-forced logits as a NumPy file, for comparing numbers with other engines.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "cache_type.h"
#include "media_in.h"
#include "model_argument.h"
#include "models/open.h"
#include "output.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  std::string token_list;
  MediaFiles media;
  std::string out;
  bool exact = false;
  int threads = 0;
  kernels::KeyValueType cache_type = kernels::KeyValueType::f32;
};

// The header of a .npy file, version 1.0 (numpy.lib.format): float32 [rows, columns], C order.
std::string npy_header(size_t rows, size_t columns) {
  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr size_t kPreamble = 10;
  const size_t padded = (kPreamble + dictionary.size() + 1 + 63) / 64 * 64 - kPreamble;
  dictionary.resize(padded - 1, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(padded & 255);
  header += static_cast<char>(padded >> 8);
  return header + dictionary;
}

// Numbers with a comma between each two.
Result<std::vector<int32_t>> parse_tokens(std::string_view list) {
  std::vector<int32_t> tokens;
  while (true) {
    const std::string_view one = list.substr(0, list.find(','));
    int32_t token = 0;
    const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), token);
    if (error != std::errc() || end != one.data() + one.size())
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--tokens: '{}' is not the number of a token", one)};
    tokens.push_back(token);
    if (one.size() == list.size()) return tokens;
    list.remove_prefix(one.size() + 1);
  }
}

Status write_logits(const Options& options) {
  HELICON_ASSIGN(std::vector<int32_t> tokens, parse_tokens(options.token_list));
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument argument, find_model(*catalog, options.model));
  models::OpenOptions open;
  open.exact = options.exact;
  open.threads = options.threads;
  open.cache_type = options.cache_type;
  open.context_length = tokens.size();
  HELICON_ASSIGN(const auto weights, weights::ModelFile::open(argument.path));
  HELICON_ASSIGN(models::OpenModel model,
                 models::open_model(weights, models::name_of(argument.path), open));
  const size_t vocabulary = model.decoder->config().vocabulary;
  for (const int32_t token : tokens)
    if (token < 0 || static_cast<size_t>(token) >= vocabulary)
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--tokens: {} is not in the vocabulary of {}", token, vocabulary)};
  HELICON_ASSIGN(const models::Media media,
                 put_media(weights, argument.path, options.media, options.exact, model, tokens));
  std::ofstream file(options.out, std::ios::binary);
  if (!file)
    return Error{ErrorCode::io,
                 fmt::format("cannot write {}: {}", options.out, std::strerror(errno))};
  file << npy_header(tokens.size(), vocabulary);
  cache::Sequence sequence(*model.pages);
  constexpr size_t kChunk = 64;
  for (size_t start = 0; start < tokens.size(); start += kChunk) {
    const size_t count = std::min(kChunk, tokens.size() - start);
    if (!sequence.reserve(static_cast<int>(count)))
      return Error{ErrorCode::out_of_memory, "no room for the keys and values of all tokens"};
    const models::Run run{&sequence, std::span(tokens).subspan(start, count), sequence.length(),
                          count, media};
    const std::span<const float> logits = model.decoder->forward({&run, 1}, *model.pages);
    file.write(reinterpret_cast<const char*>(logits.data()),
               static_cast<std::streamsize>(logits.size_bytes()));
    sequence.advance(static_cast<int>(count));
    sequence.hide();
  }
  if (!file.flush())
    return Error{ErrorCode::io,
                 fmt::format("writing {} failed: {}", options.out, std::strerror(errno))};
  return ok_status();
}

}  // namespace

void add_logits(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("logits", "Write the logits after each of the given tokens");
  const auto options = std::make_shared<Options>();
  verb->add_option("model", options->model,
                   std::string(model_help) + ", or a folder of config.json and *.safetensors")
      ->required();
  verb->add_option("--tokens", options->token_list, "token ids, separated by commas")->required();
  verb->add_option("--image", options->media.images,
                   "a picture (PNG, JPEG, WebP; others by FFmpeg) for the tokens that stand for "
                   "one; several: one after the other");
  verb->add_option(
      "--video", options->media.films,
      "a film, of what FFmpeg decodes, for the tokens that stand for one; several likewise");
  verb->add_option("--audio", options->media.sounds,
                   "a sound (WAV of 24 kHz; others by FFmpeg) for the tokens that stand for one; "
                   "several likewise");
  verb->add_option("--out", options->out, "a .npy file: float32 [tokens, vocabulary]")->required();
  verb->add_option("--threads", options->threads, "0: as many as are worth having")
      ->check(CLI::Range(0, 1024));
  add_cache_type(*verb, options->cache_type);
  verb->add_flag("--exact", options->exact,
                 "32-bit activations: slow, a reference for the kernels");
  verb->callback([options, &exit_code] { exit_code = exit_code_of(write_logits(*options)); });
}

}  // namespace helicon::apps
