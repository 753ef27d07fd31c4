// Renders chat templates for templates.py: reads one job a line, {"template": text, "variables":
// object}, and answers each with {"text": rendered} or {"error": message}.
#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "text/chat_template.h"

namespace {

helicon::Result<std::string> render(const boost::json::value& job) {
  const boost::json::value& source = job.at("template");
  const boost::json::value& variables = job.at("variables");
  HELICON_ASSIGN(const auto compiled, helicon::text::ChatTemplate::compile(source.as_string()));
  return compiled->render(variables.as_object());
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto result = render(boost::json::parse(line));
    boost::json::object answer;
    if (result.ok()) {
      answer["text"] = *result;
    } else {
      answer["error"] = result.error().message;
    }
    std::cout << boost::json::serialize(answer) << std::endl;
  }
}
