#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "output.h"

namespace helicon::apps {
namespace {

double fraction_of(const catalog::Progress& progress) {
  if (progress.total == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
}

size_t terminal_columns() {
  winsize size = {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string readable_seconds(double seconds) {
  const auto whole = static_cast<int64_t>(std::min(std::ceil(seconds), 359999.0));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string progress_bar(const std::string& name, const catalog::Progress& progress,
                         size_t columns) {
  const double fraction = fraction_of(progress);
  std::string figures = fmt::format(" {:3.0f} %  {} of {}", std::floor(fraction * 100),
                                    readable_bytes(static_cast<double>(progress.done)),
                                    readable_bytes(static_cast<double>(progress.total)));
  if (progress.rate > 0) {
    const double left =
        static_cast<double>(progress.total - std::min(progress.done, progress.total));
    figures += fmt::format("  {}/s  {} left", readable_bytes(progress.rate),
                           readable_seconds(left / progress.rate));
  } else if (!progress.stage.empty()) {
    figures += fmt::format("  {}", progress.stage);
  }
  const size_t used = name.size() + 1 + figures.size();
  if (used + 4 > columns) return (name + figures).substr(0, columns);
  const size_t width = std::min<size_t>(columns - used, 40);
  const auto filled = static_cast<size_t>(fraction * static_cast<double>(width));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return name + " " + bar + figures;
}

ShownProgress::ShownProgress(std::string name, bool json)
    : name_(std::move(name)), json_(json), draws_(!json && ::isatty(STDERR_FILENO) == 1) {}

ShownProgress::~ShownProgress() { end(); }

void ShownProgress::end() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void ShownProgress::show(const catalog::Progress& progress) {
  draws_ ? draw(progress) : tell(progress);
}

void ShownProgress::draw(const catalog::Progress& progress) {
  // One column stays free: a full line makes some terminals scroll.
  fmt::print(stderr, "\r{}\x1b[K", progress_bar(name_, progress, terminal_columns() - 1));
  std::fflush(stderr);
  drawn_ = true;
}

// A line for every new stage and every tenth: a log file is no place for a bar.
void ShownProgress::tell(const catalog::Progress& progress) {
  const int tenth = static_cast<int>(fraction_of(progress) * 10);
  if (tenth == tenth_ && progress.stage == stage_) return;
  tenth_ = tenth;
  stage_ = progress.stage;
  if (json_) {
    const boost::json::object line = {
        {"model", name_}, {"stage", stage_}, {"done", progress.done}, {"total", progress.total}};
    // Whoever reads this may stop reading; the work goes on.
    (void)print(boost::json::serialize(line) + "\n");
  } else {
    note(fmt::format("{}: {}, {:.0f} % of {}", name_, stage_, fraction_of(progress) * 100,
                     readable_bytes(static_cast<double>(progress.total))));
  }
}

}  // namespace helicon::apps
