// What a user may set about answers: one table for the options of `run` and for /set.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agents/mode.h"
#include "base/result.h"
#include "runtime/request.h"

namespace helicon::apps {

struct Settings {
  // Livelier than greedy, tamer than the model's own distribution.
  Settings() {
    sampling.temperature = 0.8f;
    sampling.top_k = 40;
    sampling.top_p = 0.95f;
  }

  runtime::SamplingParameters sampling;
  std::optional<uint64_t> seed;  // none: another one for each answer
  int max_tokens = -1;           // -1: what the context leaves
  agents::ModeOptions mode;
};

struct Setting {
  std::string_view name;     // "top-k": --top-k, /set top-k
  std::string_view meaning;  // with its range
  // Error: invalid_argument, naming the setting and its range.
  std::function<Status(Settings&, std::string_view value)> set;
  std::function<std::string(const Settings&)> get;
};

std::span<const Setting> all_settings();

// Error: invalid_argument for an unknown name (with the nearest) or a wrong value.
Status change_setting(Settings& settings, std::string_view name, std::string_view value);

}  // namespace helicon::apps
