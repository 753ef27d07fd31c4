// A macro as a value: what {% macro %} defines, and the `caller` of {% call %}.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

class Evaluator;
class Frame;

class MacroValue : public Instance {
 public:
  MacroValue(Sandbox* sandbox, Evaluator& evaluator, const MacroSignature& signature,
             Frame& defined_in)
      : Instance(sandbox, sizeof(MacroValue), 0),
        evaluator_(evaluator),
        signature_(signature),
        defined_in_(defined_in) {}

  std::optional<Value> attribute(Sandbox& sandbox, std::string_view name) override;
  Result<Value> call(Sandbox& sandbox, Arguments arguments) override;
  std::string_view type_name() const override { return "Macro"; }
  std::string representation(Sandbox& sandbox) override;

 private:
  Evaluator& evaluator_;
  const MacroSignature& signature_;
  Frame& defined_in_;
};

}  // namespace helicon::text::jinja
