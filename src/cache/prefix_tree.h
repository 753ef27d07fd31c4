// A tree of computed prefixes: whoever begins with the same tokens finds their pages here.
//
// A node is a page (of each group), keyed by its tokens; the way from the root to it is what the
// page was computed after, and so all that it depends on. Pages in the tree are never written
// again. What somebody reads stays: a node's page as long as someone is there or below, its
// windowed page as long as someone's window shows it. The rest is let go, the least recently used
// first, when memory is needed or when there is more of it than the budget allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <optional>
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
    // compute to have its logits. They count only as far as the windowed pages are there that the
    // next position sees. Returns the positions gained.
    int adopt(std::span<const int32_t> tokens);
    // From the end of a page: copies what a cached page has in common with what comes next in
    // `tokens`, again without the last one. Returns the positions gained; 0 also when the pool has
    // too little.
    int adopt_part(std::span<const int32_t> tokens);
    // All positions of the sequence hold what follows from `tokens`, and stay: its full pages
    // become findable. Where another was first with the same page, the sequence takes that one.
    // Windowed pages that nothing to come sees are given back, but for those that are seen from a
    // place where others may go on: where a prompt or an answer ended, or conversations part.
    void publish(std::span<const int32_t> tokens);
    // The same for the last page, which is not full: it is then shared, and whoever writes on
    // copies it. To be called after publish(), where others may go on.
    void publish_tail(std::span<const int32_t> tokens);

    Sequence& sequence() { return sequence_; }
    const Sequence& sequence() const { return sequence_; }
    // Readers with the same past, up to the last full page, are at the same place.
    const void* place() const { return node_; }

   private:
    void leave();
    void descend(Node& child);
    void hide(size_t visible);
    template <typename Action>
    void for_windowed(Action action) const;

    PrefixTree* tree_;
    Sequence sequence_;
    Node* node_;
    size_t depth_ = 0;  // of the node: so many of the sequence's pages are in the tree
  };

  // Keeps at most `budget` units (PagePool) that nobody reads. Not thread-safe.
  explicit PrefixTree(PagePool& pool, size_t budget = std::numeric_limits<size_t>::max());
  ~PrefixTree();  // no Reader may be left
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // Pages that nobody reads, of one group, and units of both.
  size_t idle_pages(size_t group) const { return idle_pages_[group]; }
  size_t evictable() const;
  // Lets go of the least recently used page that nobody reads; false when there is none. It is free
  // then, unless a sequence that has yet to copy it holds it, which need not copy any more.
  bool evict();
  // How many pages a new reader of these tokens would adopt.
  size_t match(std::span<const int32_t> tokens);
  // Lets go of every page that nobody reads.
  void clear();

 private:
  // By tokens, in lexical order: those with the most in common are neighbours.
  struct Before {
    using is_transparent = void;
    bool operator()(std::span<const int32_t> a, std::span<const int32_t> b) const;
  };
  using Children = std::map<std::vector<int32_t>, Node, Before>;
  // A page that nobody reads.
  struct Idle {
    Node* node;
    size_t group;
  };
  using Recency = std::list<Idle>::iterator;  // valid while there are no readers
  struct Node {
    bool full() const { return self->first.size() == kPagePositions; }

    Node* parent = nullptr;
    Children::iterator self;  // in the parent's children
    Children children;
    PagePair pages;
    bool stop = false;                 // a prompt or an answer ended on the page after it
    size_t readers[kMostGroups] = {};  // at this node or below; of those, whose window shows it
    Recency recency[kMostGroups];
  };

  std::vector<Node*> find(Node& from, size_t depth, std::span<const int32_t> tokens) const;
  Node& insert(Node& parent, std::span<const int32_t> tokens, const PagePair& pages);
  void erase(Node& node);
  void release_windowed(Node& node);
  void touch(Node& node);
  void add_reader(Node& node, size_t group);
  void remove_reader(Node& node, size_t group);
  void keep_budget();

  PagePool& pool_;
  size_t budget_;
  Node root_;
  std::list<Idle> idle_;  // most recently used first; a parent before its children
  size_t idle_pages_[kMostGroups] = {};
};

}  // namespace helicon::cache
