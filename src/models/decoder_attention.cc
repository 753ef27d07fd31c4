#include "models/decoder_attention.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>

namespace helicon::models {

using kernels::AttentionTile;
using kernels::kAttentionTile;
using kernels::kMaxHead;
using kernels::kPagePositions;
using kernels::state_floats;

namespace {

constexpr int kPage = static_cast<int>(kPagePositions);
constexpr size_t kMostStateFloats = kAttentionTile * state_floats(kMaxHead);

}  // namespace

DecoderAttention::DecoderAttention(const DecoderConfig& config, cache::Stack stack,
                                   const kernels::KernelTable& kernels, ThreadPool& threads)
    : config_(config),
      stack_(stack),
      kernels_(kernels),
      threads_(threads),
      group_(config.heads / config.kv_heads),
      rotations_(config.rotations.size()) {
  rows_.reserve(kMaxRows);
}

std::pair<int, int> DecoderAttention::seen(const Row& row, int window) {
  if (window == 0) return {0, row.end};
  return {std::max(0, row.position - window + 1), std::min(row.end, row.position + window - 1)};
}

// Those with a window follow each other on the windowed pages, if there are such. A drafter's are
// all on the same.
void DecoderAttention::find_places(const cache::CacheShape& shape) {
  places_.clear();
  size_t next[cache::kMostGroups] = {};
  for (const LayerAttention& layer : config_.layers) {
    size_t group = shape.groups() > 1 && layer.window > 0 ? cache::kWindowed : cache::kFull;
    if (stack_ == cache::Stack::draft) group = shape.draft_group;
    places_.push_back({group, next[group]++});
  }
}

// The angle is rounded to 32 bits before the cosine is taken, as the references do.
void DecoderAttention::grow_rotations(int positions) {
  for (size_t rotation = 0; rotation < rotations_.size(); ++rotation) {
    const std::vector<float>& frequencies = config_.rotations[rotation].frequencies;
    RotationTable& table = rotations_[rotation];
    const size_t pairs = frequencies.size();
    if (positions <= table.positions) continue;
    const int grown = std::max(positions, table.positions + 256);
    table.values.resize(static_cast<size_t>(grown) * 2 * pairs);
    for (int p = table.positions; p < grown; ++p) {
      float* at = table.values.data() + static_cast<size_t>(p) * 2 * pairs;
      for (size_t i = 0; i < pairs; ++i) {
        const double angle = static_cast<float>(p) * frequencies[i];
        at[i] = static_cast<float>(std::cos(angle));
        at[pairs + i] = static_cast<float>(std::sin(angle));
      }
    }
    table.positions = grown;
  }
}

// The cosines of a position, followed by its sines: [2, pairs].
const float* DecoderAttention::cosines(size_t rotation, int position) const {
  return rotations_[rotation].values.data() +
         static_cast<size_t>(position) * 2 * config_.rotations[rotation].frequencies.size();
}

void DecoderAttention::plan(std::span<const Run> runs, cache::PagePool& pool, Sight sight) {
  pool_ = &pool;
  find_places(pool.shape());
  struct Ordered {
    const Run* run;
    size_t start;  // row of its first token in the batch
  };
  std::vector<Ordered> ordered;
  size_t start = 0;
  int positions = 0;
  for (const Run& run : runs) {
    const auto count = static_cast<int>(run.tokens.size());
    ordered.push_back({&run, start});
    positions = std::max(positions, run.position + count);
    start += run.tokens.size();
  }
  grow_rotations(positions);
  std::sort(ordered.begin(), ordered.end(), [](const Ordered& a, const Ordered& b) {
    return std::forward_as_tuple(a.run->sequence->pages(), a.start) <
           std::forward_as_tuple(b.run->sequence->pages(), b.start);
  });
  rows_.clear();
  const Run* previous = nullptr;
  for (const Ordered& one : ordered) {
    // Of hidden pages the numbers may be equal by chance, which does no harm: whose window shows
    // the page has its number, and nobody else looks at it.
    for (size_t group = 0; previous && group < pool.groups(); ++group) {
      const auto& a = previous->sequence->pages(group);
      const auto& b = one.run->sequence->pages(group);
      const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
      rows_.back().common[group] = static_cast<int>(end - a.begin());
    }
    const size_t count = one.run->tokens.size();
    for (size_t i = 0; i < count; ++i)
      rows_.push_back({one.run->sequence,
                       one.run->position + static_cast<int>(i),
                       one.run->position + static_cast<int>(sight == Sight::both ? count - 1 : i),
                       one.start + i,
                       {INT_MAX, INT_MAX}});
    previous = one.run;
  }
  cut_rows(sight);
}

// Rows that have a page in common stay together as far as a tile holds them, in even chunks. A tile
// takes one window for all, which is not the same for rows that see what is before them.
void DecoderAttention::cut_rows(Sight sight) {
  const size_t most = sight == Sight::both ? 1 : std::max<size_t>(1, kAttentionTile / group_);
  chunks_.clear();
  for (size_t first = 0; first < rows_.size();) {
    size_t last = first + 1;
    while (last < rows_.size() && rows_[last - 1].common[cache::kFull] > 0) ++last;
    const size_t pieces = (last - first + most - 1) / most;
    for (size_t piece = 0; piece < pieces; ++piece) {
      const size_t from = first + (last - first) * piece / pieces;
      const size_t to = first + (last - first) * (piece + 1) / pieces;
      chunks_.push_back({from, to - from});
    }
    first = last;
  }
}

// The first and the last segment that any row of the chunk sees something of.
std::pair<int, int> DecoderAttention::segments(const Chunk& chunk, int window) const {
  int first = INT_MAX, last = 0;
  for (const Row& row : std::span(rows_).subspan(chunk.first, chunk.count)) {
    const auto [from, to] = seen(row, window);
    first = std::min(first, from);
    last = std::max(last, to);
  }
  return {first / (kPage * kSegmentPages), last / (kPage * kSegmentPages)};
}

void DecoderAttention::store(size_t layer, const LayerWeights& w, float* query, float* key,
                             float* value) {
  const int rotation = config_.layers[layer].rotation;
  const auto [group, place] = places_[layer];
  const size_t head = config_.head_size, page_bytes = pool_->shape().page_bytes(group);
  const auto prepare = [&](float* x, size_t heads, const std::vector<float>& bias,
                           const std::vector<float>& norm, const float* angles) {
    if (!bias.empty()) kernels_.add(x, bias.data(), heads * head);
    for (size_t h = 0; h < heads; ++h) {
      if (config_.query_key_norm != HeadNorm::none)  // without a weight, `norm` is empty
        kernels_.rms_norm(x + h * head, norm.empty() ? nullptr : norm.data(), config_.norm_epsilon,
                          head, x + h * head);
      if (angles)
        kernels_.rotate(x + h * head, angles, angles + head / 2, head / 2,
                        config_.interleaved_rotation);
    }
  };
  threads_.for_ranges(rows_.size(), 4, [&](size_t first, size_t last) {
    for (const Row& row : std::span(rows_).subspan(first, last - first)) {
      float* row_key = key + row.index * config_.kv_heads * head;
      float* row_value = value + row.index * config_.kv_heads * head;
      const float* angles =
          rotation < 0 ? nullptr : cosines(static_cast<size_t>(rotation), row.position);
      if (query)
        prepare(query + row.index * config_.heads * head, config_.heads, w.query_bias, w.query_norm,
                angles);
      prepare(row_key, config_.kv_heads, w.key_bias, w.key_norm, angles);
      if (!w.value_bias.empty())
        kernels_.add(row_value, w.value_bias.data(), config_.kv_heads * head);
      const auto position = static_cast<size_t>(row.position);
      const size_t page = row.sequence->pages(group)[position / kPagePositions] * page_bytes;
      for (size_t h = 0; h < config_.kv_heads; ++h)
        kernels_.store_key_and_value(pool_->shape().type, row_key + h * head, row_value + h * head,
                                     head, position % kPagePositions,
                                     pool_->key_side(place, h, group, stack_) + page,
                                     pool_->value_side(place, h, group, stack_) + page);
    }
  });
}

// The queries of a unit, laid side by side, on their way through the pages.
class DecoderAttention::Walk {
 public:
  Walk(const DecoderAttention& attention, size_t layer, const Unit& unit, const float* query)
      : rows_(std::span(attention.rows_).subspan(unit.chunk.first, unit.chunk.count)),
        heads_(unit.heads),
        group_(attention.places_[layer].group) {
    const DecoderConfig& config = attention.config_;
    const size_t head = config.head_size;
    tile_.head_size = head;
    tile_.type = attention.pool_->shape().type;
    const size_t place = attention.places_[layer].layer;
    tile_.keys = attention.pool_->key_side(place, unit.kv_head, group_, attention.stack_);
    tile_.values = attention.pool_->value_side(place, unit.kv_head, group_, attention.stack_);
    tile_.page_stride = attention.pool_->shape().page_bytes(group_);
    const int window = config.layers[layer].window;
    tile_.scale = config.attention_scale;
    tile_.soft_cap = config.attention_soft_cap;
    attention_kernel_ = attention.kernels_.attention;
    for (size_t r = 0; r < rows_.size(); ++r) {
      std::memcpy(queries_ + r * heads_ * head,
                  query + (rows_[r].index * config.heads + unit.first_head) * head,
                  heads_ * head * sizeof(float));
      const auto [first, last] = seen(rows_[r], window);
      std::fill_n(positions_ + r * heads_, heads_, last);
      // To the kernel, whoever sees what is before him stands at its end.
      if (r == 0) tile_.window = window > 0 ? window + last - rows_[r].position : 0;
    }
  }

