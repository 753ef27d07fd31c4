#include "cache/prefix_tree.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace helicon::cache {
namespace {

using Tokens = std::vector<int32_t>;
using Reader = PrefixTree::Reader;

constexpr CacheShape kShape{1, 1, 8};
constexpr size_t kPage = kPagePositions;

std::unique_ptr<PagePool> make_pool(size_t pages) {
  return std::move(PagePool::create(kShape, pages)).value();
}

float& slot(PagePool& pool, const Sequence& sequence, size_t position) {
  return pool.keys(0,
                   0)[sequence.pages()[position / kPage] * kShape.page_floats() + position % kPage];
}

// What a position holds depends on all tokens up to it, as keys and values do.
float content(const Tokens& tokens, size_t position) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i <= position; ++i)
    hash = (hash ^ static_cast<uint32_t>(tokens[i])) * 16777619u;
  return static_cast<float>(hash >> 8);
}

// Computes positions up to `length`, and publishes them. False when the pool has too few pages.
bool compute(PagePool& pool, Reader& reader, const Tokens& tokens, size_t length) {
  Sequence& sequence = reader.sequence();
  const auto from = static_cast<size_t>(sequence.length());
  if (!sequence.reserve(static_cast<int>(length - from))) return false;
  for (size_t i = from; i < length; ++i) slot(pool, sequence, i) = content(tokens, i);
  sequence.advance(static_cast<int>(length - from));
  reader.publish(tokens);
  return true;
}

void expect_content(PagePool& pool, const Reader& reader, const Tokens& tokens) {
  for (size_t i = 0; i < static_cast<size_t>(reader.sequence().length()); ++i)
    ASSERT_EQ(slot(pool, reader.sequence(), i), content(tokens, i)) << i;
}

Tokens numbers(int32_t first, size_t count) {
  Tokens tokens(count);
  for (int32_t& token : tokens) token = first++;
  return tokens;
}

TEST(PrefixTree, FindsFullPagesAndLeavesTheLastToken) {
  auto pool = make_pool(16);
  PrefixTree tree(*pool);
  const Tokens tokens = numbers(0, 96);
  Reader first(tree);
  EXPECT_EQ(first.adopt(tokens), 0);
  ASSERT_TRUE(compute(*pool, first, tokens, 96));
  Reader second(tree);
  EXPECT_EQ(second.adopt(tokens), 64);
  EXPECT_EQ(second.adopt_part(tokens), 31);
  EXPECT_EQ(pool->available(), 16u - 4u);
  expect_content(*pool, second, tokens);
  ASSERT_TRUE(compute(*pool, second, tokens, 96));
  EXPECT_EQ(pool->available(), 16u - 3u) << "the same page is kept once";
  EXPECT_EQ(first.sequence().pages(), second.sequence().pages());
  EXPECT_EQ(first.place(), second.place());
}

TEST(PrefixTree, TailsAreCopied) {
  auto pool = make_pool(16);
  PrefixTree tree(*pool);
  Tokens tokens = numbers(0, 45);
  Reader first(tree);
  ASSERT_TRUE(compute(*pool, first, tokens, 45));
  first.publish_tail(tokens);
  Reader second(tree);
  EXPECT_EQ(second.adopt(tokens), 32);
  EXPECT_EQ(second.adopt_part(tokens), 12);
  // Who parts on the way takes what is common.
  Tokens other = tokens;
  other[40] = 99;
  other.resize(60, 7);
  Reader third(tree);
  EXPECT_EQ(third.adopt(other), 32);
  EXPECT_EQ(third.adopt_part(other), 8);
  ASSERT_TRUE(compute(*pool, third, other, 60));
  // The first writes on; nobody else sees it.
  tokens.resize(64, 5);
  ASSERT_TRUE(compute(*pool, first, tokens, 64));
  expect_content(*pool, first, tokens);
  expect_content(*pool, second, tokens);
  expect_content(*pool, third, other);
}

TEST(PrefixTree, ALongerTailReplacesAShorterOne) {
  auto pool = make_pool(16);
  PrefixTree tree(*pool);
  const Tokens tokens = numbers(0, 40);
  {
    Reader reader(tree);
    ASSERT_TRUE(compute(*pool, reader, tokens, 10));
    reader.publish_tail(tokens);
    ASSERT_TRUE(compute(*pool, reader, tokens, 20));
    reader.publish_tail(tokens);
  }
  EXPECT_EQ(tree.evictable(), 1u);
  {
    Reader reader(tree);
    ASSERT_TRUE(compute(*pool, reader, tokens, 5));
    reader.publish_tail(tokens);  // nothing new
  }
  EXPECT_EQ(tree.evictable(), 1u);
  {
    Reader reader(tree);
    EXPECT_EQ(reader.adopt_part(tokens), 20);
    ASSERT_TRUE(compute(*pool, reader, tokens, 40));
    reader.publish_tail(tokens);
  }
  EXPECT_EQ(tree.evictable(), 2u);
  EXPECT_EQ(pool->available(), 14u);
}

