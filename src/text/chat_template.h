// Chat templates: a sandboxed subset of Jinja, as weight files carry them.
//
// What it renders is what Python's jinja2 renders as `transformers` sets it up, byte by byte. What
// it leaves out is refused, never approximated: integers over 64 bits, bytes (str.encode),
// translate and casefold, {% block %} and {% autoescape %}, lipsum, and the filters filesizeformat,
// pprint, random, striptags, urlize, wordwrap and xmlattr.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "text/jinja/limits.h"

namespace helicon::text {

// A compiled template: immutable, safe to render from many threads.
class ChatTemplate {
 public:
  // Errors: invalid_argument with the line and what was expected; too_large.
  static Result<std::shared_ptr<const ChatTemplate>> compile(std::string_view source);

  virtual ~ChatTemplate() = default;
  // Renders with the given variables (messages, tools, add_generation_prompt, bos_token, ...), in
  // the environment that `transformers` sets up: trim_blocks, lstrip_blocks, loop controls,
  // raise_exception, strftime_now, and tojson without HTML escaping. Errors: invalid_argument, one
  // line with the template's line in it: what the template raised, what Python would have refused,
  // a limit passed, or an integer over 64 bits (Python would go on).
  virtual Result<std::string> render(const boost::json::object& variables,
                                     const TemplateLimits& limits = {}) const = 0;
};

}  // namespace helicon::text
