// What Contemplating makes of its agents' work: digests, and the answer.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "agents/arithmetic.h"
#include "agents/contemplating.h"

namespace helicon::agents {
namespace {

using chat::Progress;
using prompts::Task;

constexpr size_t kEnding = 160;  // bytes of one solution in a digest

// The beginning of a text up to a whole character, and dots where something is left out.
std::string excerpt(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + " ...";
}

// The same of its end, where a solution comes to its result.
std::string ending(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  size_t begin = text.size() - most;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) ++begin;
  return "... " + std::string(text.substr(begin));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result(text);
  for (size_t at = 0; (at = result.find(what, at)) != std::string::npos; at += by.size())
    result.replace(at, what.size(), by);
  return result;
}

}  // namespace

std::optional<Error> Contemplation::failure() const {
  for (const Attempt& attempt : attempts_)
    if (attempt.outcome != Outcome::failed) return std::nullopt;
  return attempts_.front().error.value_or(Error{ErrorCode::internal, "the model failed", {}});
}

std::string Contemplation::missing() const {
  int began = 0, failed = 0;
  for (const Attempt& attempt : attempts_) {
    if (attempt.round > 1) continue;
    ++began;
    failed += attempt.outcome == Outcome::failed;
  }
  failed += work_.options.agents - began;
  std::string text;
  if (failed > 0) text += fmt::format(" {} of {} agents failed.", failed, work_.options.agents);
  if (least_budget_ < budget_of(work_.options))
    text += fmt::format(" The context left each {} tokens, not {}.", least_budget_,
                        budget_of(work_.options));
  return text;
}

// The results that compete, each with its support and its shortest reasoning; of code what fails.
std::string Contemplation::digest() const {
  if (kind_ == QuestionKind::code) {
    const Attempt* best = best_code();
    return fmt::format("```python\n{}\n```\n\nIt fails:\n{}", code_of(best->text),
                       best->report.failure);
  }
  std::string text;
  std::vector<Tally::Standing> standings = tally_.standings();
  if (standings.size() > 3) standings.resize(3);
  for (const Tally::Standing& standing : standings) {
    const Attempt* shortest = nullptr;
    for (const Attempt& attempt : attempts_)
      if (attempt.result == standing.result &&
          (!shortest || attempt.solution().size() < shortest->solution().size()))
        shortest = &attempt;
    text += fmt::format("{}Result {} ({} of {} experts):\n{}", text.empty() ? "" : "\n\n",
                        standing.result, standing.votes, tally_.votes(),
                        ending(shortest->solution(), kEnding));
  }
  return text;
}

const Attempt* Contemplation::best_code() const {
  std::vector<double> belief(tests_.size(), 0);
  double codes = 0;
  for (const Attempt& attempt : attempts_) {
    if (!attempt.report.loaded) continue;
    ++codes;
    for (size_t i = 0; i < std::min(belief.size(), attempt.report.tests.size()); ++i)
      belief[i] += attempt.report.tests[i];
  }
  const auto rank = [&](const Attempt& attempt) {
    double passed = 0;
    for (size_t i = 0; i < std::min(belief.size(), attempt.report.tests.size()); ++i)
      if (attempt.report.tests[i]) passed += belief[i] / codes;
    return std::tuple(attempt.report.loaded, attempt.report.passed, passed);
  };
  const Attempt* best = nullptr;
  for (const Attempt& attempt : attempts_)
    if (attempt.outcome == Outcome::answered && attempt.angle.task != Task::tests &&
        (!best || rank(attempt) > rank(*best)))
      best = &attempt;
  return best;
}

void Contemplation::answer() {
  if (const std::optional<Error> error = failure())
    return work_.finish(chat::FinishReason::error, error);
  Progress aggregating;
  aggregating.kind = Progress::Kind::aggregating;
  aggregating.round = round_;
  work_.report(aggregating);
  const std::vector<Tally::Standing> standings = tally_.standings();
  if (!standings.empty()) return answer_with(standings.front());
  if (kind_ == QuestionKind::code) {
    if (const Attempt* best = best_code(); best && !best->cut) {
      const auto count = [&](auto&& counts) {
        return std::count_if(attempts_.begin(), attempts_.end(), counts);
      };
      const auto passing =
          count([](const Attempt& one) { return one.check == Progress::Check::passed; });
      const auto codes = count([](const Attempt& one) { return one.angle.task != Task::tests; });
      const size_t examples = best->report.examples;
      const std::string against =
          examples > 0 ? fmt::format("{} of {} solutions pass the question's {} example{}", passing,
                                     codes, examples, examples == 1 ? "" : "s")
                       : fmt::format("The question has no examples, and {} of {} solutions load",
                                     passing, codes);
      const std::string statement =
          programs_
              ? fmt::format("{}; of {} tests that agents wrote, this one passes {}.", against,
                            tests_.size(),
                            std::count(best->report.tests.begin(), best->report.tests.end(), true))
              : "Nothing was run.";
      return answer_with(*best, statement + missing());
    }
  }
  aggregate();
}