TEST(PrefixTree, LetsGoOfTheLeastRecentlyUsedLeaf) {
  auto pool = make_pool(16);
  PrefixTree tree(*pool);
  const Tokens a = numbers(0, 65), b = numbers(1000, 65);
  Tokens c = a;
  c[40] = -1;  // shares a's first page
  for (const Tokens& tokens : {a, b, c}) {
    Reader reader(tree);
    reader.adopt(tokens);
    ASSERT_TRUE(compute(*pool, reader, tokens, 64));
  }
  EXPECT_EQ(tree.match(a), 2u);
  Reader(tree).adopt(a);  // used again: b is the oldest now
  EXPECT_EQ(tree.evictable(), 5u);
  ASSERT_TRUE(tree.evict());
  EXPECT_EQ(tree.match(b), 1u) << "the leaf goes first";
  ASSERT_TRUE(tree.evict());
  EXPECT_EQ(tree.match(b), 0u);
  ASSERT_TRUE(tree.evict());
  EXPECT_EQ(tree.match(c), 1u);
  EXPECT_EQ(tree.match(a), 2u);
  Reader reader(tree);
  reader.adopt(a);
  EXPECT_FALSE(tree.evict()) << "what is read stays";
}

TEST(PrefixTree, KeepsToItsBudget) {
  auto pool = make_pool(16);
  PrefixTree tree(*pool, 3);
  for (int32_t i = 0; i < 4; ++i) {
    const Tokens tokens = numbers(1000 * i, 70);
    Reader reader(tree);
    ASSERT_TRUE(compute(*pool, reader, tokens, 70));
    reader.publish_tail(tokens);
  }
  EXPECT_EQ(tree.evictable(), 3u);
  EXPECT_EQ(tree.match(numbers(3000, 70)), 2u);
}

// The tree as it could be with all the time in the world: a set of beginnings, each with the time
// of its last use.
class NaiveTree {
 public:
  void use(const Tokens& tokens) { used_[tokens] = ++now_; }
  bool has(const Tokens& tokens) const { return used_.contains(tokens); }

  void read(const Tokens& tokens) { readers_.insert(tokens); }
  // From the last page to the first, each that nobody reads any more is used.
  void leave(const Tokens& tokens) {
    readers_.erase(readers_.find(tokens));
    for (Tokens part = tokens; !part.empty(); part.resize(part.size() - kPage))
      if (!is_read(part)) use(part);
  }
  // A part of a page, where there is not more of it already; it replaces what there is less of.
  void add_tail(const Tokens& tokens) {
    for (const auto& [other, time] : used_)
      if (same_page(other, tokens) && begins(other, tokens)) return use(Tokens(other));
    add(tokens);
  }
  void add(const Tokens& tokens) {
    std::erase_if(used_, [&](const auto& entry) {
      return entry.first.size() < tokens.size() && same_page(entry.first, tokens) &&
             begins(tokens, entry.first);
    });
    use(tokens);
  }
  // The longest part of the next page that is known, and what has it.
  size_t best_part(const Tokens& tokens, size_t done) const {
    const size_t most = std::min(done + kPage, tokens.size()) - 1;
    size_t best = 0;
    for (const auto& [other, time] : used_) {
      if (other.size() <= done || other.size() > done + kPage) continue;
      size_t count = 0;
      while (count < most && count < other.size() && other[count] == tokens[count]) ++count;
      if (count > done) best = std::max(best, count - done);
    }
    return best;
  }
  void evict() {
    const Tokens* oldest = nullptr;
    for (const auto& [tokens, time] : used_)
      if (evictable_leaf(tokens) && (!oldest || time < used_.at(*oldest))) oldest = &tokens;
    ASSERT_TRUE(oldest);
    used_.erase(Tokens(*oldest));
  }
  size_t evictable() const {
    return static_cast<size_t>(std::count_if(
        used_.begin(), used_.end(), [&](const auto& entry) { return !is_read(entry.first); }));
  }
  size_t size() const { return used_.size(); }
  const std::map<Tokens, int>& used() const { return used_; }

