// The attention of a pass: keys and values into their pages, queries over the pages, tile by tile.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "models/config.h"
#include "models/decoder_weights.h"
#include "models/model.h"

namespace helicon::models {

// What a row sees of its own run: what is behind it, or what is before it, too, as far as a window
// reaches.
enum class Sight { back, both };

// Rows whose sequences begin with the same pages go over these together, in one tile, so that each
// page is read once for all of them. The work is cut by rows and, when these are few, by segments
// of the context. None of it changes a row's numbers: within a segment it folds page by page in
// ascending order, and then segment by segment.
class DecoderAttention {
 public:
  static constexpr int kSegmentPages = 8;  // 256 positions: part of what defines a row's numbers
  // Most that states of single segments may take, bytes.
  static constexpr size_t kMostParts = size_t{8} << 20;

  // All but `stack` must outlive it.
  DecoderAttention(const DecoderConfig& config, cache::Stack stack,
                   const kernels::KernelTable& kernels, ThreadPool& threads);

  // Looks at the rows of a pass: which share pages, and how the work is cut. Runs and pool must
  // stay until the pass is over.
  void plan(std::span<const Run> runs, cache::PagePool& pool, Sight sight = Sight::back);
  // Adds biases, normalises and rotates queries [rows, heads, head_size], unless they are null, and
  // keys [rows, kv_heads, head_size], and writes keys and values [rows, kv_heads, head_size] to
  // their pages.
  void store(size_t layer, const LayerWeights& weights, float* query, float* key, float* value);
  // attended [rows, heads, head_size]: of queries that are prepared, after the layer's store().
  void attend(size_t layer, const float* query, float* attended);

 private:
  // Cosines and sines by position, as far as any sequence has come: [position][cosines, sines].
  struct RotationTable {
    std::vector<float> values;
    int positions = 0;
  };
  struct Row {
    const cache::Sequence* sequence;
    int position;
    int end;                              // of what it sees without a window, that included
    size_t index;                         // in the batch
    int common[cache::kMostGroups] = {};  // pages shared with the next row, in order of pages
  };
  // Where a layer's keys and values lie.
  struct Place {
    size_t group;  // of pages
    size_t layer;  // among those of the group
  };
  // Rows [first, first + count), in order of pages, that are taken together.
  struct Chunk {
    size_t first, count;
  };
  // A chunk for some query heads of one key/value head.
  struct Unit {
    Chunk chunk;
    size_t kv_head, first_head, heads;
    int first_segment = 0, last_segment = 0;  // inclusive
    size_t parts = 0;                         // where the states of its segments lie
  };
  class Walk;

  // The first and the last position that a row sees through a window.
  static std::pair<int, int> seen(const Row& row, int window);
  void find_places(const cache::CacheShape& shape);
  void grow_rotations(int positions);
  const float* cosines(size_t rotation, int position) const;
  void cut_rows(Sight sight);
  std::pair<int, int> segments(const Chunk& chunk, int window) const;
  void attend_whole(Walk& walk, const Unit& unit, float* attended) const;
  void finish(const Unit& unit, const float* states, size_t row, float* attended) const;

  const DecoderConfig& config_;
  const cache::Stack stack_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  cache::PagePool* pool_ = nullptr;
  size_t group_;  // query heads of a key/value head
  std::vector<RotationTable> rotations_;
  std::vector<Place> places_;  // of the layers
  std::vector<Row> rows_;      // in order of pages
  std::vector<Chunk> chunks_;  // of rows_
  std::vector<Unit> units_;
  std::vector<float> parts_;  // states of a segment's queries, where segments are taken apart
};

}  // namespace helicon::models
