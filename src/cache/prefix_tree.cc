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
  assert(root_.readers[kFull] == 0);
  clear();
}

size_t PrefixTree::evictable() const {
  size_t units = 0;
  for (size_t group = 0; group < pool_.groups(); ++group)
    units += idle_pages_[group] * pool_.shape().units(group);
  return units;
}

// The nodes below `from`, at this depth, that a reader of `tokens` (from there on) can take over.
std::vector<PrefixTree::Node*> PrefixTree::find(Node& from, size_t depth,
                                                std::span<const int32_t> tokens) const {
  std::vector<Node*> nodes;
  for (Node* node = &from; tokens.size() > kPagePositions;
       tokens = tokens.subspan(kPagePositions)) {
    const auto child = node->children.find(tokens.first(kPagePositions));
    if (child == node->children.end()) break;
    nodes.push_back(node = &child->second);
  }
  if (pool_.groups() == 1) return nodes;
  // As far as all windowed pages are there that the position after the last one sees.
  size_t usable = 0, unbroken = 0;  // so many windowed pages, the last one included
  for (size_t i = 0; i < nodes.size(); ++i) {
    unbroken = nodes[i]->pages.windowed ? unbroken + 1 : 0;
    const size_t visible = pool_.shape().first_visible_page(
        kWindowed, static_cast<int>((depth + i + 1) * kPagePositions));
    if (unbroken == i + 1 || i + 1 - unbroken + depth <= visible) usable = i + 1;
  }
  nodes.resize(usable);
  return nodes;
}

size_t PrefixTree::match(std::span<const int32_t> tokens) { return find(root_, 0, tokens).size(); }

// The page of the tokens, given that no other child begins with them. Nobody reads it yet.
PrefixTree::Node& PrefixTree::insert(Node& parent, std::span<const int32_t> tokens,
                                     const PagePair& pages) {
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
  node.self = self;
  node.pages = pages;
  pool_.retain(pages.full);
  if (pages.windowed) pool_.retain(*pages.windowed, kWindowed);
  for (const size_t group : {kFull, kWindowed}) {
    ++node.readers[group];
    remove_reader(node, group);
  }
  return node;
}

// Of a node that nobody reads and that has no children.
void PrefixTree::erase(Node& node) {
  assert(node.readers[kFull] == 0 && node.children.empty());
  if (node.pages.windowed) release_windowed(node);
  add_reader(node, kFull);
  pool_.release(node.pages.full);
  node.parent->children.erase(node.self);
}

void PrefixTree::release_windowed(Node& node) {
  add_reader(node, kWindowed);
  pool_.release(*std::exchange(node.pages.windowed, std::nullopt), kWindowed);
  remove_reader(node, kWindowed);
}

void PrefixTree::add_reader(Node& node, size_t group) {
  if (node.readers[group]++ > 0) return;
  if (group == kWindowed && !node.pages.windowed) return;
  idle_.erase(node.recency[group]);
  --idle_pages_[group];
}

void PrefixTree::remove_reader(Node& node, size_t group) {
  if (--node.readers[group] > 0) return;
  if (group == kWindowed && !node.pages.windowed) return;
  idle_.push_front({&node, group});
  node.recency[group] = idle_.begin();
  ++idle_pages_[group];
}

// The page was used. Its parent has readers, and is let go after it.
void PrefixTree::touch(Node& node) {
  for (const size_t group : {kWindowed, kFull}) {
    add_reader(node, group);
    remove_reader(node, group);
  }
}

void PrefixTree::keep_budget() {
  while (evictable() > budget_) evict();
}

bool PrefixTree::evict() {
  if (idle_.empty()) return false;
  const auto [node, group] = idle_.back();
  if (group == kFull || !node->full())
    erase(*node);
  else
    release_windowed(*node);
  return true;
}

void PrefixTree::clear() {
  while (evict()) {
  }
}

