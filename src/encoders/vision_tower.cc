#include "encoders/vision_tower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace helicon::encoders {

using kernels::AttentionTile;
using kernels::kAttentionTile;
using kernels::kMaxHead;
using kernels::kPagePositions;
using kernels::Product;
using kernels::state_floats;

namespace {

constexpr size_t kRows = 128;  // that go through the matrices together

size_t pages_of(size_t positions) { return (positions + kPagePositions - 1) / kPagePositions; }

// Which patches see each other in a layer, and where their keys and values lie.
struct Layout {
  std::vector<PatchSegment> segments;
  std::vector<uint32_t> first_page;  // by segment
  std::vector<size_t> slot;          // by patch: page * kPagePositions + position in it
  size_t pages = 0;

  explicit Layout(std::vector<PatchSegment> parts) : segments(std::move(parts)) {
    for (const PatchSegment& segment : segments) {
      first_page.push_back(static_cast<uint32_t>(pages));
      for (size_t i = 0; i < segment.count; ++i) slot.push_back(pages * kPagePositions + i);
      pages += pages_of(segment.count);
    }
  }
};

// A run of queries of one head, against the keys of their segment.
struct Unit {
  size_t segment, head, first, count;
};

}  // namespace

// What is known of one medium on its way.
struct VisionTower::Pass {
  PatchGrid grid;
  std::vector<PatchPlace> order;
  Layout windows, frames;
  std::vector<float> angles;    // [rows + columns][2, head / 4]: cosines and sines of each position
  std::vector<float> residual;  // [patches, hidden]
  std::vector<float> query;     // [patches, hidden]; then what was attended
  std::vector<std::byte> pages;      // of a layer's keys and values
  std::vector<uint32_t> numbers;     // 0, 1, …
  std::vector<float> normed;         // [kRows, widest input]
  std::vector<float> key, value;     // [kRows, hidden]
  std::vector<float> inner, branch;  // [kRows, feed_forward], [kRows, hidden]

  Pass(const PatchGrid& medium, size_t side)
      : grid(medium),
        order(window_order(medium, side)),
        windows(window_segments(medium, side)),
        frames(frame_segments(medium)),
        numbers(std::max(windows.pages, frames.pages)) {
    std::iota(numbers.begin(), numbers.end(), 0u);
  }
};

VisionTower::VisionTower(VisionConfig config, VisionWeights weights,
                         const kernels::KernelTable& kernels, ThreadPool& threads,
                         kernels::KeyValueType type)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      kernels_(kernels),
      threads_(threads),
      type_(type),
      products_(kernels, threads) {}

VisionTower::~VisionTower() = default;

size_t VisionTower::scratch_bytes(size_t patches) const {
  const size_t page = 2 * config_.heads * kernels::side_bytes(type_, config_.head_size());
  // A window's last page may be nearly empty, and the narrowest window has one patch.
  return patches * 2 * config_.hidden * sizeof(float) + pages_of(patches) * 2 * page +
         kRows * (8 * config_.hidden + config_.feed_forward + 2 * config_.adapter) * sizeof(float);
}

Status VisionTower::check(std::span<const float> patches, const PatchGrid& grid) const {
  if (grid.patches() == 0 || grid.height % config_.merge != 0 || grid.width % config_.merge != 0)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} x {} patches cannot be merged {} by {}", grid.height, grid.width,
                             config_.merge, config_.merge)};
  if (patches.size() != grid.patches() * config_.patch_values())
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} numbers are not {} patches of {}", patches.size(), grid.patches(),
                             config_.patch_values())};
  return ok_status();
}

Result<std::vector<float>> VisionTower::encode(std::span<const float> patches,
                                               const PatchGrid& grid,
                                               const EncodeOptions& options) {
  HELICON_TRY(check(patches, grid));
  Pass pass(grid, config_.table);
  embed(patches, pass);
  const size_t page = 2 * config_.heads * kernels::side_bytes(type_, config_.head_size());
  pass.pages.resize(pass.numbers.size() * page);  // zeros: slots without a patch hold numbers, too
  pass.query.resize(grid.patches() * config_.hidden);
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    if (options.stop.stop_requested())
      return Error{ErrorCode::cancelled, "looking at the picture was stopped"};
    prepare_attention(weights_.layers[i], pass, config_.windowed[i]);
    attend(pass, config_.windowed[i]);
    finish_layer(weights_.layers[i], pass);
    if (options.on_progress)
      options.on_progress(static_cast<double>(i + 1) / static_cast<double>(weights_.layers.size()));
  }
  std::vector<float> embeddings = merge(pass);
  if (!weights_.tensors.intact())
    return Error{ErrorCode::io, "the weight file was cut short while it was read"};
  return embeddings;
}

