// Thinking: the model reasons first, and then answers.
#pragma once

#include "agents/work.h"

namespace helicon::agents {

// The run that reasons. Errors: those of ChatModel::start().
Result<Work::Asked> start_thinking(Work& work);
// Directs the rest, to the listener's on_done.
void think(Work& work, Work::Asked reasoning);

}  // namespace helicon::agents
