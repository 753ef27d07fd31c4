#include "cache/prefix_tree.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace helicon::cache {
namespace {

size_t common(std::span<const int32_t> a, std::span<const int32_t> b) {
  const size_t most = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
      a.begin());
}

}  // namespace

bool PrefixTree::Before::operator()(std::span<const int32_t> a, std::span<const int32_t> b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

PrefixTree::PrefixTree(PagePool& pool, size_t budget) : pool_(pool), budget_(budget) {}

PrefixTree::~PrefixTree() {
  assert(root_.readers == 0);
  clear();
}

// The child with the first page of these tokens, of which there are as many.
PrefixTree::Node* PrefixTree::find_full(Node& parent, std::span<const int32_t> tokens) {
  const auto child = parent.children.find(tokens.first(kPagePositions));
  return child == parent.children.end() ? nullptr : &child->second;
}

PrefixTree::Match PrefixTree::match(std::span<const int32_t> tokens) {
  Match match;
  Node* node = &root_;
  for (; tokens.size() > kPagePositions; tokens = tokens.subspan(kPagePositions)) {
    node = find_full(*node, tokens);
    if (!node) break;
    ++match.pages;
    if (node->readers == 0) ++match.idle;
  }
  return match;
}

// The page of the tokens, given that no other child begins with them.
PrefixTree::Node& PrefixTree::insert(Node& parent, std::span<const int32_t> tokens, PageId page) {
  const auto after = parent.children.lower_bound(tokens);
  // A page with the beginning of these tokens says nothing more.
  if (after != parent.children.begin()) {
    const auto before = std::prev(after);
    if (common(before->first, tokens) == before->first.size()) erase(before->second);
  }
  const auto self =
      parent.children.try_emplace(std::vector<int32_t>(tokens.begin(), tokens.end())).first;
  Node& node = self->second;
  node.parent = &parent;
  node.page = page;
  node.self = self;
  pool_.retain(page);
  idle_.push_front(&node);
  node.recency = idle_.begin();
  return node;
}

// Of a node that nobody reads and that has no children.
void PrefixTree::erase(Node& node) {
  assert(node.readers == 0 && node.children.empty());
  idle_.erase(node.recency);
  pool_.release(node.page);
  node.parent->children.erase(node.self);
}

// The page was used. Its parent has readers, or is touched next.
void PrefixTree::touch(Node& node) {
  if (node.readers == 0) idle_.splice(idle_.begin(), idle_, node.recency);
}

// One reader less. From the node upwards, so that parents are let go after their children.
void PrefixTree::leave(Node& node) {
  for (Node* n = &node; n; n = n->parent) {
    if (--n->readers > 0 || !n->parent) continue;
    idle_.push_front(n);
    n->recency = idle_.begin();
  }
  keep_budget();
}

void PrefixTree::keep_budget() {
  while (idle_.size() > budget_) evict();
}

bool PrefixTree::evict() {
  if (idle_.empty()) return false;
  erase(*idle_.back());
  return true;
}

void PrefixTree::clear() {
  while (evict()) {
  }
}

PrefixTree::Reader::Reader(PrefixTree& tree)
    : tree_(&tree), sequence_(tree.pool_), node_(&tree.root_) {
  ++node_->readers;
}

PrefixTree::Reader::Reader(Reader&& other) noexcept
    : tree_(other.tree_),
      sequence_(std::move(other.sequence_)),
      node_(std::exchange(other.node_, nullptr)),
      depth_(other.depth_) {}

PrefixTree::Reader& PrefixTree::Reader::operator=(Reader&& other) noexcept {
  if (this != &other) {
    leave();
    tree_ = other.tree_;
    sequence_ = std::move(other.sequence_);
    node_ = std::exchange(other.node_, nullptr);
    depth_ = other.depth_;
  }
  return *this;
}

PrefixTree::Reader::~Reader() { leave(); }

// The sequence first: a page that nobody reads is held by the tree alone.
void PrefixTree::Reader::leave() {
  if (!node_) return;
  sequence_.truncate(0);
  tree_->leave(*std::exchange(node_, nullptr));
}

void PrefixTree::Reader::descend(Node& child) {
  if (child.readers++ == 0) tree_->idle_.erase(child.recency);
  node_ = &child;
  ++depth_;
}

PrefixTree::Reader PrefixTree::Reader::fork() const {
  Reader copy(*tree_);
  copy.sequence_ = sequence_.fork();
  // The root has counted the copy already.
  for (Node* node = node_; node->parent; node = node->parent) ++node->readers;
  copy.node_ = node_;
  copy.depth_ = depth_;
  return copy;
}

int PrefixTree::Reader::adopt(std::span<const int32_t> tokens) {
  const int before = sequence_.length();
  if (static_cast<size_t>(before) != depth_ * kPagePositions) return 0;
  tokens = tokens.subspan(static_cast<size_t>(before));
  for (; tokens.size() > kPagePositions; tokens = tokens.subspan(kPagePositions)) {
    Node* next = find_full(*node_, tokens);
    if (!next) break;
    sequence_.adopt(next->page);
    descend(*next);
  }
  return sequence_.length() - before;
}

int PrefixTree::Reader::adopt_part(std::span<const int32_t> tokens) {
  const auto done = static_cast<size_t>(sequence_.length());
  if (done != depth_ * kPagePositions || tokens.size() <= done) return 0;
  tokens = tokens.subspan(done, std::min(tokens.size() - done - 1, kPagePositions - 1));
  Children& children = node_->children;
  const auto after = children.lower_bound(tokens);
  Node* best = nullptr;
  size_t count = 0;
  for (const auto& candidate : {after, after == children.begin() ? after : std::prev(after)}) {
    if (candidate == children.end()) continue;
    const size_t shared = common(candidate->first, tokens);
    if (shared > count) count = shared, best = &candidate->second;
  }
  if (!best || !sequence_.adopt_part(best->page, static_cast<int>(count))) return 0;
  tree_->touch(*best);
  return static_cast<int>(count);
}

void PrefixTree::Reader::publish(std::span<const int32_t> tokens) {
  while ((depth_ + 1) * kPagePositions <= static_cast<size_t>(sequence_.length())) {
    const auto page_tokens = tokens.subspan(depth_ * kPagePositions, kPagePositions);
    const PageId page = sequence_.pages()[depth_];
    Node* node = find_full(*node_, page_tokens);
    if (!node)
      node = &tree_->insert(*node_, page_tokens, page);
    else if (node->page != page)
      sequence_.replace(depth_, node->page);
    descend(*node);
  }
}

void PrefixTree::Reader::publish_tail(std::span<const int32_t> tokens) {
  const size_t done = depth_ * kPagePositions;
  const size_t count = static_cast<size_t>(sequence_.length()) - done;
  if (count == 0) return;
  const auto tail = tokens.subspan(done, count);
  const auto longer = node_->children.lower_bound(tail);
  if (longer != node_->children.end() && common(longer->first, tail) == count)
    tree_->touch(longer->second);
  else
    tree_->insert(*node_, tail, sequence_.pages()[depth_]);
  tree_->keep_budget();
}

}  // namespace helicon::cache
