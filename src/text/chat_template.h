// Chat templates: a sandboxed subset of Jinja, as weight files carry them.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::text {

// What one rendering may use; past any of these it fails with invalid_argument and says which.
struct TemplateLimits {
  size_t steps = 5'000'000;          // statements, expressions and iterations evaluated
  size_t depth = 100;                // nested macros, blocks and expressions
  size_t output_bytes = 64u << 20;   // rendered text, and any one string made on the way
};

// A compiled template: immutable, safe to render from many threads.
class ChatTemplate {
 public:
  // Errors: invalid_argument with line and what was expected. Never throws, whatever the source.
  static Result<std::shared_ptr<const ChatTemplate>> compile(std::string_view source);

  virtual ~ChatTemplate() = default;
  // Renders with the given variables (messages, tools, add_generation_prompt, bos_token, ...), in
  // the environment that `transformers` sets up: trim_blocks, lstrip_blocks, loop controls,
  // raise_exception, strftime_now, and tojson without HTML escaping. A template that raises gives
  // invalid_argument with its message.
  virtual Result<std::string> render(const boost::json::object& variables,
                                     const TemplateLimits& limits = {}) const = 0;
};

}  // namespace helicon::text