// The clearest solution that gives this result is the answer; where only programs do, the model
// explains what they found.
void Contemplation::answer_with(const Tally::Standing& standing) {
  const std::string rounds = fmt::format("after {} round{}", round_, round_ == 1 ? "" : "s");
  const std::string statement =
      (tally_.decided() ? fmt::format("{} of {} solutions agree on {}, {}.", standing.votes,
                                      tally_.votes(), standing.result, rounds)
                        : fmt::format("Not enough agree, {}: {} of {} solutions say {}, which is "
                                      "supported best.",
                                      rounds, standing.votes, tally_.votes(), standing.result)) +
      missing();
  const Attempt* best = nullptr;
  for (const Attempt& attempt : attempts_)
    if (attempt.result == standing.result && attempt.angle.task != Task::program && !attempt.cut &&
        attempt.check != Progress::Check::failed && (!best || attempt.weight > best->weight))
      best = &attempt;
  if (best) return answer_with(*best, statement);
  work_.say(statement, {});
  const auto bare = [&] {
    work_.say({}, before_stop(fmt::format("Answer: {}", standing.result)));
    work_.finish(chat::FinishReason::stop);
  };
  // It is short, or it goes round in circles.
  const int bound = work_.request.max_tokens;
  const int budget = budget_of(work_.options);
  const bool ours = bound <= 0 || budget < bound;
  const std::optional<Said> said = stream_answer(
      instructed(work_.request, replaced(prompts::kExplain, "{result}", standing.result)),
      ours ? budget : bound, bare);
  if (!said) return;
  // What was found stands, whatever the explanation ends with, unless the client ended it: by its
  // bound or, for all that is known, by one of its stop strings.
  const bool cut = said->finish == chat::FinishReason::length;
  const bool ended = (cut && !ours) || !work_.request.stop.empty();
  if (!ended && (cut || result_of(kind_, said->text) != standing.result))
    work_.say({}, fmt::format("\n\nAnswer: {}", standing.result));
  work_.finish(cut && ours ? chat::FinishReason::stop : said->finish);
}

void Contemplation::answer_with(const Attempt& best, const std::string& statement) {
  work_.usage.reasoning_tokens = work_.usage.completion_tokens - best.tokens();
  if (!statement.empty()) work_.say(statement, {});
  // The client's stop strings are about the answer, which this was not yet when it was written.
  const std::string text = before_stop(best.solution());
  const bool whole = text.size() == best.solution().size();
  work_.say({}, text);
  work_.finish(whole && best.finish == chat::FinishReason::length ? chat::FinishReason::length
                                                                  : chat::FinishReason::stop);
}

std::string Contemplation::before_stop(std::string text) const {
  size_t end = text.size();
  for (const std::string& stop : work_.request.stop) end = std::min(end, text.find(stop));
  text.resize(end);
  return text;
}

// Drafts that cannot be compared: the model reads them all, as far as its context goes.
void Contemplation::aggregate() {
  std::vector<const Attempt*> drafts;
  for (const Attempt& attempt : attempts_)
    if (!attempt.text.empty() && attempt.outcome != Outcome::failed) drafts.push_back(&attempt);
  if (drafts.empty()) {  // as a single run that ends at once
    work_.say("No agent wrote anything." + missing(), {});
    return work_.finish(chat::FinishReason::stop);
  }
  const char* were = drafts.size() == 1 ? " was" : "s were";
  work_.say(fmt::format("{} draft{} read.{}", drafts.size(), were, missing()), {});
  // Four bytes a token is usual; half of the context is for question and answer.
  const int context = work_.model->info().context_length;
  const size_t room = context > 0 ? static_cast<size_t>(context) * 2 : 16'384;
  std::string digest;
  for (const Attempt* draft : drafts)
    digest += fmt::format("Draft {}:\n{}\n\n", draft->agent + 1,
                          excerpt(draft->text, room / drafts.size()));
  const Attempt* whole = *std::min_element(drafts.begin(), drafts.end(),
                                           [](auto a, auto b) { return a->cut < b->cut; });
  const std::optional<Said> said =
      stream_answer(instructed(work_.request, fmt::format("{}{}", digest, prompts::kAggregate)),
                    work_.request.max_tokens, [&] { answer_with(*whole, {}); });
  if (said) work_.finish(said->finish);
}

std::optional<Said> Contemplation::stream_answer(backends::ChatRequest request, int most,
                                                 const std::function<void()>& otherwise) {
  const int before = work_.usage.completion_tokens;
  auto asked = work_.ask_to_answer(std::move(request), most);
  Said said;
  if (asked.ok()) {
    said = hear(work_, *asked, As::answer);
  } else {
    said.error = asked.error();
  }
  // What the agents found is not lost with the one who was to put it into words.
  if (said.error && !said.cancelled && said.text.empty()) {
    work_.say(fmt::format(" The last step failed: {}.", said.error->message), {});
    otherwise();
    return std::nullopt;
  }
  work_.usage.reasoning_tokens = before;
  if (said.cancelled) {
    work_.finish(chat::FinishReason::cancelled);
  } else if (said.error) {
    work_.finish(chat::FinishReason::error, said.error);
  } else {
    return said;
  }
  return std::nullopt;
}

}  // namespace helicon::agents
