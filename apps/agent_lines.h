// Agents at work, as lines on the terminal: one for each, drawn over while it writes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "chat/event.h"

namespace helicon::apps {

// The lines as text, for any width; what draws them is below.
class AgentTable {
 public:
  void hear(const chat::Progress& progress);
  // At most `width` characters each. After the lines of the agents one with the agreement, if any.
  std::vector<std::string> lines(size_t width) const;
  bool empty() const { return agents_.empty(); }

 private:
  struct Agent {
    int round = 0;
    int number = 0;
    std::string angle;
    std::string text;
    std::string state;  // once it is done
    int pieces = 0;     // of text that have come, about a token each
  };
  Agent* find(const chat::Progress& progress);

  int round_ = 0;
  std::vector<Agent> agents_;  // of this round, and of those before who still write
  std::string agreement_;
};

// Draws them on standard error where that is a terminal, and reasoning in grey; elsewhere nothing.
class AgentLines {
 public:
  AgentLines();
  void hear(const chat::Event& event);

 private:
  void draw();

  const bool shown_;
  AgentTable table_;
  size_t drawn_ = 0;  // lines that the next drawing goes over
  std::chrono::steady_clock::time_point last_{};
  bool reasoning_ = false;
};

}  // namespace helicon::apps
