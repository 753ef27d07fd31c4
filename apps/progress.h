// How far something long is: a bar on a terminal, lines elsewhere, JSON for programs.
#pragma once

#include <cstddef>
#include <string>

#include "catalog/catalog.h"

namespace helicon::apps {

// On standard error, or as JSON lines on standard output.
class ShownProgress {
 public:
  ShownProgress(std::string name, bool json);
  ~ShownProgress();
  ShownProgress(const ShownProgress&) = delete;
  ShownProgress& operator=(const ShownProgress&) = delete;

  void show(const catalog::Progress& progress);
  // Takes the bar away.
  void end();

 private:
  void draw(const catalog::Progress& progress);
  void tell(const catalog::Progress& progress);

  std::string name_;
  bool json_, draws_;
  bool drawn_ = false;
  int tenth_ = -1;     // the last that was told
  std::string stage_;  // and of what
};

// One line of the bar, `columns` wide at most: name, bar, percentage, bytes, rate, time left.
std::string progress_bar(const std::string& name, const catalog::Progress& progress,
                         size_t columns);

}  // namespace helicon::apps
