// A choice's text as it becomes certain: whole characters, and nothing that may yet turn out to be
// a stop string.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace helicon::runtime {

class TextStream {
 public:
  TextStream(std::shared_ptr<const text::Tokenizer> tokenizer, std::vector<std::string> stop,
             bool special_text = false);

  // Text that became certain with this token.
  std::string push(text::TokenId token);
  // A stop string has occurred: what push() gave ends before it, and nothing follows.
  bool stopped() const { return stopped_; }
  // What was held back, once no more tokens come.
  std::string finish();

 private:
  std::string release(std::string text, bool last);

  text::Detokenizer detokenizer_;
  std::vector<std::string> stop_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace helicon::runtime
