// A tree of computed prefixes: whoever begins with the same tokens finds their pages here.
//
// A node is one page, keyed by its tokens; the way from the root to it is what the page was
// computed after, and so all that it depends on. Pages in the tree are never written again. A node
// that somebody reads (it, or one below it) stays; the others are let go, the least recently used
// first, when pages are needed or when there are more of them than the budget allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "cache/page_pool.h"
#include "cache/sequence.h"

namespace helicon::cache {

class PrefixTree {
  struct Node;

 public:
  // A sequence and its place in the tree: all its full pages that are published or were found are
  // on the way there, and stay while this lives. The tree must outlive it.
  class Reader {
   public:
    explicit Reader(PrefixTree& tree);
    Reader(Reader&& other) noexcept;
    Reader& operator=(Reader&& other) noexcept;
    ~Reader();

    Reader fork() const;

    // Takes over cached full pages, as many as there are, that go on as `tokens` (the whole past
    // and future, from position 0) does, and stops before the last token, which somebody must
    // compute to have its logits. Returns the positions gained.
    int adopt(std::span<const int32_t> tokens);
    // From the end of a page: copies what a cached page has in common with what comes next in
    // `tokens`, again without the last one. Returns the positions gained; 0 also when the pool is
    // empty.
    int adopt_part(std::span<const int32_t> tokens);
    // All positions of the sequence hold what follows from `tokens`: its full pages become
    // findable. Where another was first with the same page, the sequence takes that one.
    void publish(std::span<const int32_t> tokens);
    // The same for the last page, which is not full: it is then shared, and whoever writes on
    // copies it. To be called after publish().
    void publish_tail(std::span<const int32_t> tokens);

    Sequence& sequence() { return sequence_; }
    const Sequence& sequence() const { return sequence_; }
    // Readers with the same past, up to the last full page, are at the same place.
    const void* place() const { return node_; }

   private:
    void leave();
    void descend(Node& child);

    PrefixTree* tree_;
    Sequence sequence_;
    Node* node_;
    size_t depth_ = 0;  // of the node: so many of the sequence's pages are in the tree
  };

  // Keeps at most `budget` pages that nobody reads. Not thread-safe.
  explicit PrefixTree(PagePool& pool, size_t budget = std::numeric_limits<size_t>::max());
  ~PrefixTree();  // no Reader may be left
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // Pages that nobody reads: evict() can be called so many times.
  size_t evictable() const { return idle_.size(); }
  // Lets go of the least recently used page that nobody reads; false when there is none. Its page
  // is free then, unless a sequence that has yet to copy it holds it, which need not copy any more.
  bool evict();
  // Of the pages that `tokens` would adopt: how many there are, and how many of them nobody reads.
  struct Match {
    size_t pages = 0;
    size_t idle = 0;
  };
  Match match(std::span<const int32_t> tokens);
  // Lets go of every page that nobody reads.
  void clear();

 private:
  // By tokens, in lexical order: those with the most in common are neighbours.
  struct Before {
    using is_transparent = void;
    bool operator()(std::span<const int32_t> a, std::span<const int32_t> b) const;
  };
  using Children = std::map<std::vector<int32_t>, Node, Before>;
  struct Node {
    Node* parent = nullptr;
    PageId page = 0;
    Children children;
    Children::iterator self;             // in the parent's children
    size_t readers = 0;                  // at this node or below
    std::list<Node*>::iterator recency;  // in idle_, while there are none
  };

  static Node* find_full(Node& parent, std::span<const int32_t> tokens);
  Node& insert(Node& parent, std::span<const int32_t> tokens, PageId page);
  void erase(Node& node);
  void touch(Node& node);
  void leave(Node& node);
  void keep_budget();

  PagePool& pool_;
  size_t budget_;
  Node root_;
  std::list<Node*> idle_;  // most recently used first; a parent before its children
};

}  // namespace helicon::cache
