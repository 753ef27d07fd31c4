// What is in a model's file, for people and for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model_argument.h"
#include "weights/model_file.h"

namespace helicon::apps {

// One element type's share of the weights.
struct TypeShare {
  std::string type;
  uint64_t tensors = 0;
  uint64_t bytes = 0;
};

struct ModelSummary {
  std::string name;
  std::string file;
  uint64_t bytes = 0;
  std::string architecture;
  uint64_t parameters = 0;
  std::vector<TypeShare> types;  // largest share first
  uint64_t context = 0;
  uint64_t layers = 0;
  uint64_t width = 0;
  uint64_t vocabulary = 0;
  std::string tokenizer;
  bool chat_template = false;
  std::string licence;
};

ModelSummary summarize(const ModelArgument& model, const weights::ModelFile& file);

// One line, a JSON object.
std::string as_json(const ModelSummary& summary);
// A line for each of its facts, fit for a terminal.
std::string as_text(const ModelSummary& summary);

}  // namespace helicon::apps
