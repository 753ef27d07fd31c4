#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "models/tiny_model.h"

namespace helicon::models {
namespace {

using cache::KeyValueType;
using cache::Sequence;
using Tokens = std::vector<int32_t>;

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A sequence, the tokens it is to hold in the end, and the logits of those run in company.
struct Branch {
  Sequence sequence;
  Tokens tokens;
  std::vector<float> logits;
};

// Runs a branch's tokens up to position `end`, alone and without logits.
void run_alone(OpenModel& model, Branch& branch, int end) {
  const int start = branch.sequence.length();
  ASSERT_TRUE(branch.sequence.reserve(end - start));
  while (branch.sequence.length() < end) {
    const int from = branch.sequence.length(), count = std::min(100, end - from);
    const Run run{
        &branch.sequence,
        std::span(branch.tokens).subspan(static_cast<size_t>(from), static_cast<size_t>(count)),
        from, 0};
    model.decoder->forward({&run, 1}, *model.pages);
    branch.sequence.advance(count);
  }
}

// Runs all branches to their ends together: rows[i] rows of the i-th in each pass.
void run_together(OpenModel& model, std::vector<Branch>& branches, const std::vector<int>& rows) {
  while (true) {
    std::vector<Run> runs;
    std::vector<Branch*> owners;
    for (size_t i = 0; i < branches.size(); ++i) {
      Branch& branch = branches[i];
      const int from = branch.sequence.length();
      const int count = std::min(rows[i], static_cast<int>(branch.tokens.size()) - from);
      if (count == 0) continue;
      ASSERT_TRUE(branch.sequence.reserve(count));
      runs.push_back(
          {&branch.sequence,
           std::span(branch.tokens).subspan(static_cast<size_t>(from), static_cast<size_t>(count)),
           from, static_cast<size_t>(count)});
      owners.push_back(&branch);
    }
    if (runs.empty()) return;
    auto logits = model.decoder->forward(runs, *model.pages);
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto own = logits.first(runs[i].tokens.size() * kVocabulary);
      owners[i]->logits.insert(owners[i]->logits.end(), own.begin(), own.end());
      logits = logits.subspan(own.size());
      owners[i]->sequence.advance(static_cast<int>(runs[i].tokens.size()));
    }
  }
}

using Parameters = std::tuple<const char*, KeyValueType>;
class SharedPages : public testing::TestWithParam<Parameters> {};

// Three branches share 300 tokens, two of them 370, one shares none; each must come out as if it
// had been computed alone from its first token, whoever is beside it and however it is cut.
TEST_P(SharedPages, ChangeNothing) {
  const auto [architecture, type] = GetParam();
  const TinyModel tiny(architecture);
  const Tokens trunk = random_tokens(300, 1), bough = trunk + random_tokens(70, 2);
  const Tokens wanted[] = {bough + random_tokens(30, 3), bough + random_tokens(45, 4),
                           trunk + random_tokens(50, 5), random_tokens(333, 6)};
  const int starts[] = {370, 370, 300, 290};
  std::vector<std::vector<float>> expected;
  {
    auto model = tiny.open(1, 0, type);
    ASSERT_TRUE(model.ok()) << model.error().message;
    for (size_t i = 0; i < 4; ++i) {
      const std::vector<float> all = logits_in_pieces(*model, wanted[i], 128);
      expected.emplace_back(all.begin() + starts[i] * static_cast<std::ptrdiff_t>(kVocabulary),
                            all.end());
    }
  }
  for (const int threads : {1, 2}) {
    auto model = tiny.open(threads, 0, type);
    ASSERT_TRUE(model.ok()) << model.error().message;
    Branch root{Sequence(*model->pages), wanted[2], {}};
    run_alone(*model, root, starts[2]);
    Branch stem{root.sequence.fork(), wanted[0], {}};
    run_alone(*model, stem, starts[0]);
    Branch other{Sequence(*model->pages), wanted[3], {}};
    run_alone(*model, other, starts[3]);
    for (const std::vector<int>& rows :
         {std::vector<int>{1, 1, 1, 1}, {3, 1, 5, 2}, {30, 45, 50, 3}}) {
      std::vector<Branch> branches;
      branches.push_back({stem.sequence.fork(), wanted[0], {}});
      branches.push_back({stem.sequence.fork(), wanted[1], {}});
      branches.push_back({root.sequence.fork(), wanted[2], {}});
      branches.push_back({other.sequence.fork(), wanted[3], {}});
      ASSERT_EQ(branches[0].sequence.pages()[10], branches[1].sequence.pages()[10]);
      ASSERT_EQ(branches[0].sequence.pages()[8], branches[2].sequence.pages()[8]);
      run_together(*model, branches, rows);
      for (size_t i = 0; i < branches.size(); ++i)
        ASSERT_EQ(branches[i].logits, expected[i])
            << "branch " << i << ", " << threads << " threads, by " << rows[0];
    }
  }
}

// More rows of one prompt than a tile holds, as many agents make.
TEST_P(SharedPages, ServeMoreAgentsThanATileHolds) {
  const auto [architecture, type] = GetParam();
  const TinyModel tiny(architecture);
  const Tokens prompt = random_tokens(280, 7);
  for (const int threads : {1, 2}) {
    auto model = tiny.open(threads, 0, type);
    ASSERT_TRUE(model.ok()) << model.error().message;
    Branch root{Sequence(*model->pages), prompt, {}};
    run_alone(*model, root, 280);
    std::vector<Branch> branches;
    for (unsigned i = 0; i < 60; ++i)
      branches.push_back({root.sequence.fork(), prompt + random_tokens(12, 100 + i % 3), {}});
    run_together(*model, branches, std::vector<int>(60, 2));
    for (size_t i = 0; i < 3; ++i) {
      const std::vector<float> all = logits_in_pieces(*model, branches[i].tokens, 99);
      const std::vector<float> tail(all.begin() + 280 * static_cast<std::ptrdiff_t>(kVocabulary),
                                    all.end());
      for (size_t same = i; same < 60; same += 3)
        ASSERT_EQ(branches[same].logits, tail) << "agent " << same << ", threads " << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, SharedPages,
                         testing::Combine(testing::Values("llama", "gemma3"),
                                          testing::Values(KeyValueType::f32, KeyValueType::f16,
                                                          KeyValueType::q8)),
                         [](const auto& parameters) {
                           const KeyValueType type = std::get<1>(parameters.param);
                           return std::string(std::get<0>(parameters.param)) +
                                  (type == KeyValueType::f32   ? "_f32"
                                   : type == KeyValueType::f16 ? "_f16"
                                                               : "_q8");
                         });

}  // namespace
}  // namespace helicon::models
