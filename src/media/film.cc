#include "media/film.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_members.h"
#include "media/pixmap_reader.h"
#include "media/resize.h"

namespace helicon::media {
namespace {

namespace json = boost::json;

constexpr size_t kMostFacts = size_t{64} << 10;  // bytes of ffprobe's answer

struct Facts {
  size_t frames = 0;
  double frames_per_second = 0;
};

// "30000/1001"; 0 for what is none.
double ratio_of(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return 0;
  const auto number = [](std::string_view digits) {
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const double over = number(text.substr(0, slash)), under = number(text.substr(slash + 1));
  return under > 0 && over > 0 ? over / under : 0;
}

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what), {}}; }

Result<Facts> ask_facts(const Ffmpeg& ffmpeg, int file, const std::stop_token& stop) {
  const std::string words[] = {"-v",
                               "error",
                               "-select_streams",
                               "v:0",
                               "-count_packets",
                               "-show_entries",
                               "stream=avg_frame_rate,nb_read_packets",
                               "-of",
                               "json",
                               std::string(Ffmpeg::kMedium)};
  std::string answer;
  HELICON_TRY(ffmpeg.run({.program = "ffprobe",
                          .arguments = words,
                          .file = file,
                          .on_output =
                              [&](std::string_view text) {
                                answer += text;
                                return answer.size() <= kMostFacts;
                              },
                          .stop = stop}));
  boost::system::error_code failure;
  const json::value value = json::parse(answer, failure);
  const json::object* object = failure ? nullptr : value.if_object();
  const json::value* streams = object ? object->if_contains("streams") : nullptr;
  if (!streams || !streams->is_array()) return corrupt("ffprobe did not say what is in it");
  if (streams->as_array().empty())
    return Error{ErrorCode::unsupported, "it has no pictures: no track of video", {}};
  const json::object* stream = streams->as_array()[0].if_object();
  Facts facts;
  facts.frames_per_second = ratio_of(string_in(stream, "avg_frame_rate"));
  const std::string_view frames = string_in(stream, "nb_read_packets");
  std::from_chars(frames.data(), frames.data() + frames.size(), facts.frames);
  if (facts.frames == 0) return corrupt("it has no frames");
  // As the reference where a film does not tell.
  if (facts.frames_per_second == 0) facts.frames_per_second = 24;
  return facts;
}

// Exactly these frames, whatever the times that they are marked with.
std::vector<std::string> words_for(std::span<const size_t> frames) {
  std::string choice;
  for (const size_t frame : frames)
    choice += fmt::format("{}eq(n\\,{})", choice.empty() ? "" : "+", frame);
  return {"-vf",         "select=" + choice, "-fps_mode",
          "passthrough", "-frames:v",        fmt::to_string(frames.size())};
}

}  // namespace

std::vector<size_t> choose_frames(size_t frames, double frames_per_second, const FilmRules& rules) {
  const size_t group = rules.pictures.frames;
  const double wanted = static_cast<double>(frames) * rules.frames_per_second / frames_per_second;
  size_t count = std::min({static_cast<size_t>(std::min(wanted, 1e15)), rules.most_frames, frames});
  count = std::min(std::max(group, count / group * group), frames);
  std::vector<size_t> chosen(count);
  // torch.linspace(0, frames - 1, count) on processors with FMA: its second half is counted from
  // the end, and rounded once (ATen/native/cpu/RangeFactoriesKernel.cpp).
  const auto last = static_cast<float>(frames - 1);
  const float step = count > 1 ? last / static_cast<float>(count - 1) : 0.0f;
  for (size_t i = 0; i < count; ++i)
    chosen[i] = static_cast<size_t>(i < count / 2
                                        ? step * static_cast<float>(i)
                                        : std::fma(-step, static_cast<float>(count - i - 1), last));
  if (count == 1) chosen[0] = 0;
  return chosen;
}

Result<FilmPatches> decode_film(const Ffmpeg& ffmpeg, int file, const FilmRules& rules,
                                const std::stop_token& stop) {
  HELICON_ASSIGN(const Facts facts, ask_facts(ffmpeg, file, stop));
  std::vector<size_t> chosen = choose_frames(facts.frames, facts.frames_per_second, rules);
  FilmPatches film;
  std::vector<Picture> frames;  // as large as the grid
  const auto take = [&](const Picture& frame) {
    if (frames.empty()) film.grid = choose_grid(frame.width, frame.height, rules.pictures);
    frames.push_back(resize_lanczos(frame, film.grid.width * rules.pictures.patch,
                                    film.grid.height * rules.pictures.patch));
    return frames.size() < chosen.size();
  };
  HELICON_TRY(read_pixmaps(ffmpeg, file, words_for(chosen), take, stop));
  // Films may be shorter than they say.
  if (frames.empty()) return corrupt("none of its frames can be decoded");
  chosen.resize(frames.size());
  const size_t group = rules.pictures.frames;
  for (size_t first = 0; first < frames.size(); first += group) {
    std::vector<const Picture*> pictures;
    for (size_t i = 0; i < group; ++i)
      pictures.push_back(&frames[std::min(first + i, frames.size() - 1)]);
    add_patches(pictures, rules.pictures, film.values);
    film.seconds.push_back(static_cast<double>(chosen[first]) / facts.frames_per_second);
  }
  return film;
}

}  // namespace helicon::media
