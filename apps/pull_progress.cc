#include "pull_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <stop_token>

#include "interrupt.h"
#include "model_argument.h"
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

// Redraws one line of a terminal in place.
class Bar {
 public:
  explicit Bar(const std::string& name) : name_(name) {}
  ~Bar() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }
  void show(const catalog::Progress& progress) {
    // One column stays free: a full line makes some terminals scroll.
    fmt::print(stderr, "\r{}\x1b[K", progress_bar(name_, progress, terminal_columns() - 1));
    std::fflush(stderr);
    drawn_ = true;
  }

 private:
  std::string name_;
  bool drawn_ = false;
};

// A line for every new stage and every tenth: a log file is no place for a bar.
class Lines {
 public:
  Lines(const std::string& name, bool json) : name_(name), json_(json) {}
  void show(const catalog::Progress& progress) {
    const int tenth = static_cast<int>(fraction_of(progress) * 10);
    if (tenth == tenth_ && progress.stage == stage_) return;
    tenth_ = tenth;
    stage_ = progress.stage;
    if (json_) {
      const boost::json::object line = {
          {"model", name_}, {"stage", stage_}, {"done", progress.done}, {"total", progress.total}};
      // Whoever reads this may stop reading; the pull goes on.
      (void)print(boost::json::serialize(line) + "\n");
    } else {
      note(fmt::format("{}: {}, {:.0f} % of {}", name_, stage_, fraction_of(progress) * 100,
                       readable_bytes(static_cast<double>(progress.total))));
    }
  }

 private:
  std::string name_;
  bool json_;
  int tenth_ = -1;
  std::string stage_;
};

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

Result<std::filesystem::path> pull_with_progress(const catalog::Catalog& catalog,
                                                 const std::string& name, bool json,
                                                 catalog::Verify verify) {
  std::stop_source stop;
  const OnInterrupt interrupt([&stop] { stop.request_stop(); });
  Bar bar(name);
  Lines lines(name, json);
  const bool draws = !json && ::isatty(STDERR_FILENO) == 1;
  auto path = catalog.pull(
      name,
      [&](const catalog::Progress& progress) { draws ? bar.show(progress) : lines.show(progress); },
      stop.get_token(), verify);
  if (path.ok() || path.error().code != ErrorCode::cancelled) return path;
  // Of a package, only whole parts are kept: less than the bar has shown.
  const uint64_t kept = partial_bytes(catalog, name);
  return Error{ErrorCode::cancelled,
               kept == 0 ? fmt::format("{}: stopped; nothing is kept yet", name)
                         : fmt::format("{}: stopped; {} are kept, and `helicon pull {}` goes on "
                                       "from there",
                                       name, readable_bytes(static_cast<double>(kept)), name)};
}

}  // namespace helicon::apps
