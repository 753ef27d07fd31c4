#include "cache_type.h"

#include <map>
#include <string>

namespace helicon::apps {

void add_cache_type(CLI::App& verb, kernels::KeyValueType& type) {
  using kernels::KeyValueType;
  static const std::map<std::string, KeyValueType> types = {
      {"f32", KeyValueType::f32}, {"f16", KeyValueType::f16}, {"q8", KeyValueType::q8}};
  std::string preset;
  for (const auto& [name, value] : types)
    if (value == type) preset = name;
  verb.add_option_function<std::string>(
          "--cache-type", [&type](const std::string& name) { type = types.at(name); },
          "how keys and values are kept: 32, 16 or 8 bits a number")
      ->check(CLI::IsMember({"f32", "f16", "q8"}))
      ->default_str(preset);
}

}  // namespace helicon::apps
