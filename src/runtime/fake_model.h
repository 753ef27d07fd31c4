// A model and a tokenizer without weights, for tests of the scheduler and the engine.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/model.h"
#include "text/tokenizer.h"

namespace helicon::runtime {

inline constexpr size_t kFakeVocabulary = 32;
inline constexpr text::TokenId kFakeEnd = 31;

// Writes each token it is given into the pages, and answers from nothing but what it reads back
// there: the next token is a hash of the whole past. A page mixed up anywhere changes the answer.
class FakeModel final : public models::Model {
 public:
  static constexpr cache::CacheShape kShape{1, 1, 8};

  size_t vocabulary() const override { return kFakeVocabulary; }
  cache::CacheShape cache_shape() const override { return shape_; }
  // A second layer, on pages of its own, that sees a window of so many positions.
  void see_window(int positions) {
    shape_.layers = 2;
    shape_.windowed_layers = 1;
    shape_.window = positions;
  }
  // A drafter with a layer of its own, which guesses right so many times in a hundred.
  void draft_blocks(size_t block, unsigned percent) {
    block_ = block;
    percent_ = percent;
    shape_.draft_layers = shape_.draft_heads = 1;
    shape_.draft_head_size = 8;
    shape_.draft_group = shape_.groups() - 1;
  }
  bool intact() const override { return intact_.load(); }
  void damage() { intact_.store(false); }
  void lose_numbers() { lost_.store(true); }  // what it answers from now on is not a number
  int passes() const { return passes_.load(); }
  int last_rows() const { return last_rows_.load(); }
  int64_t all_rows() const { return all_rows_.load(); }

  // What follows `past`; never the end token.
  static text::TokenId next(const std::vector<text::TokenId>& past) {
    uint32_t hash = 2166136261u;
    for (const text::TokenId token : past) hash = (hash ^ static_cast<uint32_t>(token)) * 16777619u;
    return static_cast<text::TokenId>(hash >> 16) % kFakeEnd;
  }

  std::span<const float> forward(std::span<const models::Run> runs,
                                 cache::PagePool& pool) override {
    logits_.clear();
    int rows = 0;
    for (const models::Run& run : runs) {
      rows += static_cast<int>(run.tokens.size());
      if (run.position != run.sequence->length()) throw std::logic_error("position");
      for (size_t i = 0; i < run.tokens.size(); ++i) {
        const size_t position = static_cast<size_t>(run.position) + i;
        for (size_t group = 0; group < shape_.groups(); ++group)
          slot(*run.sequence, pool, position, group) = static_cast<float>(run.tokens[i]);
        if (block_ > 0)
          draft_slot(*run.sequence, pool, position) = static_cast<float>(run.tokens[i]);
        if (i + run.logits < run.tokens.size()) continue;
        std::vector<text::TokenId> past;
        for (size_t p = 0; p <= position; ++p)
          past.push_back(static_cast<text::TokenId>(slot(*run.sequence, pool, p)));
        for (size_t p = position; shape_.groups() > 1 && sees(position, p); --p) {
          if (slot(*run.sequence, pool, p, cache::kWindowed) != static_cast<float>(past[p]))
            past.push_back(0);  // another answer
          if (p == 0) break;
        }
        logits_.resize(logits_.size() + kFakeVocabulary, 0.0f);
        logits_[logits_.size() - kFakeVocabulary + static_cast<size_t>(next(past))] = 10.0f;
      }
    }
    if (lost_.load()) std::fill(logits_.begin(), logits_.end(), NAN);
    if (rows > static_cast<int>(models::kMaxRows)) throw std::logic_error("rows");
    passes_.fetch_add(1);
    last_rows_.store(rows);
    all_rows_.fetch_add(rows);
    return logits_;
  }

