// Tiny block drafters, against what transformers guesses with them (tests/golden/assistants.py).
#include "models/block_draft.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "models/gguf_config.h"
#include "models/golden_models.h"

namespace helicon::models {
namespace {

fs::path draft_folder(const std::string& name) {
  return fs::path("tests/golden/assistants") / name;
}

// What the reference has of a drafter: of each round the known tokens, the guesses and their
// logits.
struct ExpectedDraft {
  std::string target;
  std::vector<int32_t> tokens;
  struct Round {
    size_t known;
    std::vector<int32_t> guess;
  };
  std::vector<Round> rounds;
  std::vector<float> logits;  // [rounds, guesses, kGoldenVocabulary]
};

ExpectedDraft read_draft(const std::string& name) {
  namespace json = boost::json;
  const json::value text = json::parse(read_file(draft_folder(name) / "expected.json"));
  ExpectedDraft expected;
  expected.target = json::value_to<std::string>(text.at("target"));
  expected.tokens = json::value_to<std::vector<int32_t>>(text.at("tokens"));
  for (const json::value& round : text.at("rounds").as_array())
    expected.rounds.push_back({json::value_to<size_t>(round.at("known")),
                               json::value_to<std::vector<int32_t>>(round.at("guess"))});
  expected.logits = read_npy(draft_folder(name) / "logits.npy");
  return expected;
}

Result<OpenModel> open_with_draft(const std::string& target, const std::string& draft) {
  OpenOptions options = exactly();
  options.block_draft = draft_folder(draft);
  return open_model(folder_of(target), options);
}

// Runs the tokens up to `known`, but for the last, and guesses what follows that: logits [block -
// 1, vocabulary].
std::vector<float> guess(OpenModel& model, cache::Sequence& sequence,
                         std::span<const int32_t> tokens, size_t known) {
  const auto length = static_cast<size_t>(sequence.length());
  if (length < known - 1) run(model, sequence, tokens.subspan(length, known - 1 - length));
  const size_t block = model.decoder->block();
  EXPECT_TRUE(sequence.reserve(static_cast<int>(block)));
  const Run one{&sequence, tokens.subspan(known - 1, 1), sequence.length(), block - 1};
  const auto logits = model.decoder->guess_blocks({&one, 1}, *model.pages);
  return {logits.begin(), logits.end()};
}

// The largest difference to the reference's logits of all rounds, as a part of the largest of them.
float draft_distance(OpenModel& model, const ExpectedDraft& expected) {
  const size_t row = (model.decoder->block() - 1) * kGoldenVocabulary;
  EXPECT_EQ(expected.logits.size(), expected.rounds.size() * row);
  float top = 0, most = 0;
  for (const float logit : expected.logits) top = std::max(top, std::abs(logit));
  cache::Sequence sequence(*model.pages);
  for (size_t i = 0; i < expected.rounds.size(); ++i)
    most = std::max(
        most, largest_difference(guess(model, sequence, expected.tokens, expected.rounds[i].known),
                                 std::span(expected.logits).subspan(i * row, row)));
  return most / top;
}

class EachDraft : public testing::TestWithParam<const char*> {};

TEST_P(EachDraft, GuessesAreTheReferences) {
  const ExpectedDraft expected = read_draft(GetParam());
  ASSERT_FALSE(expected.rounds.empty());
  auto model = open_with_draft(expected.target, GetParam());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const float found = draft_distance(*model, expected);
  RecordProperty("distance", std::to_string(found));
  EXPECT_LE(found, kGoldenTolerance);
}

// Neither that a drafter is there nor that it has guessed, also of several at once.
TEST_P(EachDraft, ChangesNothingOfTheModel) {
  const ExpectedDraft expected = read_draft(GetParam());
  auto alone = open_golden(expected.target);
  auto model = open_with_draft(expected.target, GetParam());
  ASSERT_TRUE(alone.ok() && model.ok());
  cache::Sequence theirs(*alone->pages), ours(*model->pages), other(*model->pages);
  const std::span<const int32_t> tokens(expected.tokens);
  run(*model, other, tokens.subspan(20, 40));
  std::vector<float> last;
  for (size_t at = 0; at + 8 < tokens.size(); at += 8) {
    ASSERT_EQ(run(*model, ours, tokens.subspan(at, 8)), run(*alone, theirs, tokens.subspan(at, 8)));
    const auto once = guess(*model, ours, tokens, at + 9);
    const auto block = static_cast<int>(model->decoder->block());
    ASSERT_TRUE(other.reserve(block));
    const auto wanted = static_cast<size_t>(block - 1);
    const models::Run both[] = {{&other, tokens.subspan(60, 1), other.length(), 1},
                                {&ours, tokens.subspan(at + 8, 1), ours.length(), wanted}};
    const auto logits = model->decoder->guess_blocks(both, *model->pages);
    const auto again = logits.subspan(kGoldenVocabulary);
    EXPECT_TRUE(std::equal(once.begin(), once.end(), again.begin(), again.end()));
    if (!last.empty()) {
      EXPECT_TRUE(std::equal(last.begin(), last.end(), logits.begin()));
    }
    last.assign(logits.begin(), logits.begin() + kGoldenVocabulary);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, EachDraft, testing::Values("window", "narrow", "silent", "mixed"));

// The same model with a drafter whose configuration is not the file's.
float distance_when(const std::string& name, const std::function<void(BlockDraftConfig&)>& change) {
  const ExpectedDraft expected = read_draft(name);
  const OpenOptions options = exactly();
  LoadOptions load;
  load.exact = true;
  const auto& kernels = **kernels::choose_kernels();
  auto file = *weights::ModelFile::open(folder_of(expected.target));
  auto draft_file = *weights::ModelFile::open(draft_folder(name));
  DecoderConfig config = *configure(*file);
  BlockDraftConfig draft_config = *configure_block_draft(*draft_file, config);
  change(draft_config);
  OpenModel model;
  model.threads = std::make_unique<ThreadPool>(1);
  auto weights = load_decoder_weights(file, config, ExpertsIn::memory, *model.threads, load);
  auto draft_weights = load_block_draft(draft_file, draft_config, *model.threads, load);
  EXPECT_TRUE(weights.ok() && draft_weights.ok());
  auto draft = std::make_unique<BlockDraft>(draft_config, std::move(*draft_weights), kernels,
                                            *model.threads);
  model.decoder = std::make_unique<Decoder>(config, std::move(*weights), std::move(draft), kernels,
                                            *model.threads, options.cache_type);
  model.pages = *cache::PagePool::create(model.decoder->cache_shape(), 4096);
  return draft_distance(model, expected);
}

struct LeftOut {
  const char* what;
  const char* name;
  void (*change)(BlockDraftConfig&);
};

TEST(BlockDraft, EachTermLeftOutShows) {
  const LeftOut terms[] = {
      {"the norm of heads", "window",
       [](BlockDraftConfig& c) { c.stack.query_key_norm = HeadNorm::plain; }},
      {"the window", "window", [](BlockDraftConfig& c) { c.stack.layers[1].window = 0; }},
      {"its last position", "window", [](BlockDraftConfig& c) { --c.stack.layers[1].window; }},
      {"the window beside full layers", "mixed",
       [](BlockDraftConfig& c) { ++c.stack.layers[1].window; }},
      {"the window within the block", "narrow",
       [](BlockDraftConfig& c) { ++c.stack.layers[1].window; }},
      {"the rotation's base", "window",
       [](BlockDraftConfig& c) { c.stack.rotations[0] = make_rotation(4, 500000, 1); }},
      {"the base where nothing is said", "silent",
       [](BlockDraftConfig& c) { c.stack.rotations[0] = make_rotation(8, 10000, 1); }},
      {"the epsilon", "window", [](BlockDraftConfig& c) { c.stack.norm_epsilon = 1e-5f; }},
      {"the order of the sources", "silent",
       [](BlockDraftConfig& c) { std::swap(c.sources[0], c.sources[1]); }},
      {"the mask", "mixed", [](BlockDraftConfig& c) { --c.mask; }},
  };
  for (const char* name : {"window", "mixed", "narrow", "silent"})
    EXPECT_LE(distance_when(name, [](BlockDraftConfig&) {}), kGoldenTolerance) << name;
  for (const LeftOut& term : terms)
    EXPECT_GT(distance_when(term.name, term.change), 2 * kGoldenTolerance) << term.what;
}

TEST(BlockDraft, MadeForAnotherModel) {
  const auto error = [](const char* target, const char* draft) {
    auto model = open_with_draft(target, draft);
    return model.ok() ? "" : model.error().message;
  };
  EXPECT_EQ(error("muse_glimmer_mixed", "window"),
            "window: the drafter was made for another model: its rows have 32 numbers and the "
            "model's 20");
  EXPECT_EQ(error("muse_glimmer_tied", "window"),
            "window: the drafter was made for another model: it reads layer 2, counted from 0, and "
            "of 2 the last cannot be read");
  EXPECT_NE(error("muse_glimmer_tied", "../models/muse_glimmer_tied"), "");
}

}  // namespace
}  // namespace helicon::models