PrefixTree::Reader::Reader(PrefixTree& tree)
    : tree_(&tree), sequence_(tree.pool_), node_(&tree.root_) {
  ++node_->readers[kFull];
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

// The nodes whose windowed pages the sequence has, and their numbers, from the last to the first.
template <typename Action>
void PrefixTree::Reader::for_windowed(Action action) const {
  if (tree_->pool_.groups() == 1) return;
  Node* node = node_;
  for (size_t index = depth_; index-- > sequence_.hidden(kWindowed);) {
    Node& parent = *node->parent;
    action(*node, index);
    node = &parent;
  }
}

// The sequence first: what nobody reads is held by the tree alone. Then from the node upwards, so
// that parents are let go after their children.
void PrefixTree::Reader::leave() {
  if (!node_) return;
  for_windowed([&](Node& node, size_t) { tree_->remove_reader(node, kWindowed); });
  sequence_.truncate(0);
  for (Node* node = node_; node->parent; node = node->parent) tree_->remove_reader(*node, kFull);
  --tree_->root_.readers[kFull];
  node_ = nullptr;
  tree_->keep_budget();
}

void PrefixTree::Reader::hide(size_t visible) {
  size_t needed = depth_;  // pages from this one on are seen from the next place to go on from
  for_windowed([&](Node& node, size_t index) {
    if (node.stop || node.children.size() > 1)
      needed = tree_->pool_.shape().first_visible_page(
          kWindowed, static_cast<int>((index + 1) * kPagePositions));
    if (index >= visible) return;
    tree_->remove_reader(node, kWindowed);
    if (index < needed && node.readers[kWindowed] == 0) tree_->release_windowed(node);
  });
  sequence_.hide(visible);
}

void PrefixTree::Reader::descend(Node& child) {
  tree_->add_reader(child, kFull);
  if (sequence_.pair(depth_).windowed) tree_->add_reader(child, kWindowed);
  node_ = &child;
  ++depth_;
}

PrefixTree::Reader PrefixTree::Reader::fork() const {
  Reader copy(*tree_);
  copy.sequence_ = sequence_.fork();
  // The root has counted the copy already.
  for (Node* node = node_; node->parent; node = node->parent) ++node->readers[kFull];
  for_windowed([](Node& node, size_t) { ++node.readers[kWindowed]; });
  copy.node_ = node_;
  copy.depth_ = depth_;
  return copy;
}

int PrefixTree::Reader::adopt(std::span<const int32_t> tokens) {
  const auto done = static_cast<size_t>(sequence_.length());
  if (done != depth_ * kPagePositions || tokens.size() <= done) return 0;
  const std::vector<Node*> nodes = tree_->find(*node_, depth_, tokens.subspan(done));
  const size_t visible = tree_->pool_.shape().first_visible_page(
      kWindowed, static_cast<int>(done + nodes.size() * kPagePositions));
  hide(visible);
  for (Node* node : nodes) {
    sequence_.adopt({node->pages.full, depth_ < visible ? std::nullopt : node->pages.windowed});
    descend(*node);
  }
  return static_cast<int>(nodes.size() * kPagePositions);
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
    Node& node = candidate->second;
    if (tree_->pool_.groups() > 1 && !node.pages.windowed) continue;
    const size_t shared = common(candidate->first, tokens);
    if (shared > count) count = shared, best = &node;
  }
  if (!best || !sequence_.adopt_part(best->pages, static_cast<int>(count))) return 0;
  tree_->touch(*best);
  return static_cast<int>(count);
}

void PrefixTree::Reader::publish(std::span<const int32_t> tokens) {
  while ((depth_ + 1) * kPagePositions <= static_cast<size_t>(sequence_.length())) {
    const auto page_tokens = tokens.subspan(depth_ * kPagePositions, kPagePositions);
    const PagePair pages = sequence_.pair(depth_);
    const auto found = node_->children.find(page_tokens);
    if (found == node_->children.end()) {
      descend(tree_->insert(*node_, page_tokens, pages));
      continue;
    }
    Node& node = found->second;
    if (node.pages.full != pages.full) sequence_.replace(depth_, node.pages.full);
    if (!node.pages.windowed && pages.windowed) {
      node.pages.windowed = pages.windowed;
      tree_->pool_.retain(*pages.windowed, kWindowed);
      ++node.readers[kWindowed];
      tree_->remove_reader(node, kWindowed);
    } else if (pages.windowed && node.pages.windowed != pages.windowed) {
      sequence_.replace(depth_, *node.pages.windowed, kWindowed);
    }
    descend(node);
  }
  // A page later than could be: only after this is it known whether others may go on from here.
  hide(tree_->pool_.shape().first_visible_page(
      kWindowed, sequence_.length() - static_cast<int>(kPagePositions)));
}

void PrefixTree::Reader::publish_tail(std::span<const int32_t> tokens) {
  const size_t done = depth_ * kPagePositions;
  const size_t count = static_cast<size_t>(sequence_.length()) - done;
  node_->stop = true;
  if (count == 0) {
    // Whoever asks the same computes the last token again, and goes on from the page before.
    if (node_->parent) node_->parent->stop = true;
    return;
  }
  const auto tail = tokens.subspan(done, count);
  const auto longer = node_->children.lower_bound(tail);
  if (longer != node_->children.end() && common(longer->first, tail) == count)
    tree_->touch(longer->second);
  else
    tree_->insert(*node_, tail, sequence_.pair(depth_));
  tree_->keep_budget();
}

}  // namespace helicon::cache
