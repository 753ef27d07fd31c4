#include "backends/local_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "backends/media_prompt.h"
#include "models/open.h"
#include "models/recipe.h"
#include "runtime/engine.h"
#include "text/chat_template.h"
#include "text/reply_parser.h"
#include "text/tokenizer.h"

namespace helicon::backends {
namespace {

class LocalRun final : public ChatRun {
 public:
  LocalRun(runtime::Ticket ticket, int prompt_tokens)
      : ticket_(std::move(ticket)), prompt_tokens_(prompt_tokens) {}
  ~LocalRun() override { ticket_.cancel(); }
  void cancel() override { ticket_.cancel(); }
  int prompt_tokens() const override { return prompt_tokens_; }

 private:
  runtime::Ticket ticket_;
  int prompt_tokens_;
};

// Takes each choice's reply apart.
runtime::Listener parsing(runtime::Listener listener,
                          std::vector<std::unique_ptr<text::ReplyParser>> parsers) {
  struct State {
    std::vector<std::unique_ptr<text::ReplyParser>> parsers;
    int reasoning_tokens = 0;
  };
  const auto state = std::make_shared<State>();
  state->parsers = std::move(parsers);
  runtime::Listener parsed;
  parsed.on_event = [state, on_event = std::move(listener.on_event)](runtime::Event event) {
    text::ReplyParser& parser = *state->parsers[static_cast<size_t>(event.choice)];
    const bool reasoning = parser.reasoning();
    text::ReplyPieces pieces = parser.push(event.text);
    state->reasoning_tokens += event.token && reasoning && pieces.text.empty();
    if (event.finish) {
      text::ReplyPieces rest = parser.finish(*event.finish != runtime::FinishReason::stop);
      pieces.reasoning += rest.reasoning;
      pieces.text += rest.text;
      std::move(rest.calls.begin(), rest.calls.end(), std::back_inserter(pieces.calls));
    }
    event.reasoning = std::move(pieces.reasoning);
    event.text = std::move(pieces.text);
    event.calls = std::move(pieces.calls);
    on_event(std::move(event));
  };
  parsed.on_done = [state, on_done = std::move(listener.on_done)](const runtime::Usage& usage) {
    runtime::Usage figures = usage;
    figures.reasoning_tokens = std::min(state->reasoning_tokens, usage.completion_tokens);
    on_done(figures);
  };
  return parsed;
}

class LocalModel final : public ChatModel {
 public:
  LocalModel(ModelInfo info, std::shared_ptr<const text::Tokenizer> tokenizer,
             std::shared_ptr<const text::ChatTemplate> chat_template, text::ReplyFormat format,
             std::unique_ptr<MediaEncoder> media, std::unique_ptr<runtime::Engine> engine)
      : info_(std::move(info)),
        tokenizer_(std::move(tokenizer)),
        template_(std::move(chat_template)),
        format_(format),
        media_(std::move(media)),
        engine_(std::move(engine)) {}

  const ModelInfo& info() const override { return info_; }
  bool healthy() const override { return engine_->intact(); }
  std::optional<PageUse> pages() const override {
    return PageUse{engine_->unit_capacity(), engine_->free_units()};
  }
  std::string token_bytes(runtime::TokenId token) const override {
    return std::string(tokenizer_->token_bytes(token));
  }

  Result<std::unique_ptr<ChatRun>> start(ChatRequest request, runtime::Listener listener) override {
    HELICON_ASSIGN(const std::vector<PromptMedium> media, encode_media(request));
    HELICON_ASSIGN(std::string prompt, render(request));
    if (!media.empty()) {
      HELICON_ASSIGN(prompt, named(spell_out(prompt, media)));
    }
    std::vector<std::unique_ptr<text::ReplyParser>> parsers;
    for (int i = 0; i < request.choices; ++i)
      if (auto parser = text::make_reply_parser(format_, prompt, request.tools))
        parsers.push_back(std::move(parser));
    if (!parsers.empty()) listener = parsing(std::move(listener), std::move(parsers));
    runtime::Request work;
    work.special_text = format_.messages;
    // The template writes the begin token itself where the model wants one.
    HELICON_ASSIGN(work.prompt,
                   tokenizer_->encode(
                       prompt, {.parse_special = true, .add_special = false, .normalize = true}));
    HELICON_TRY(number_rows(media, work.prompt));
    for (const PromptMedium& medium : media) work.media.push_back(medium.encoded.rows);
    work.sampling = std::move(request.sampling);
    work.choices = request.choices;
    work.max_tokens = request.max_tokens;
    work.stop = std::move(request.stop);
    work.top_logprobs = request.top_logprobs;
    work.owner = std::move(request.owner);
    work.priority = request.priority;
    const auto prompt_tokens = static_cast<int>(work.prompt.size());
    HELICON_ASSIGN(runtime::Ticket ticket, engine_->submit(std::move(work), std::move(listener)));
    return std::unique_ptr<ChatRun>(std::make_unique<LocalRun>(std::move(ticket), prompt_tokens));
  }

