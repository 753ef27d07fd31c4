#include "settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "base/suggest.h"

namespace helicon::apps {
namespace {

using runtime::SamplingParameters;

Error out_of_range(std::string_view name, std::string_view range, std::string_view value) {
  return {ErrorCode::invalid_argument, fmt::format("{} must be {}, not '{}'", name, range, value),
          std::string(name)};
}

template <typename Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// `low` itself is allowed unless `above_low` is set.
struct Range {
  float low;
  float high;
  bool above_low;
  std::string_view words;
};

Setting number(std::string_view name, std::string_view meaning, float SamplingParameters::*member,
               Range range) {
  return {name, meaning,
          [=](Settings& settings, std::string_view text) -> Status {
            float value = 0;
            const bool good = parse(text, value) && std::isfinite(value) && value <= range.high &&
                              (range.above_low ? value > range.low : value >= range.low);
            if (!good) return out_of_range(name, range.words, text);
            settings.sampling.*member = value;
            return ok_status();
          },
          [=](const Settings& settings) { return fmt::format("{}", settings.sampling.*member); }};
}

// "0, or a whole number from 16 to 1048576": what agents::check lets pass.
std::string range_of(int agents::ModeOptions::*member) {
  for (const agents::ModeNumber& number : agents::mode_numbers()) {
    if (number.value != member) continue;
    const int usual = agents::ModeOptions().*member;
    return fmt::format("{}a whole number from {} to {}",
                       usual < number.least ? fmt::format("{}, or ", usual) : "", number.least,
                       number.most);
  }
  return {};
}

Setting mode_number(std::string_view name, std::string_view meaning,
                    int agents::ModeOptions::*member) {
  return {name, meaning,
          [=](Settings& settings, std::string_view text) -> Status {
            agents::ModeOptions changed = settings.mode;
            if (!parse(text, changed.*member) || !agents::check(changed).ok())
              return out_of_range(name, range_of(member), text);
            settings.mode = changed;
            return ok_status();
          },
          [=](const Settings& settings) { return fmt::format("{}", settings.mode.*member); }};
}

std::vector<Setting> make_settings() {
  constexpr float unbounded = std::numeric_limits<float>::max();
  const Range penalty = {-2, 2, false, "a number from -2 to 2"};
  return {
      {"mode",
       "instant: answers at once; thinking: reasons first; contemplating: several agents, who read "
       "each other",
       [](Settings& settings, std::string_view text) -> Status {
         const auto mode = agents::parse_mode(text);
         if (!mode.ok()) return out_of_range("mode", "instant, thinking or contemplating", text);
         settings.mode.mode = *mode;
         return ok_status();
       },
       [](const Settings& settings) { return std::string(to_string(settings.mode.mode)); }},
      {"effort", "how long to reason: minimal, low, medium, high, xhigh; none of it: default",
       [](Settings& settings, std::string_view text) -> Status {
         if (text == "default") {
           settings.mode.effort.clear();
           return ok_status();
         }
         const auto effort = agents::find_effort(text);
         if (!effort.ok() || effort->budget_tokens == 0)
           return out_of_range("effort", "minimal, low, medium, high or xhigh", text);
         settings.mode.effort = text;
         return ok_status();
       },
       [](const Settings& settings) {
         return settings.mode.effort.empty() ? std::string("default") : settings.mode.effort;
       }},
      mode_number("agents", "of contemplating: how many", &agents::ModeOptions::agents),
      mode_number("rounds", "of contemplating: how often they may read each other, and one more",
                  &agents::ModeOptions::rounds),
      mode_number("budget", "tokens of reasoning, and of each agent; 0: as the effort says",
                  &agents::ModeOptions::budget_tokens),
      number("temperature", "0: always the likeliest token; higher: livelier",
             &SamplingParameters::temperature, {0, unbounded, false, "a number of 0 or more"}),
      {"top-k", "only the K likeliest tokens; 0: all",
       [](Settings& settings, std::string_view text) -> Status {
         int value = 0;
         if (!parse(text, value) || value < 0) {
           return out_of_range("top-k", "a whole number of 0 or more", text);
         }
         settings.sampling.top_k = value;
         return ok_status();
       },
       [](const Settings& settings) { return fmt::format("{}", settings.sampling.top_k); }},
      number("top-p", "only the likeliest tokens that make up this probability",
             &SamplingParameters::top_p, {0, 1, true, "a number above 0, at most 1"}),
      number("min-p", "only tokens at least this likely beside the likeliest",
             &SamplingParameters::min_p, {0, 1, false, "a number from 0 to 1"}),
      number("repetition-penalty", "above 1: less of what was said or asked before",
             &SamplingParameters::repetition_penalty, {0, unbounded, true, "a number above 0"}),
      number("frequency-penalty", "above 0: less of what the answer said, by how often",
             &SamplingParameters::frequency_penalty, penalty),
      number("presence-penalty", "above 0: less of what the answer said at all",
             &SamplingParameters::presence_penalty, penalty),
      {"seed", "the same seed and question give the same answer; random: a new one each time",
       [](Settings& settings, std::string_view text) -> Status {
         uint64_t value = 0;
         if (text == "random") {
           settings.seed.reset();
         } else if (parse(text, value)) {
           settings.seed = value;
         } else {
           return out_of_range("seed", "a whole number of 0 or more, or 'random'", text);
         }
         return ok_status();
       },
       [](const Settings& settings) {
         return settings.seed ? fmt::format("{}", *settings.seed) : std::string("random");
       }},
      {"max-tokens", "longest answer, in tokens; none: what the context leaves",
       [](Settings& settings, std::string_view text) -> Status {
         int value = 0;
         if (text == "none") {
           settings.max_tokens = -1;
         } else if (parse(text, value) && value > 0) {
           settings.max_tokens = value;
         } else {
           return out_of_range("max-tokens", "a whole number of 1 or more, or 'none'", text);
         }
         return ok_status();
       },
       [](const Settings& settings) {
         return settings.max_tokens < 0 ? std::string("none")
                                        : fmt::format("{}", settings.max_tokens);
       }},
  };
}

}  // namespace

std::span<const Setting> all_settings() {
  static const std::vector<Setting> settings = make_settings();
  return settings;
}

Status change_setting(Settings& settings, std::string_view name, std::string_view value) {
  std::vector<std::string> names;
  for (const Setting& setting : all_settings()) {
    if (setting.name == name) return setting.set(settings, value);
    names.emplace_back(setting.name);
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("unknown setting '{}'{}", name, suggestion(name, names)),
               std::string(name)};
}

}  // namespace helicon::apps
