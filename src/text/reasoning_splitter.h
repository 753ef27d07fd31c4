// Tells a model's own reasoning from its answer, as they come: <think> ... </think>, then the
// answer.
#pragma once

#include <string>
#include <string_view>

namespace helicon::text {

class ReasoningSplitter {
 public:
  // Whether a template makes such a model: it names the marker that ends the reasoning.
  static bool used_by(std::string_view chat_template);
  // Whether a prompt has opened the reasoning itself, as some templates do.
  static bool opened_by(std::string_view prompt);

  explicit ReasoningSplitter(bool opened) : state_(opened ? State::inside : State::before) {}

  struct Pieces {
    std::string reasoning;
    std::string text;
  };
  // What became certain: half a marker is held back.
  Pieces push(std::string_view text);
  // What was held back, once nothing more comes.
  Pieces finish();
  // Whether no answer has begun.
  bool reasoning() const { return state_ == State::before || state_ == State::inside; }

 private:
  enum class State { before, inside, behind, answer };

  State state_;
  std::string held_;
};

}  // namespace helicon::text