 private:
  static bool begins(const Tokens& tokens, const Tokens& beginning) {
    return tokens.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), tokens.begin());
  }
  static bool same_page(const Tokens& a, const Tokens& b) {
    return (a.size() - 1) / kPage == (b.size() - 1) / kPage;
  }
  bool is_read(const Tokens& tokens) const {
    return tokens.size() % kPage == 0 &&
           std::any_of(readers_.begin(), readers_.end(),
                       [&](const Tokens& reader) { return begins(reader, tokens); });
  }
  bool evictable_leaf(const Tokens& tokens) const {
    return !is_read(tokens) && std::none_of(used_.begin(), used_.end(), [&](const auto& entry) {
      return entry.first.size() > tokens.size() && begins(entry.first, tokens) &&
             tokens.size() % kPage == 0;
    });
  }

  std::map<Tokens, int> used_;
  std::multiset<Tokens> readers_;
  int now_ = 0;
};

// Conversations of pages that differ from their first, tenth or last token on, or not at all.
Tokens random_tokens(std::mt19937& random) {
  Tokens tokens(1 + random() % 130);
  size_t from = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i % kPage == 0) {
      constexpr size_t kDiffer[] = {0, 9, 31, 32, 32, 32};
      from = i + kDiffer[random() % 6];
    }
    tokens[i] = i >= from ? 1 + static_cast<int32_t>(random() % 2) : 0;
    if (i >= from) from = (i / kPage + 1) * kPage;  // one token differs
  }
  return tokens;
}

TEST(PrefixTree, DoesWhatANaiveOneDoes) {
  auto pool = make_pool(30);
  std::mt19937 random(7);
  PrefixTree tree(*pool);
  NaiveTree naive;
  struct Entry {
    Reader reader;
    Tokens tokens;
    Tokens place;  // what it reads in the naive tree
  };
  std::vector<Entry> entries;
  const auto beginning = [](const Tokens& tokens, size_t length) {
    return Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length));
  };
  const auto move_place = [&](Entry& entry, size_t length) {
    naive.read(beginning(entry.tokens, length));
    naive.leave(std::exchange(entry.place, beginning(entry.tokens, length)));
  };
  size_t hits = 0, parts = 0, evictions = 0;
  for (int step = 0; step < 20000; ++step) {
    const unsigned action = random() % 10;
    if (action < 3 && entries.size() < 8) {
      Entry entry{Reader(tree), random_tokens(random), {}};
      naive.read({});
      size_t expected = 0;
      while (expected + kPage < entry.tokens.size() &&
             naive.has(beginning(entry.tokens, expected + kPage)))
        expected += kPage;
      ASSERT_EQ(tree.match(entry.tokens), expected / kPage);
      ASSERT_EQ(entry.reader.adopt(entry.tokens), static_cast<int>(expected));
      hits += expected > 0;
      move_place(entry, expected);
      if (pool->available() > 0) {
        const size_t part = naive.best_part(entry.tokens, expected);
        ASSERT_EQ(entry.reader.adopt_part(entry.tokens), static_cast<int>(part));
        parts += part > 0;
        // Which of several with as much is used cannot be told from here: all else is compared
        // after that page was read or let go.
        if (part > 0) {
          std::vector<Tokens> equals;
          for (const auto& [other, time] : naive.used())
            if (other.size() > expected && other.size() <= expected + kPage &&
                beginning(entry.tokens, expected + part) ==
                    beginning(other, std::min(other.size(), expected + part)))
              equals.push_back(other);
          ASSERT_FALSE(equals.empty());
          // The first in lexical order that does not come before, else the last that does.
          Tokens sought =
              beginning(entry.tokens, std::min(expected + kPage - 1, entry.tokens.size() - 1));
          auto best = std::lower_bound(equals.begin(), equals.end(), sought);
          if (best == equals.end()) --best;
          naive.use(*best);
        }
      }
      entries.push_back(std::move(entry));
    } else if (action == 3 && !entries.empty() && entries.size() < 8) {
      const Entry& source = entries[random() % entries.size()];
      Entry copy{source.reader.fork(), source.tokens, source.place};
      naive.read(copy.place);
      entries.push_back(std::move(copy));
    } else if (action < 5 && !entries.empty()) {
      const size_t index = random() % entries.size();
      Entry& entry = entries[index];
      if (random() % 2 == 0) {
        entry.reader.publish_tail(entry.tokens);
        const auto length = static_cast<size_t>(entry.reader.sequence().length());
        if (length % kPage != 0) naive.add_tail(beginning(entry.tokens, length));
      }
      naive.leave(entry.place);
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (action == 5 && tree.evictable() > 0) {
      ASSERT_TRUE(tree.evict());
      naive.evict();
      ++evictions;
    } else if (!entries.empty()) {
      Entry& entry = entries[random() % entries.size()];
      const auto length = static_cast<size_t>(entry.reader.sequence().length());
      const size_t more = std::min(entry.tokens.size() - length, 1 + random() % 40);
      if (!compute(*pool, entry.reader, entry.tokens, length + more)) continue;
      for (size_t full = entry.place.size() + kPage; full <= length + more; full += kPage) {
        const Tokens page = beginning(entry.tokens, full);
        if (!naive.has(page)) naive.add(page);
        move_place(entry, full);
      }
    }
    ASSERT_EQ(tree.evictable(), naive.evictable());
    if (step % 20 != 0) continue;
    for (const Entry& entry : entries) expect_content(*pool, entry.reader, entry.tokens);
  }
  EXPECT_GT(hits, 500u);
  EXPECT_GT(parts, 500u);
  EXPECT_GT(evictions, 500u);
  entries.clear();
  EXPECT_EQ(pool->available() + tree.evictable(), 30u);
  tree.clear();
  EXPECT_EQ(pool->available(), 30u);
}

