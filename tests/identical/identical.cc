// A request's tokens and log-probabilities are the same to the last bit alone, in company, after a
// prefix was found, with guesses checked several at a time, and with any number of threads.
//
// identical FOLDER: for every .gguf in the folder, of which smollm2-135m must be one.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "models/open.h"
#include "runtime/model_drafter.h"
#include "runtime/scheduler.h"
#include "text/tokenizer.h"
#include "weights/model_file.h"

namespace {

using namespace helicon;
using runtime::Request;
using runtime::Scheduler;
using runtime::SchedulerOptions;
using runtime::SpeculationMode;
using runtime::TokenId;

constexpr const char* kText =
    "The pages of a book are numbered, and the pages of a cache are numbered too. Whoever asks for "
    "a "
    "page that is there already gets it at once; whoever asks for a page that is not there waits "
    "until somebody has written it. The pages of a book are never torn out. The pages of a cache "
    "are "
    "given back when nobody reads them any more, and the pages of a cache are written again. ";

int passed = 0, failed = 0;

void expect(bool good, const std::string& what) {
  ++(good ? passed : failed);
  if (!good) fmt::print("FAILED: {}\n", what);
}

// Everything that is said of a request's choices, figures as their bits.
struct Answer {
  std::vector<std::vector<uint32_t>> choices;
  std::vector<std::vector<TokenId>> tokens;
  runtime::Usage usage;
  bool done = false;

  bool same_as(const Answer& other) const { return done && other.done && choices == other.choices; }
};

// Guesses an answer that is known, with a mistake now and then.
class Rehearsed final : public runtime::Drafter {
 public:
  explicit Rehearsed(std::vector<TokenId> all) : all_(std::move(all)) {}
  void guess(std::span<runtime::Draft> drafts) override {
    for (runtime::Draft& draft : drafts)
      for (size_t at = draft.tokens.size(); draft.guess.size() < draft.most && at < all_.size();
           ++at)
        draft.guess.push_back(at % 7 == 0 ? all_[at] ^ 1 : all_[at]);
  }
  runtime::GuessCost cost() const override { return runtime::GuessCost::none; }

 private:
  std::vector<TokenId> all_;
};

class World {
 public:
  World(models::OpenModel model, std::shared_ptr<const text::Tokenizer> tokenizer)
      : model_(std::move(model)), tokenizer_(std::move(tokenizer)) {}

  // From now on nothing is cached.
  void fresh(SchedulerOptions options = {.speculation = SpeculationMode::off},
             std::unique_ptr<runtime::Drafter> drafter = nullptr) {
    scheduler_.reset();
    scheduler_ = std::make_unique<Scheduler>(*model_.decoder, *model_.pages, tokenizer_,
                                             static_cast<int>(model_.context_length), options,
                                             std::move(drafter));
    steps_ = 0;
  }

  void add(Request request, Answer& answer) {
    const auto choices = static_cast<size_t>(request.choices);
    answer.choices.resize(choices);
    answer.tokens.resize(choices);
    runtime::Listener listener;
    listener.on_event = [&answer](const runtime::Event& event) {
      const auto choice = static_cast<size_t>(event.choice);
      if (event.token) answer.tokens[choice].push_back(*event.token);
      const auto note = [&](const runtime::TokenLogprob& one) {
        answer.choices[choice].push_back(static_cast<uint32_t>(one.token));
        answer.choices[choice].push_back(std::bit_cast<uint32_t>(one.logprob));
      };
      if (event.logprob) note(*event.logprob);
      for (const runtime::TokenLogprob& other : event.alternatives) note(other);
    };
    listener.on_done = [&answer](const runtime::Usage& usage) {
      answer.usage = usage;
      answer.done = true;
    };
    scheduler_->add(std::make_shared<runtime::Task>(std::move(request), std::move(listener)));
  }
  void step(int count) {
    for (int i = 0; i < count; ++i) scheduler_->step();
  }
  void finish() {
    for (; !scheduler_->idle(); ++steps_) scheduler_->step();
  }
  Answer ask(const Request& request) {
    Answer answer;
    add(request, answer);
    finish();
    return answer;
  }

  models::OpenModel& model() { return model_; }
  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  int steps() const { return steps_; }  // of finish(), since fresh()

