// Any bytes as a chat template, and behind a zero byte as the JSON of its variables: an answer or
// an error, within the limits.
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/chat_template.h"

namespace {

const boost::json::object& example_variables() {
  static const boost::json::object variables = boost::json::parse(R"({
    "messages": [{"role": "system", "content": "Be brief."},
                 {"role": "user", "content": "h\u00e9 \ud83d\ude00 <b>\"x\"</b>\n y "},
                 {"role": "assistant", "content": null, "tool_calls": [
                   {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]},
                 {"role": "tool", "content": "r", "tool_call_id": "1"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "array"}}}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
    "a": 1, "b": 2.5, "s": "text", "l": [3, 1, 2], "d": {"k": "v", "n": 1}})")
                                                   .as_object();
  return variables;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view source = input.substr(0, input.find('\0'));
  const auto compiled = helicon::text::ChatTemplate::compile(source);
  if (!compiled.ok()) return 0;

  helicon::text::TemplateLimits limits;
  limits.steps = 20'000;
  limits.output_bytes = 1u << 20;
  limits.memory_bytes = 4u << 20;
  const boost::json::object* variables = &example_variables();
  boost::json::value own;
  if (source.size() < input.size()) {
    boost::json::error_code failed;
    own = boost::json::parse(input.substr(source.size() + 1), failed);
    if (!failed && own.is_object()) variables = &own.get_object();
  }
  const auto text = (*compiled)->render(*variables, limits);
  if (text.ok() && text->size() > limits.output_bytes) std::abort();
  if (!text.ok() && text.error().message.find('\n') != std::string::npos) std::abort();
  return 0;
}