// Beginnings that are found have all that their windows show, and pages go where they came from.
TEST(PrefixTree, WindowsByChance) {
  constexpr CacheShape kWindows{3, 1, 8, KeyValueType::f32, 2, 50};
  auto pool = std::move(PagePool::create(kWindows, 80)).value();
  std::mt19937 random(9);
  PrefixTree tree(*pool);
  struct Entry {
    Reader reader;
    Tokens tokens;
  };
  const auto at = [&](const Sequence& sequence, size_t position, size_t group) -> float& {
    return pool->keys(0, 0, group)[sequence.pages(group)[position / kPage] *
                                       kWindows.page_bytes(group) / sizeof(float) +
                                   position % kPage];
  };
  const auto check = [&](const Entry& entry) {
    const Sequence& sequence = entry.reader.sequence();
    const int length = sequence.length();
    ASSERT_LE(sequence.hidden(kWindowed), kWindows.first_visible_page(kWindowed, length));
    for (int i = 0; i < length; ++i) {
      const auto position = static_cast<size_t>(i);
      ASSERT_EQ(at(sequence, position, kFull), content(entry.tokens, position));
      if (i > length - kWindows.window) {
        ASSERT_EQ(at(sequence, position, kWindowed), content(entry.tokens, position));
      }
    }
  };
  std::vector<Entry> entries;
  size_t hits = 0, evictions = 0;
  for (int step = 0; step < 20000; ++step) {
    const unsigned action = random() % 10;
    if (action < 3 && entries.size() < 6) {
      Entry entry{Reader(tree), random_tokens(random)};
      const size_t pages = tree.match(entry.tokens);
      ASSERT_EQ(entry.reader.adopt(entry.tokens), static_cast<int>(pages * kPage));
      entry.reader.adopt_part(entry.tokens);
      hits += pages > 0;
      check(entry);
      entries.push_back(std::move(entry));
    } else if (action == 3 && !entries.empty() && entries.size() < 6) {
      const Entry& source = entries[random() % entries.size()];
      Entry copy{source.reader.fork(), source.tokens};
      entries.push_back(std::move(copy));
    } else if (action < 5 && !entries.empty()) {
      const size_t index = random() % entries.size();
      if (random() % 2 == 0) entries[index].reader.publish_tail(entries[index].tokens);
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (action == 5 && tree.evictable() > 0) {
      ASSERT_TRUE(tree.evict());
      ++evictions;
    } else if (!entries.empty()) {
      Entry& entry = entries[random() % entries.size()];
      Sequence& sequence = entry.reader.sequence();
      const auto length = static_cast<size_t>(sequence.length());
      const size_t more = std::min(entry.tokens.size() - length, 1 + random() % 40);
      if (!sequence.reserve(static_cast<int>(more))) {
        tree.evict();
        continue;
      }
      for (size_t i = length; i < length + more; ++i)
        for (const size_t group : {kFull, kWindowed})
          at(sequence, i, group) = content(entry.tokens, i);
      sequence.advance(static_cast<int>(more));
      entry.reader.publish(entry.tokens);
    }
    if (step % 10 != 0) continue;
    for (const Entry& entry : entries) check(entry);
  }
  EXPECT_GT(hits, 500u);
  EXPECT_GT(evictions, 500u);
  entries.clear();
  EXPECT_EQ(pool->available() + tree.evictable(), 80u);
  tree.clear();
  EXPECT_EQ(pool->available(), 80u);
}

}  // namespace
}  // namespace helicon::cache
