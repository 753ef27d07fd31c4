#include "backends/media_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace helicon::backends {
namespace {

struct Marks {
  const char *begin, *between, *end;
};
// By MediumKind.
constexpr Marks kMarks[] = {
    {"<|image_start|>", "", "<|image_end|>"},
    {"<|vid_start|>", "<|vid_frame_separator|>", "<|vid_end|>"},
    {"<|soft_audio_start|>", "", "<|soft_audio_end|>"},
};

const Marks& marks_of(const PromptMedium& medium) {
  return kMarks[static_cast<size_t>(medium.kind)];
}

std::string repeated(std::string_view text, size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string spelled(const PromptMedium& medium) {
  const Marks& marks = marks_of(medium);
  const std::vector<double>& seconds = medium.encoded.seconds;
  std::string text = marks.begin;
  if (seconds.empty()) text += repeated(medium.placeholder, medium.encoded.rows->count());
  for (size_t group = 0; group < seconds.size(); ++group) {
    if (group > 0) text += marks.between;
    text += fmt::format("Time: {:.1f}s", seconds[group]);
    text += repeated(medium.placeholder, medium.encoded.rows->count() / seconds.size());
  }
  return text + marks.end;
}

}  // namespace

Result<std::string> spell_out(std::string_view prompt, std::span<const PromptMedium> media) {
  std::map<std::string_view, std::deque<const PromptMedium*>> left;  // by placeholder
  for (const PromptMedium& medium : media) left[medium.placeholder].push_back(&medium);
  std::string text;
  while (true) {
    size_t at = std::string_view::npos;
    auto next = left.end();
    for (auto it = left.begin(); it != left.end(); ++it) {
      const size_t found = prompt.find(it->first);
      if (found < at) at = found, next = it;
    }
    text += prompt.substr(0, at);
    if (next == left.end()) break;
    if (next->second.empty())
      return Error{ErrorCode::invalid_argument,
                   fmt::format("a text has {} in it, which stands for a medium that is not there",
                               next->first),
                   "messages"};
    text += spelled(*next->second.front());
    next->second.pop_front();
    prompt.remove_prefix(at + next->first.size());
  }
  for (const auto& [placeholder, unplaced] : left)
    if (!unplaced.empty())
      return Error{ErrorCode::unsupported,
                   fmt::format("its chat template has no place for a {}",
                               chat::to_string(unplaced.front()->kind)),
                   "messages"};
  return text;
}

Status number_rows(std::span<const PromptMedium> media, std::vector<text::TokenId>& tokens) {
  std::map<text::TokenId, std::vector<int32_t>> numbers;  // by stand-in
  for (const PromptMedium& medium : media)
    for (size_t i = 0; i < medium.encoded.rows->count(); ++i)
      numbers[medium.token].push_back(medium.encoded.rows->first + static_cast<int32_t>(i));
  for (const auto& [token, rows] : numbers) {
    size_t next = 0;
    for (text::TokenId& place : tokens)
      if (place == token && next++ < rows.size()) place = rows[next - 1];
    if (next != rows.size())
      return Error{ErrorCode::internal,
                   fmt::format("{} tokens stand for {} rows of pictures, films or sounds", next,
                               rows.size()),
                   "messages"};
  }
  return ok_status();
}

}  // namespace helicon::backends