// Patches times their matrix, plus their places in the table, normalised. Positions count from 1,
// and a head's first quarter turns by the column, its second by the row.
void VisionTower::embed(std::span<const float> patches, Pass& pass) {
  const PatchGrid& grid = pass.grid;
  const size_t hidden = config_.hidden, values = config_.patch_values();
  const size_t quarter = config_.head_size() / 4;
  pass.angles.resize((std::max(grid.height, grid.width) + 1) * 2 * quarter);
  for (size_t p = 0; p <= std::max(grid.height, grid.width); ++p)
    for (size_t i = 0; i < quarter; ++i) {
      const double angle = static_cast<float>(p) * config_.frequencies[i];
      pass.angles[p * 2 * quarter + i] = static_cast<float>(std::cos(angle));
      pass.angles[(p * 2 + 1) * quarter + i] = static_cast<float>(std::sin(angle));
    }
  const std::vector<float>& table = weights_.positions;
  // Sides of the grid as the table of positions sees it.
  const size_t tall = config_.transposed_positions ? grid.width : grid.height,
               wide = config_.transposed_positions ? grid.height : grid.width;
  std::vector<TableTaps> rows, columns;
  for (size_t i = 0; i < tall; ++i) rows.push_back(table_taps(i, tall, config_.table));
  for (size_t i = 0; i < wide; ++i) columns.push_back(table_taps(i, wide, config_.table));

  pass.residual.resize(grid.patches() * hidden);
  pass.normed.resize(kRows * std::max({values, hidden, config_.adapter}));
  for (size_t start = 0; start < grid.patches(); start += kRows) {
    const size_t count = std::min(kRows, grid.patches() - start);
    for (size_t i = 0; i < count; ++i) {
      const PatchPlace& at = pass.order[start + i];
      const size_t index = (at.frame * grid.height + at.row) * grid.width + at.column;
      std::memcpy(pass.normed.data() + i * values, patches.data() + index * values,
                  values * sizeof(float));
    }
    float* x = pass.residual.data() + start * hidden;
    const Product in[] = {{&weights_.patches, x}};
    products_.multiply(in, pass.normed.data(), count, values);
    threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) {
        const PatchPlace& at = pass.order[start + i];
        const size_t index = at.row * grid.width + at.column;
        const TableTaps &row = rows[index / wide], &column = columns[index % wide];
        float* y = x + i * hidden;
        for (size_t c = 0; c < hidden; ++c) {
          float sum = 0;
          for (size_t tap = 0; tap < 4; ++tap)
            sum +=
                table[(row.entry[tap / 2] * config_.table + column.entry[tap % 2]) * hidden + c] *
                (row.weight[tap / 2] * column.weight[tap % 2]);
          y[c] += sum;
        }
        kernels_.layer_norm(y, weights_.norm_before.weight.data(), weights_.norm_before.bias.data(),
                            config_.outer_norm_epsilon, hidden, y);
      }
    });
  }
  pass.key.resize(kRows * hidden);
  pass.value.resize(kRows * hidden);
  pass.inner.resize(kRows * std::max(config_.feed_forward, config_.adapter));
  pass.branch.resize(kRows * std::max(hidden, config_.adapter));
}

