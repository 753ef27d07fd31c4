#include "agent_lines.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "output.h"

namespace helicon::apps {
namespace {

using chat::Progress;

constexpr size_t kTail = 400;  // bytes of an agent's text that are kept for its line
constexpr auto kBetweenDrawings = std::chrono::milliseconds(80);

size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

// The first, or the last, so many characters of valid UTF-8.
std::string first_characters(const std::string& text, size_t count) {
  size_t end = 0;
  while (end < text.size() && (count > 0 || !starts_character(text[end]))) {
    count -= starts_character(text[end]);
    ++end;
  }
  return text.substr(0, end);
}
std::string last_characters(const std::string& text, size_t count) {
  size_t begin = text.size();
  while (begin > 0 && count > 0) {
    --begin;
    count -= starts_character(text[begin]);
  }
  return text.substr(begin);
}

std::string state_of(const Progress& progress) {
  const std::string check = progress.check == Progress::Check::passed   ? ", checked"
                            : progress.check == Progress::Check::failed ? ", check failed"
                                                                        : "";
  switch (progress.outcome) {
    case Progress::Outcome::answered:
      return (progress.result.empty() ? "done" : progress.result) + check;
    case Progress::Outcome::no_result:
      return "no result" + check;
    case Progress::Outcome::stopped:
      return "not waited for";
    case Progress::Outcome::failed:
      return "failed";
  }
  return {};
}

void write_all(const std::string& text) {
  static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace

AgentTable::Agent* AgentTable::find(const Progress& progress) {
  for (Agent& agent : agents_)
    if (agent.round == progress.round && agent.number == progress.agent) return &agent;
  return nullptr;
}

void AgentTable::hear(const Progress& progress) {
  switch (progress.kind) {
    case Progress::Kind::round:
      round_ = progress.round;
      // Whoever still writes does so beside the new round.
      std::erase_if(agents_, [](const Agent& agent) { return !agent.state.empty(); });
      return;
    case Progress::Kind::agent_started:
      agents_.push_back({progress.round, progress.agent, progress.angle, {}, {}, 0});
      return;
    case Progress::Kind::agreement:
      agreement_ = fmt::format("{} of {} agree on {}", progress.agreed, progress.answered,
                               printable(progress.result, true));
      return;
    case Progress::Kind::agent_wrote:
      if (Agent* agent = find(progress)) {
        agent->text += progress.text;
        if (agent->text.size() > 2 * kTail) agent->text = last_characters(agent->text, kTail);
        ++agent->pieces;
      }
      return;
    case Progress::Kind::agent_finished:
      if (Agent* agent = find(progress)) {
        agent->state = state_of(progress);
        agent->pieces = progress.tokens;
      }
      return;
    case Progress::Kind::agent_checked:
    case Progress::Kind::aggregating:
    case Progress::Kind::count:
      return;
  }
}

std::vector<std::string> AgentTable::lines(size_t width) const {
  std::vector<std::string> lines;
  for (const Agent& agent : agents_) {
    std::string line = fmt::format("{:>2} {:<26} {:>5} ", agent.number + 1,
                                   first_characters(agent.angle, 26), agent.pieces);
    const size_t room = width > line.size() ? width - line.size() : 0;
    line += agent.state.empty() ? last_characters(printable(agent.text, true), room)
                                : printable(agent.state, true);
    lines.push_back(first_characters(line, width));
  }
  if (!agreement_.empty())
    lines.push_back(first_characters(fmt::format("   round {}: {}", round_, agreement_), width));
  return lines;
}

AgentLines::AgentLines() : shown_(isatty(STDERR_FILENO) == 1) {}

void AgentLines::hear(const chat::Event& event) {
  if (!shown_) return;
  if (!event.reasoning.empty()) {
    write_all("\x1b[2m" + printable(event.reasoning) + "\x1b[0m");
    reasoning_ = true;
  }
  if (reasoning_ && !event.text.empty()) {
    write_all("\n\n");
    reasoning_ = false;
  }
  if (!event.progress) return;
  if (event.progress->kind == Progress::Kind::round) drawn_ = 0;  // the last round's lines stay
  table_.hear(*event.progress);
  const auto now = std::chrono::steady_clock::now();
  const bool wrote = event.progress->kind == Progress::Kind::agent_wrote;
  if (wrote && now - last_ < kBetweenDrawings) return;
  last_ = now;
  draw();
}

void AgentLines::draw() {
  const std::vector<std::string> lines = table_.lines(terminal_width() - 1);
  std::string text = drawn_ > 0 ? fmt::format("\x1b[{}A", drawn_) : "";
  for (const std::string& line : lines) text += "\r\x1b[K" + line + "\n";
  drawn_ = lines.size();
  write_all(text);
}

}  // namespace helicon::apps