  // States of the pages of one segment alone, from nothing.
  void segment(int index, float* states) {
    kernels::clear_states(states, rows_.size() * heads_, tile_.head_size);
    const int first = index * kSegmentPages;
    pages(0, rows_.size(), first, first + kSegmentPages, states);
  }

 private:
  // Takes rows [from, to) through pages [page, end): together as far as all of them have the same
  // ones, then each company that still has.
  void pages(size_t from, size_t to, int page, int end, float* states) {
    int common = end;
    for (size_t r = from; r + 1 < to; ++r) common = std::min(common, rows_[r].common[group_]);
    if (common > page) {
      tile(from, to, page, common, states);
      page = common;
    }
    if (page == end) return;
    for (size_t first = from; first < to;) {
      size_t last = first + 1;
      while (last < to && rows_[last - 1].common[group_] > page) ++last;
      pages(first, last, page, end, states);
      first = last;
    }
  }

  void tile(size_t from, size_t to, int page, int end, float* states) {
    int latest = 0;
    for (size_t r = from; r < to; ++r) latest = std::max(latest, positions_[r * heads_]);
    tile_.first_page = page;
    tile_.last_page = std::min(end, latest / kPage + 1);
    tile_.pages = rows_[from].sequence->pages(group_).data();
    tile_.queries = queries_ + from * heads_ * tile_.head_size;
    tile_.states = states + from * heads_ * state_floats(tile_.head_size);
    tile_.positions = positions_ + from * heads_;
    tile_.count = (to - from) * heads_;
    attention_kernel_(tile_);
  }

