#include "agents/thinking.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agents/prompts.h"

namespace helicon::agents {
namespace {

chat::Message message(std::string role, std::string_view content) {
  chat::Message result;
  result.role = std::move(role);
  result.content = content;
  return result;
}

backends::ChatRequest question_of(const Work& work) {
  return work.model->info().reasons ? work.request : instructed(work.request, prompts::kReason);
}

}  // namespace

backends::ChatRequest reasoning_turn(const Work& work, backends::ChatRequest question) {
  const backends::ModelInfo info = work.model->info();
  if (info.reasons) question = with_reasoning(std::move(question), true);
  if (info.reasons || info.takes_effort) question.reasoning_effort = work.options.effort;
  return question;
}

backends::ChatRequest answering_turn(const Work& work, backends::ChatRequest question,
                                     std::string_view thoughts, bool cut) {
  if (work.model->info().reasons) question = with_reasoning(std::move(question), false);
  question.messages.push_back(message("assistant", thoughts));
  question.messages.push_back(message("user", cut ? prompts::kAnswerAtOnce : prompts::kAnswer));
  return question;
}

Result<Work::Asked> start_thinking(Work& work) {
  backends::ChatRequest request = reasoning_turn(work, question_of(work));
  return work.model->info().reasons ? work.ask(std::move(request))
                                    : work.ask_within(std::move(request), budget_of(work.options));
}

void think(Work& work, Work::Asked reasoning) {
  const bool reasons = work.model->info().reasons;
  const Said reasoned = hear(work, reasoning, As::reasoning, reasons ? budget_of(work.options) : 0);
  if (reasoned.cancelled) return work.finish(chat::FinishReason::cancelled);
  if (reasoned.error) return work.finish(chat::FinishReason::error, reasoned.error);
  const bool cut = reasoned.over_budget || reasoned.finish == chat::FinishReason::length;
  // The answer is for whoever has the tool's result.
  if (reasoned.called) return work.finish(reasoned.finish);
  // It reasons by itself, whether we knew that or not, and has answered.
  if (!reasoned.reasoning.empty() && !reasoned.over_budget && !(cut && reasoned.text.empty()))
    return work.finish(reasoned.finish);
  work.usage.reasoning_tokens = work.usage.completion_tokens;
  int most = -1;
  if (work.request.max_tokens > 0) most = work.request.max_tokens - reasoned.tokens;
  if (most == 0) return work.finish(chat::FinishReason::length);

  // The answer is a further turn, whose beginning the model has in its pages already.
  const std::string& thoughts = reasoned.text.empty() ? reasoned.reasoning : reasoned.text;
  backends::ChatRequest request = answering_turn(work, question_of(work), thoughts, cut);
  auto answering = work.ask_to_answer(std::move(request), most);
  if (!answering.ok()) return work.finish(chat::FinishReason::error, answering.error());
  const Said answered = hear(work, *answering, As::answer);
  if (answered.cancelled) return work.finish(chat::FinishReason::cancelled);
  work.finish(answered.finish, answered.error);
}

}  // namespace helicon::agents