 private:
  models::OpenModel model_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::unique_ptr<Scheduler> scheduler_;
  int steps_ = 0;
};

std::vector<TokenId> prompt_of(const World& world, size_t length) {
  std::vector<TokenId> tokens;
  while (tokens.size() < length) {
    const auto more = world.tokenizer().encode(kText, {});
    tokens.insert(tokens.end(), more->begin(), more->end());
  }
  tokens.resize(length);
  return tokens;
}

Request base(std::vector<TokenId> prompt, int max_tokens) {
  Request request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.top_logprobs = 3;
  request.ignore_end = true;
  return request;
}

// A large model answers fewer and shorter ones, so that all of this takes a minute or two.
std::map<std::string, Request> subjects(const World& world, bool few) {
  std::map<std::string, Request> all;
  const int count = few ? 12 : 40;
  all["the likeliest, 77 tokens"] = base(prompt_of(world, 77), count);
  Request& drawn = all["drawn, 96 tokens"] = base(prompt_of(world, 96), count);
  drawn.sampling.temperature = 0.8f;
  drawn.sampling.top_p = 0.9f;
  drawn.sampling.seed = 7;
  drawn.sampling.repetition_penalty = 1.1f;
  if (few) return all;
  Request& several = all["three choices, 50 tokens"] = base(prompt_of(world, 50), count);
  several.choices = 3;
  several.sampling.temperature = 1;
  several.sampling.frequency_penalty = 0.3f;
  all["the likeliest, 700 tokens"] = base(prompt_of(world, 700), count);
  return all;
}

void sixteen_others(World& world, std::vector<Answer>& answers) {
  std::mt19937 random(17);
  answers.resize(16);
  for (size_t i = 0; i < answers.size(); ++i) {
    auto prompt = prompt_of(world, 3 + random() % 60);
    if (i % 2 == 0)
      for (TokenId& token : prompt) token = static_cast<TokenId>(random() % 5000);
    Request request = base(std::move(prompt), 4 + static_cast<int>(random() % 30));
    request.sampling.temperature = 1;
    request.sampling.seed = random();
    world.add(std::move(request), answers[i]);
  }
}

void check_subject(World& world, const std::string& name, const Request& request,
                   const Answer& expected) {
  const auto same = [&](const Answer& answer, const std::string& how) {
    expect(answer.same_as(expected), fmt::format("{}: {}", name, how));
  };
  const int prompt = static_cast<int>(request.prompt.size());
  world.fresh();
  same(world.ask(request), "alone");
  const int steps = world.steps();
  const Answer again = world.ask(request);
  same(again, "after its own prompt was found");
  expect(again.usage.cached_tokens == prompt - 1, name + ": its own prompt was found");

  world.fresh();
  Request other = request;
  other.prompt.resize(request.prompt.size() * 2 / 3);
  other.prompt.push_back(5);
  world.ask(other);
  const Answer parted = world.ask(request);
  same(parted, "after another's beginning was found");
  expect(parted.usage.cached_tokens == prompt * 2 / 3, name + ": another's beginning was found");

  {
    world.fresh();
    std::vector<Answer> others;
    sixteen_others(world, others);
    world.step(3);
    Answer answer;
    world.add(request, answer);
    world.finish();
    same(answer, "among sixteen others");
  }
  {
    world.fresh();
    std::vector<Answer> three(3);
    for (Answer& answer : three) world.add(request, answer);
    world.finish();
    for (const Answer& answer : three) same(answer, "three at once");
  }

  SchedulerOptions guessing{.speculation = SpeculationMode::lookup};
  world.fresh(guessing);
  same(world.ask(request), "with guesses out of the conversation");
  if (request.choices == 1) {
    auto all = request.prompt;
    all.insert(all.end(), expected.tokens[0].begin(), expected.tokens[0].end());
    world.fresh(guessing, std::make_unique<Rehearsed>(all));
    same(world.ask(request), "with guesses, most of them right");
    expect(world.steps() < steps * 2 / 3, name + ": guesses save steps");
    same(world.ask(request), "with guesses, after its prompt was found");
  }
  auto pages =
      cache::PagePool::create(world.model().pages->shape(), world.model().pages->capacity());
  world.fresh(guessing, std::make_unique<runtime::ModelDrafter>(
                            *world.model().decoder, **pages, world.model().decoder->vocabulary()));
  {
    std::vector<Answer> others;
    Answer answer;
    world.add(request, answer);
    world.step(4);
    sixteen_others(world, others);
    world.finish();
    same(answer, "with guesses of a model, company coming and going");
  }
  world.fresh();  // the drafter's pages go now
}

Status check_model(const std::filesystem::path& path, cache::KeyValueType type,
                   const std::string& label) {
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(path));
  HELICON_ASSIGN(const auto tokenizer, text::Tokenizer::create(file->metadata()));
  std::map<std::string, Answer> expected;
  for (const int threads : {1, 2}) {
    models::OpenOptions options;
    options.context_length = 1024;
    options.threads = threads;
    options.cache_type = type;
    HELICON_ASSIGN(models::OpenModel model, models::open_model(path, options));
    const bool few = model.weight_bytes > 150'000'000 || type != cache::KeyValueType::f16;
    World world(std::move(model), tokenizer);
    for (const auto& [name, request] : subjects(world, few)) {
      if (threads == 1) {
        world.fresh();
        expected[name] = world.ask(request);
      }
      check_subject(world, fmt::format("{}, {} threads, {}", label, threads, name), request,
                    expected[name]);
    }
  }
  return ok_status();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "identical FOLDER\n");
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  expect(std::any_of(files.begin(), files.end(),
                     [](const auto& path) { return path.stem() == "smollm2-135m"; }),
         "smollm2-135m is there");
  using cache::KeyValueType;
  for (const auto& path : files) {
    const std::string name = path.stem().string();
    std::map<std::string, KeyValueType> types{{"f16", KeyValueType::f16}};
    if (name == "smollm2-135m")
      types = {{"f32", KeyValueType::f32}, {"f16", KeyValueType::f16}, {"q8", KeyValueType::q8}};
    for (const auto& [type_name, type] : types) {
      const Status status = check_model(path, type, name + ", " + type_name);
      expect(status.ok(), status.ok() ? name : status.error().message);
      fmt::print("{}, {}: {} passed, {} failed so far\n", name, type_name, passed, failed);
      std::fflush(stdout);
    }
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