  std::span<const Row> rows_;
  size_t heads_;
  size_t group_;  // of pages
  AttentionTile tile_;
  void (*attention_kernel_)(const AttentionTile&);
  alignas(64) float queries_[kAttentionTile * kMaxHead];
  int positions_[kAttentionTile];
};

void DecoderAttention::finish(const Unit& unit, const float* states, size_t row,
                              float* attended) const {
  const size_t head = config_.head_size;
  const size_t index = rows_[unit.chunk.first + row].index;
  kernels_.finish_states(states + row * unit.heads * state_floats(head), unit.heads, head,
                         attended + (index * config_.heads + unit.first_head) * head);
}

// All segments of a unit, one after the other.
void DecoderAttention::attend_whole(Walk& walk, const Unit& unit, float* attended) const {
  alignas(64) float states[kMostStateFloats], part[kMostStateFloats];
  walk.segment(unit.first_segment, states);
  for (int segment = unit.first_segment + 1; segment <= unit.last_segment; ++segment) {
    walk.segment(segment, part);
    kernels_.fold_states(states, part, unit.chunk.count * unit.heads, config_.head_size);
  }
  for (size_t row = 0; row < unit.chunk.count; ++row) finish(unit, states, row, attended);
}

void DecoderAttention::attend(size_t layer, const float* query, float* attended) {
  const size_t head = config_.head_size;
  units_.clear();
  struct Part {
    size_t unit;
    int segment;
  };
  std::vector<Part> parts;
  size_t part_floats = 0;
  for (const Chunk& chunk : chunks_) {
    const auto [first, last] = segments(chunk, config_.layers[layer].window);
    for (size_t h = 0; h < config_.kv_heads; ++h)
      for (size_t g = 0; g < group_; g += kAttentionTile) {  // seldom more than once
        const size_t heads = std::min(group_ - g, kAttentionTile);
        for (int segment = first; segment <= last; ++segment)
          parts.push_back({units_.size(), segment});
        units_.push_back({chunk, h, h * group_ + g, heads, first, last, part_floats});
        part_floats +=
            static_cast<size_t>(last - first + 1) * chunk.count * heads * state_floats(head);
      }
  }
  // About four pieces a thread even out. Cutting segments apart costs a second pass over their
  // states, so it is done only where there are too few units.
  const bool apart = threads_.size() > 1 && parts.size() > units_.size() &&
                     units_.size() < 4 * static_cast<size_t>(threads_.size()) &&
                     part_floats * sizeof(float) <= kMostParts;
  if (!apart) {
    threads_.for_ranges(units_.size(), 1, [&](size_t from, size_t to) {
      for (const Unit& unit : std::span(units_).subspan(from, to - from)) {
        Walk walk(*this, layer, unit, query);
        attend_whole(walk, unit, attended);
      }
    });
    return;
  }
  if (parts_.size() < part_floats) parts_.resize(part_floats);
  const auto states_of = [&](const Unit& unit, int segment) {
    return parts_.data() + unit.parts +
           static_cast<size_t>(segment - unit.first_segment) * unit.chunk.count * unit.heads *
               state_floats(head);
  };
  threads_.for_ranges(parts.size(), 1, [&](size_t from, size_t to) {
    for (const Part& part : std::span(parts).subspan(from, to - from)) {
      const Unit& unit = units_[part.unit];
      Walk(*this, layer, unit, query).segment(part.segment, states_of(unit, part.segment));
    }
  });
  size_t most = 0;
  for (const Unit& unit : units_) most = std::max(most, unit.chunk.count);
  threads_.for_ranges(units_.size() * most, 1, [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      const Unit& unit = units_[i / most];
      const size_t row = i % most, offset = row * unit.heads * state_floats(head);
      if (row >= unit.chunk.count) continue;
      float* states = states_of(unit, unit.first_segment);
      for (int segment = unit.first_segment + 1; segment <= unit.last_segment; ++segment)
        kernels_.fold_states(states + offset, states_of(unit, segment) + offset, unit.heads, head);
      finish(unit, states, row, attended);
    }
  });
}

}  // namespace helicon::models
