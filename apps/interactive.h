// `helicon run MODEL` at a terminal: questions, answers, and commands that begin with a slash.
#pragma once

#include "base/result.h"
#include "conversation.h"
#include "model_argument.h"

namespace helicon::apps {

// Until /bye or Ctrl-D. What goes wrong with one question is told, and the next may come. `figures`
// shows counts and speeds after each answer. Errors: of the terminal, or standard output.
Status converse(Conversation& conversation, const ModelArgument& model, bool figures);

// "prompt 26 tokens, 0.11 s, 236 tokens/s; answer ...".
std::string describe_figures(const Answer& answer);

}  // namespace helicon::apps
