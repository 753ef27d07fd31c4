// Thinking: the model reasons first, and then answers in a turn that has read the reasoning.
#pragma once

#include <string_view>

#include "agents/work.h"

namespace helicon::agents {

// The two turns of thinking about `question`, whose model reasons by itself or was asked to in the
// question's own words. `cut`: the thoughts have no end.
backends::ChatRequest reasoning_turn(const Work& work, backends::ChatRequest question);
backends::ChatRequest answering_turn(const Work& work, backends::ChatRequest question,
                                     std::string_view thoughts, bool cut);

// The run that reasons. Errors: those of ChatModel::start().
Result<Work::Asked> start_thinking(Work& work);
// Directs the rest, to the listener's on_done.
void think(Work& work, Work::Asked reasoning);

}  // namespace helicon::agents