 private:
  Result<std::string> render(const ChatRequest& request) const {
    if (!template_)
      return Error{
          ErrorCode::unsupported,
          fmt::format(
              "{} is a base model without a chat template: it continues text, but cannot chat",
              info_.name),
          "model"};
    boost::json::object variables;
    boost::json::array& messages = variables["messages"].emplace_array();
    for (const chat::Message& message : request.messages)
      messages.push_back(chat::to_template_json(message));
    if (!request.tools.empty()) variables["tools"] = request.tools;
    variables["add_generation_prompt"] = true;
    variables["bos_token"] = special(tokenizer_->begin_token());
    variables["eos_token"] = special(tokenizer_->end_token());
    if (!request.reasoning_effort.empty()) variables["reasoning_effort"] = request.reasoning_effort;
    for (const auto& [name, value] : request.template_variables) variables[name] = value;
    return named(template_->render(variables));
  }

  // Errors say which model.
  Result<std::string> named(Result<std::string> text) const {
    if (!text.ok()) {
      if (text.error().parameter.empty()) text.error().parameter = "messages";
      text.error().message = info_.name + ": " + text.error().message;
    }
    return text;
  }

  // In their order; a film's sound becomes a medium of its own behind it, as the reference's
  // processor wants them. What is too much for the context is not encoded to its end.
  Result<std::vector<PromptMedium>> encode_media(ChatRequest& request) const {
    std::vector<PromptMedium> media;
    size_t rows = 0;
    const auto add = [&](const chat::Medium& medium, EncodedMedium encoded) -> Status {
      rows += encoded.rows->count();
      if (rows >= static_cast<size_t>(info_.context_length))
        return chat::about(
            medium, {ErrorCode::context_length,
                     fmt::format("pictures, films and sounds up to this one take {} tokens; the "
                                 "context holds {}",
                                 rows, info_.context_length)});
      const text::TokenId token = media_->token_of(medium.kind).value();
      media.push_back(
          {medium.kind, std::move(encoded), token, std::string(tokenizer_->token_bytes(token))});
      return ok_status();
    };
    for (chat::Message& message : request.messages) {
      std::vector<chat::Medium> given = std::exchange(message.media, {});
      for (chat::Medium& medium : given) {
        if (!media_ || !media_->token_of(medium.kind)) return without_sense(medium);
        HELICON_ASSIGN(EncodedMedium encoded, media_->encode(medium, request.cancelled));
        HELICON_TRY(add(medium, std::move(encoded)));
        message.media.push_back(medium);
        if (medium.kind != chat::MediumKind::film || medium.muted || !info_.hears) continue;
        HELICON_ASSIGN(std::optional<EncodedMedium> heard,
                       media_->encode_sound_of(medium, request.cancelled));
        if (!heard) continue;
        medium.kind = chat::MediumKind::sound;
        HELICON_TRY(add(medium, *std::move(heard)));
        message.media.push_back(std::move(medium));
      }
    }
    return media;
  }

  Error without_sense(const chat::Medium& medium) const {
    if (medium.kind == chat::MediumKind::film && info_.sees)
      return chat::about(
          medium, {ErrorCode::unsupported,
                   fmt::format("{} sees pictures and no films: an mmproj file has lost how frames "
                               "follow each other. The model's folder has it",
                               info_.name)});
    const bool sound = medium.kind == chat::MediumKind::sound;
    return chat::about(
        medium, {ErrorCode::unsupported,
                 fmt::format("{} has no {}: {}. {}, and a server behind --upstream may", info_.name,
                             chat::sense_for(medium.kind),
                             sound ? "it cannot hear sounds" : "it cannot see pictures or films",
                             sound ? "Muse Spark hears" : "Muse Glimmer and Muse Spark see")});
  }

  std::string special(std::optional<text::TokenId> token) const {
    return token ? std::string(tokenizer_->token_bytes(*token)) : std::string();
  }

  ModelInfo info_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> template_;
  text::ReplyFormat format_;
  std::unique_ptr<MediaEncoder> media_;  // or null: it has neither eyes nor ears
  std::unique_ptr<runtime::Engine> engine_;
};

// The type that most of the weights have: "Q4_K".
std::string main_type(const weights::ModelFile& file) {
  std::map<std::string_view, uint64_t> elements;
  for (const weights::TensorView& tensor : file.tensors())
    elements[tensor::info(tensor.type).name] += tensor.elements();
  std::string_view best;
  for (const auto& [name, count] : elements)
    if (best.empty() || count > elements[best]) best = name;
  return std::string(best);
}

ModelInfo describe(const std::string& name, const weights::ModelFile& file) {
  ModelInfo info;
  info.name = name;
  if (auto architecture = file.metadata().string("general.architecture"); architecture.ok())
    info.architecture = *architecture;
  info.quantization = main_type(file);
  for (const weights::TensorView& tensor : file.tensors()) info.parameters += tensor.elements();
  info.bytes = file.file_bytes();
  return info;
}

models::OpenOptions open_options(const LocalModelOptions& options) {
  models::OpenOptions open;
  open.context_length = static_cast<size_t>(options.context_length);
  open.threads = options.threads;
  open.cache_type = options.cache_type;
  open.packed_folder = options.packed_folder;
  return open;
}

// A small model, which has to know the same tokens by the same numbers.
Result<runtime::DraftParts> open_draft(std::shared_ptr<const weights::ModelFile> file,
                                       const std::string& name, const models::OpenOptions& options,
                                       const text::Tokenizer& tokenizer) {
  HELICON_ASSIGN(const auto own, text::Tokenizer::create(file->metadata()));
  bool same = own->size() == tokenizer.size();
  for (size_t i = 0; same && i < own->size(); ++i) {
    const auto token = static_cast<text::TokenId>(i);
    same = own->token_bytes(token) == tokenizer.token_bytes(token);
  }
  if (!same)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} cannot draft: its vocabulary is another one", name), "draft"};
  HELICON_ASSIGN(models::OpenModel model, models::open_model(std::move(file), name, options));
  return runtime::DraftParts{std::move(model.memory), std::move(model.threads),
                             std::move(model.decoder), std::move(model.pages)};
}

}  // namespace