// Queries of all patches, turned; keys, turned, and values into the layer's pages.
void VisionTower::prepare_attention(const VisionLayer& layer, Pass& pass, bool windowed) {
  const Layout& layout = windowed ? pass.windows : pass.frames;
  const size_t hidden = config_.hidden, head = config_.head_size(), quarter = head / 4;
  const size_t side = kernels::side_bytes(type_, head);
  for (size_t start = 0; start < pass.grid.patches(); start += kRows) {
    const size_t count = std::min(kRows, pass.grid.patches() - start);
    threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i)
        kernels_.layer_norm(pass.residual.data() + (start + i) * hidden,
                            layer.attention_norm.weight.data(), layer.attention_norm.bias.data(),
                            config_.norm_epsilon, hidden, pass.normed.data() + i * hidden);
    });
    float* queries = pass.query.data() + start * hidden;
    const Product in[] = {{&layer.query.matrix, queries},
                          {&layer.key.matrix, pass.key.data()},
                          {&layer.value.matrix, pass.value.data()}};
    products_.multiply(in, pass.normed.data(), count, hidden);
    threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
      std::vector<float> turn(head);  // cosines and sines of the pairs
      for (size_t i = first; i < last; ++i) {
        const PatchPlace& at = pass.order[start + i];
        const float* column = pass.angles.data() + (at.column + 1) * 2 * quarter;
        const float* row = pass.angles.data() + (at.row + 1) * 2 * quarter;
        for (size_t part = 0; part < 2; ++part) {
          std::copy_n(column + part * quarter, quarter, turn.data() + part * head / 2);
          std::copy_n(row + part * quarter, quarter, turn.data() + part * head / 2 + quarter);
        }
        float* query = queries + i * hidden;
        float* key = pass.key.data() + i * hidden;
        float* value = pass.value.data() + i * hidden;
        kernels_.add(query, layer.query.bias.data(), hidden);
        kernels_.add(key, layer.key.bias.data(), hidden);
        kernels_.add(value, layer.value.bias.data(), hidden);
        const size_t slot = layout.slot[start + i];
        std::byte* page = pass.pages.data() + slot / kPagePositions * 2 * config_.heads * side;
        for (size_t h = 0; h < config_.heads; ++h, page += 2 * side) {
          for (float* turned : {query + h * head, key + h * head})
            kernels_.rotate(turned, turn.data(), turn.data() + head / 2, head / 2,
                            config_.interleaved_rotation);
          kernels_.store_key_and_value(type_, key + h * head, value + h * head, head,
                                       slot % kPagePositions, page, page + side);
        }
      }
    });
  }
}

// Each query over all keys of its segment. What is attended takes the query's place.
void VisionTower::attend(Pass& pass, bool windowed) {
  const Layout& layout = windowed ? pass.windows : pass.frames;
  const size_t hidden = config_.hidden, head = config_.head_size();
  const size_t side = kernels::side_bytes(type_, head);
  std::vector<Unit> units;
  for (size_t segment = 0; segment < layout.segments.size(); ++segment)
    for (size_t h = 0; h < config_.heads; ++h)
      for (size_t first = 0; first < layout.segments[segment].count; first += kAttentionTile)
        units.push_back(
            {segment, h, first, std::min(kAttentionTile, layout.segments[segment].count - first)});
  threads_.for_ranges(units.size(), 1, [&](size_t from, size_t to) {
    alignas(64) float queries[kAttentionTile * kMaxHead];
    alignas(64) float states[kAttentionTile * state_floats(kMaxHead)];
    int positions[kAttentionTile];
    for (const Unit& unit : std::span(units).subspan(from, to - from)) {
      const PatchSegment& segment = layout.segments[unit.segment];
      float* at = pass.query.data() + (segment.first + unit.first) * hidden + unit.head * head;
      for (size_t q = 0; q < unit.count; ++q)
        std::memcpy(queries + q * head, at + q * hidden, head * sizeof(float));
      // To see every key of the segment is to stand at its last.
      std::fill_n(positions, unit.count, static_cast<int>(segment.count) - 1);
      kernels::clear_states(states, unit.count, head);
      AttentionTile tile{};
      tile.queries = queries;
      tile.states = states;
      tile.positions = positions;
      tile.count = unit.count;
      tile.head_size = head;
      tile.type = type_;
      tile.pages = pass.numbers.data() + layout.first_page[unit.segment];
      tile.keys = pass.pages.data() + 2 * unit.head * side;
      tile.values = tile.keys + side;
      tile.page_stride = 2 * config_.heads * side;
      tile.last_page = static_cast<int>(pages_of(segment.count));
      tile.scale = 1.0f / std::sqrt(static_cast<float>(head));
      kernels_.attention(tile);
      kernels_.finish_states(states, unit.count, head, queries);
      for (size_t q = 0; q < unit.count; ++q)
        std::memcpy(at + q * hidden, queries + q * head, head * sizeof(float));
    }
  });
}

