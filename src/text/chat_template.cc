#include "text/chat_template.h"

#include <fmt/format.h>

#include "text/jinja/evaluator.h"
#include "text/jinja/from_json.h"
#include "text/jinja/parser.h"

namespace helicon::text {
namespace {

// A message stays one line of bounded length, whatever a template raises.
std::string one_line(std::string_view message) {
  constexpr size_t most = 500;
  std::string line;
  for (const char c : message.substr(0, most)) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    line += is_control ? ' ' : c;
  }
  if (message.size() > most) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
      line.pop_back();
    if (!line.empty() && (static_cast<unsigned char>(line.back()) & 0x80) != 0) line.pop_back();
    line += "...";
  }
  return line;
}

class JinjaTemplate : public ChatTemplate {
 public:
  explicit JinjaTemplate(std::unique_ptr<const jinja::Tree> tree) : tree_(std::move(tree)) {}

  Result<std::string> render(const boost::json::object& variables,
                             const TemplateLimits& limits) const override {
    jinja::Sandbox sandbox(limits);
    auto values = jinja::from_json(sandbox, variables);
    if (!values.ok()) return failure(values.error(), "chat template variables");
    jinja::Evaluator evaluator(*tree_, *values, sandbox);
    auto text = evaluator.run();
    if (!text.ok())
      return failure(text.error(), fmt::format("chat template, line {}", evaluator.line()));
    return text;
  }

 private:
  static Error failure(const Error& error, std::string_view where) {
    return Error{error.code, fmt::format("{}: {}", where, one_line(error.message)), {}};
  }

  std::unique_ptr<const jinja::Tree> tree_;
};

}  // namespace

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::compile(std::string_view source) {
  auto tree = jinja::parse(source);
  if (!tree.ok()) {
    return Error{tree.error().code, "chat template, " + one_line(tree.error().message), {}};
  }
  return std::shared_ptr<const ChatTemplate>(std::make_shared<JinjaTemplate>(std::move(*tree)));
}

}  // namespace helicon::text