Result<OpenedModels> open_models(std::shared_ptr<const weights::ModelFile> file,
                                 const std::string& name, const LocalModelOptions& options,
                                 const text::Tokenizer& tokenizer) {
  models::OpenOptions open = open_options(options);
  std::shared_ptr<const weights::ModelFile> draft;
  if (!options.draft.empty()) {
    HELICON_ASSIGN(draft, weights::ModelFile::open(options.draft));
    if (models::is_block_draft(*draft)) open.block_draft = options.draft, draft.reset();
  }
  OpenedModels opened;
  HELICON_ASSIGN(opened.model, models::open_model(std::move(file), name, open));
  if (draft) {
    open.context_length = opened.model.context_length;
    const std::string other = models::name_of(options.draft);
    auto guessing = open_draft(std::move(draft), other, open, tokenizer);
    if (!guessing.ok()) return models::about(other, std::move(guessing).error());
    opened.draft = std::move(*guessing);
  }
  return opened;
}

Result<std::shared_ptr<ChatModel>> load_local_model(const std::string& name,
                                                    const std::filesystem::path& path,
                                                    const LocalModelOptions& options) {
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(path));
  const std::string filename = models::name_of(path);
  auto answers = models::check_answers(*file);
  if (!answers.ok()) return models::about(filename, std::move(answers).error());
  auto tokenizer = text::Tokenizer::create(file->metadata());
  if (!tokenizer.ok()) return models::about(filename, std::move(tokenizer).error());
  std::shared_ptr<const text::ChatTemplate> chat_template;
  text::ReplyFormat format;
  if (file->metadata().contains("tokenizer.chat_template")) {
    HELICON_ASSIGN(const std::string source, file->metadata().string("tokenizer.chat_template"));
    auto compiled = text::ChatTemplate::compile(source);
    if (!compiled.ok())
      return Error{ErrorCode::unsupported,
                   fmt::format("{}: its chat template: {}", filename, compiled.error().message)};
    chat_template = std::move(*compiled);
    format = text::ReplyFormat::of(source);
  }
  HELICON_ASSIGN(OpenedModels opened, open_models(file, filename, options, **tokenizer));
  models::OpenModel& model = opened.model;
  if ((*tokenizer)->size() > model.decoder->vocabulary())
    return Error{ErrorCode::corrupt,
                 fmt::format("{}: {} tokens have names, but the embedding has only {} rows",
                             filename, (*tokenizer)->size(), model.decoder->vocabulary())};
  MediaOptions senses;
  senses.threads = options.threads;
  senses.find_ffmpeg = options.find_ffmpeg;
  auto media = MediaEncoder::create(file, path, model.decoder->vocabulary(),
                                    model.decoder->config().hidden, std::move(senses));
  if (!media.ok()) return models::about(filename, std::move(media).error());
  ModelInfo info = describe(name, *file);
  info.sees = *media && (*media)->token_of(chat::MediumKind::picture);
  info.hears = *media && (*media)->token_of(chat::MediumKind::sound);
  info.context_length = static_cast<int>(model.context_length);
  info.reasons = format.reasons();
  info.takes_effort = format.reasons();
  runtime::EngineParts parts;
  parts.context_length = info.context_length;
  parts.memory = std::move(model.memory);
  parts.threads = std::move(model.threads);
  parts.model = std::move(model.decoder);
  parts.pages = std::move(model.pages);
  parts.tokenizer = *tokenizer;
  parts.draft = std::move(opened.draft);
  runtime::SchedulerOptions scheduling;
  scheduling.speculation = options.speculation;
  auto engine = std::make_unique<runtime::Engine>(std::move(parts), scheduling);
  return std::shared_ptr<ChatModel>(
      std::make_shared<LocalModel>(std::move(info), std::move(*tokenizer), std::move(chat_template),
                                   format, std::move(*media), std::move(engine)));
}

}  // namespace helicon::backends