// The attention's output matrix and the feed-forward, each added to the residual.
void VisionTower::finish_layer(const VisionLayer& layer, Pass& pass) {
  const size_t hidden = config_.hidden, inner = config_.feed_forward;
  for (size_t start = 0; start < pass.grid.patches(); start += kRows) {
    const size_t count = std::min(kRows, pass.grid.patches() - start);
    float* residual = pass.residual.data() + start * hidden;
    const Product out[] = {{&layer.output.matrix, pass.branch.data()}};
    products_.multiply(out, pass.query.data() + start * hidden, count, hidden);
    threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) {
        float* x = residual + i * hidden;
        kernels_.add(x, pass.branch.data() + i * hidden, hidden);
        kernels_.add(x, layer.output.bias.data(), hidden);
        kernels_.layer_norm(x, layer.feed_forward_norm.weight.data(),
                            layer.feed_forward_norm.bias.data(), config_.norm_epsilon, hidden,
                            pass.normed.data() + i * hidden);
      }
    });
    const Product up[] = {{&layer.up.matrix, pass.inner.data()}};
    products_.multiply(up, pass.normed.data(), count, hidden);
    threads_.for_ranges(count, 4, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i)
        kernels_.biased_gelu(pass.inner.data() + i * inner, layer.up.bias.data(), inner);
    });
    const Product down[] = {{&layer.down.matrix, pass.branch.data()}};
    products_.multiply(down, pass.inner.data(), count, inner);
    threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) {
        kernels_.add(residual + i * hidden, pass.branch.data() + i * hidden, hidden);
        kernels_.add(residual + i * hidden, layer.down.bias.data(), hidden);
      }
    });
  }
}

// Neighbours side by side, channel by channel, then the adapter and the norm that token
// embeddings have, too.
std::vector<float> VisionTower::merge(Pass& pass) {
  const PatchGrid& grid = pass.grid;
  const size_t hidden = config_.hidden, merge = config_.merge, merged = hidden * merge * merge;
  std::vector<size_t> row_of(grid.patches());  // of each patch, in the order of the grid
  for (size_t i = 0; i < pass.order.size(); ++i) {
    const PatchPlace& at = pass.order[i];
    row_of[(at.frame * grid.height + at.row) * grid.width + at.column] = i;
  }
  const size_t across = grid.width / merge, down = grid.height / merge;
  const size_t count_all = grid.embeddings(config_);
  std::vector<float> embeddings(count_all * config_.output), joined(kRows * merged);
  for (size_t start = 0; start < count_all; start += kRows) {
    const size_t count = std::min(kRows, count_all - start);
    threads_.for_ranges(count, 4, [&](size_t first, size_t last) {
      std::vector<float> normed(hidden);
      for (size_t i = first; i < last; ++i) {
        const size_t index = start + i, frame = index / (across * down);
        const size_t top = index / across % down * merge, left = index % across * merge;
        for (size_t part = 0; part < merge * merge; ++part) {
          const size_t patch =
              (frame * grid.height + top + part / merge) * grid.width + left + part % merge;
          kernels_.layer_norm(pass.residual.data() + row_of[patch] * hidden,
                              weights_.norm_after.weight.data(), weights_.norm_after.bias.data(),
                              config_.outer_norm_epsilon, hidden, normed.data());
          for (size_t c = 0; c < hidden; ++c)
            joined[i * merged + c * merge * merge + part] = normed[c];
        }
      }
    });
    const auto activate = [&](std::vector<float>& rows) {
      threads_.for_ranges(count, 8, [&](size_t first, size_t last) {
        for (size_t i = first; i < last; ++i)
          kernels_.biased_gelu(rows.data() + i * config_.adapter, nullptr, config_.adapter);
      });
    };
    float* target = embeddings.data() + start * config_.output;
    const Product in[] = {{&weights_.adapter_in, pass.inner.data()}};
    products_.multiply(in, joined.data(), count, merged);
    activate(pass.inner);
    const Product out[] = {{&weights_.adapter_out, pass.branch.data()}};
    products_.multiply(out, pass.inner.data(), count, config_.adapter);
    activate(pass.branch);
    const Product projection[] = {{&weights_.projection, target}};
    products_.multiply(projection, pass.branch.data(), count, config_.adapter);
    for (size_t i = 0; i < count; ++i)
      kernels_.rms_norm(target + i * config_.output, nullptr, config_.output_epsilon,
                        config_.output, target + i * config_.output);
  }
  return embeddings;
}

}  // namespace helicon::encoders
