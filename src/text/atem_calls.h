// Calls of tools as Muse writes them:
//   <atem:function_calls><atem:invoke name="N"><atem:parameter name="P">VALUE</atem:parameter>...
//   </atem:invoke>...</atem:function_calls>
// It is no XML: values are taken as they stand, up to their closing tag (muse-glimmer.jinja of
// llama.cpp says so to the model).
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace helicon::text {

struct AtemCalls {
  std::string before;  // text that stands before the calls
  std::vector<chat::ToolCall> calls;
};

// Strings are kept as they are where the tool's schema has a string, so that "007" stays one; else
// a value is JSON if it can be. `cut`: a call that does not end is not one.
AtemCalls read_atem_calls(std::string_view text, const boost::json::array& tools, bool cut);

}  // namespace helicon::text