  // Whoever finds its layer without what forward() has put there throws; in its place for what is
  // guessed it leaves what nobody may take for that.
  size_t block() const override { return block_; }
  std::span<const float> guess_blocks(std::span<const models::Run> runs,
                                      cache::PagePool& pool) override {
    logits_.clear();
    for (const models::Run& run : runs) {
      if (run.position != run.sequence->length()) throw std::logic_error("position");
      const auto length = static_cast<size_t>(run.position);
      std::vector<text::TokenId> past;
      for (size_t p = 0; p < length; ++p) {
        past.push_back(static_cast<text::TokenId>(slot(*run.sequence, pool, p)));
        const bool seen = shape_.groups() == 1 || sees(length, p);
        if (seen && draft_slot(*run.sequence, pool, p) != static_cast<float>(past[p]))
          throw std::logic_error("the drafter's layer");
      }
      past.push_back(run.tokens[0]);
      for (size_t place = 0; place < block_; ++place)
        draft_slot(*run.sequence, pool, length + place) = -1;
      for (size_t guess = 0; guess < run.logits; ++guess) {
        const bool right = random_() % 100 < percent_;
        past.push_back(right ? next(past) : (next(past) + 1) % kFakeEnd);
        logits_.resize(logits_.size() + kFakeVocabulary, 0.0f);
        logits_[logits_.size() - kFakeVocabulary + static_cast<size_t>(past.back())] = 10.0f;
      }
    }
    blocks_ += runs.size();
    return logits_;
  }
  size_t blocks() const { return blocks_; }  // guessed so far

 private:
  static float& slot(const cache::Sequence& sequence, cache::PagePool& pool, size_t position,
                     size_t group = cache::kFull, cache::Stack stack = cache::Stack::model) {
    const size_t page = sequence.pages(group).at(position / cache::kPagePositions);
    return reinterpret_cast<float*>(
        pool.key_side(0, 0, group, stack) +
        page * pool.shape().page_bytes(group))[position % cache::kPagePositions];
  }
  static float& draft_slot(const cache::Sequence& sequence, cache::PagePool& pool,
                           size_t position) {
    return slot(sequence, pool, position, pool.shape().draft_group, cache::Stack::draft);
  }
  bool sees(size_t position, size_t key) const {
    return position - key < static_cast<size_t>(shape_.window);
  }

  cache::CacheShape shape_ = kShape;
  std::vector<float> logits_;
  size_t block_ = 0, blocks_ = 0;
  unsigned percent_ = 0;
  std::mt19937 random_{3};
  std::atomic<bool> intact_{true}, lost_{false};
  std::atomic<int> passes_{0}, last_rows_{0};
  std::atomic<int64_t> all_rows_{0};
};

// Token 0..30 is a letter, 31 ends.
class FakeTokenizer final : public text::Tokenizer {
 public:
  Result<std::vector<text::TokenId>> encode(std::string_view text,
                                            text::EncodeOptions) const override {
    std::vector<text::TokenId> ids;
    for (const char c : text) ids.push_back((c - 'A') & 31);
    return ids;
  }
  std::string_view token_bytes(text::TokenId id) const override {
    return id < 0 || id >= kFakeEnd ? std::string_view()
                                    : kLetters.substr(static_cast<size_t>(id), 1);
  }
  std::string_view token_bytes_after(std::optional<text::TokenId>,
                                     text::TokenId id) const override {
    return token_bytes(id);
  }
  std::string decode(const std::vector<text::TokenId>& ids, bool) const override {
    std::string text;
    for (const text::TokenId id : ids) text += token_bytes(id);
    return text;
  }
  size_t size() const override { return kFakeVocabulary; }
  bool is_special(text::TokenId id) const override { return id == kFakeEnd; }
  bool ends_generation(text::TokenId id) const override { return id == kFakeEnd; }
  std::optional<text::TokenId> begin_token() const override { return std::nullopt; }
  std::optional<text::TokenId> end_token() const override { return kFakeEnd; }
  std::optional<text::TokenId> find(std::string_view) const override { return std::nullopt; }

 private:
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcde";
};

}  // namespace helicon::runtime
