#include "http/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "http/chat_messages.h"
#include "http/chat_mode.h"
#include "http/json_reader.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;

constexpr int64_t int_max = std::numeric_limits<int>::max();
constexpr size_t max_stop_strings = 16;
constexpr size_t max_stop_bytes = 1024;
constexpr int64_t max_choices = 16;
constexpr size_t max_biases = 10'000;

// The request as it is read; what takes two fields to judge is settled at the end.
struct Draft {
  ChatCompletionRequest request;
  bool has_messages = false;
  bool logprobs = false;
  bool tools_allowed = true;
  bool has_stream_options = false;
  std::optional<int64_t> top_logprobs;
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> max_completion_tokens;
  ModeWish mode;
};

using Reader = Status (*)(const json::value& value, std::string_view name, Draft& draft);

struct Field {
  std::string_view name;
  Reader read;
};

Status unsupported(const json::value&, std::string_view name, Draft&) {
  return field_error(ErrorCode::unsupported, name, "is not supported");
}

// Fields that only label or speed up a request: their type is checked, and no answer depends on
// them.
Status label(const json::value& value, std::string_view name, Draft&) {
  HELICON_TRY(read_string(value, name));
  return ok_status();
}

// Fields that clients of other servers send and that leave the answer as it is, whatever they hold.
Status ignored(const json::value&, std::string_view, Draft&) { return ok_status(); }

Status read_metadata(const json::value& value, std::string_view name, Draft&) {
  HELICON_TRY(read_object(value, name));
  return ok_status();
}

Status read_parallel_tool_calls(const json::value& value, std::string_view name, Draft&) {
  HELICON_ASSIGN(const bool parallel, read_bool(value, name));
  if (parallel) return ok_status();
  return field_error(ErrorCode::unsupported, name, "cannot be switched off");
}

// A number for one of the sampling parameters.
template <float runtime::SamplingParameters::*member, int low, int high, bool open = false>
Status read_sampling(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const double number, read_number(value, name, low, high, open));
  draft.request.chat.sampling.*member = static_cast<float>(number);
  return ok_status();
}

template <std::optional<int64_t> Draft::*member, int64_t low, int64_t high>
Status read_count(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(draft.*member, read_integer(value, name, low, high));
  return ok_status();
}

Status read_model(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const std::string_view model, read_string(value, name));
  draft.request.model = model;
  return ok_status();
}

Status read_messages_field(const json::value& value, std::string_view, Draft& draft) {
  HELICON_ASSIGN(draft.request.chat.messages, read_messages(value));
  draft.has_messages = true;
  return ok_status();
}

Status read_tools_field(const json::value& value, std::string_view, Draft& draft) {
  HELICON_ASSIGN(draft.request.chat.tools, read_tools(value));
  return ok_status();
}

Status read_tool_choice(const json::value& value, std::string_view name, Draft& draft) {
  if (value.is_object()) {
    return field_error(ErrorCode::unsupported, name, "a named function cannot be enforced yet");
  }
  HELICON_ASSIGN(const std::string_view choice, read_string(value, name));
  if (choice == "required") {
    return field_error(ErrorCode::unsupported, name, "\"required\" cannot be enforced yet");
  }
  if (choice != "auto" && choice != "none") {
    return field_error(ErrorCode::invalid_argument, name,
                       fmt::format("must be \"auto\" or \"none\", not \"{}\"", quotable(choice)));
  }
  draft.tools_allowed = choice == "auto";
  return ok_status();
}

Status read_template_variables(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const json::object* const variables, read_object(value, name));
  for (const std::string_view taken : {"messages", "tools"}) {
    if (!variables->contains(taken)) continue;
    return field_error(ErrorCode::invalid_argument, fmt::format("{}.{}", name, taken),
                       "has a field of its own");
  }
  draft.request.chat.template_variables = json::object(*variables, {});
  return ok_status();
}

Status read_mode_field(const json::value& value, std::string_view name, Draft& draft) {
  return read_mode(value, name, draft.mode);
}

Status read_effort_field(const json::value& value, std::string_view name, Draft& draft) {
  return read_effort(value, name, draft.mode);
}

Status read_choices(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const int64_t choices, read_integer(value, name, 1, max_choices));
  draft.request.chat.choices = static_cast<int>(choices);
  return ok_status();
}

Status read_top_k(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const int64_t top_k, read_integer(value, name, 0, int_max));
  draft.request.chat.sampling.top_k = static_cast<int>(top_k);
  return ok_status();
}

Status read_seed(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(draft.request.seed, read_integer(value, name, std::numeric_limits<int64_t>::min(),
                                                  std::numeric_limits<int64_t>::max()));
  return ok_status();
}

Status read_user(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const std::string_view user, read_string(value, name));
  draft.request.user = user;
  return ok_status();
}

Status read_stream(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(draft.request.stream, read_bool(value, name));
  return ok_status();
}

Status read_logprobs(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(draft.logprobs, read_bool(value, name));
  return ok_status();
}

Status read_store(const json::value& value, std::string_view name, Draft&) {
  HELICON_ASSIGN(const bool store, read_bool(value, name));
  if (!store) return ok_status();
  return field_error(ErrorCode::unsupported, name, "completions are not stored");
}

Status read_stream_options(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const json::object* const options, read_object(value, name));
  draft.has_stream_options = true;
  HELICON_TRY(check_known_fields(*options, name, {"include_usage", "include_obfuscation"}));
  if (const json::value* usage = options->if_contains("include_usage");
      usage && !usage->is_null()) {
    HELICON_ASSIGN(draft.request.include_usage,
                   read_bool(*usage, fmt::format("{}.include_usage", name)));
  }
  if (const json::value* padding = options->if_contains("include_obfuscation");
      padding && !padding->is_null()) {
    const std::string field = fmt::format("{}.include_obfuscation", name);
    HELICON_ASSIGN(const bool wanted, read_bool(*padding, field));
    if (wanted) return field_error(ErrorCode::unsupported, field, "is not supported");
  }
  return ok_status();
}

Status read_stop(const json::value& value, std::string_view name, Draft& draft) {
  std::vector<std::string>& stop = draft.request.chat.stop;
  const auto add = [&](const json::value& element, const std::string& path) -> Status {
    HELICON_ASSIGN(const std::string_view text, read_string(element, path));
    if (text.empty() || text.size() > max_stop_bytes) {
      return field_error(
          ErrorCode::invalid_argument, path,
          fmt::format("must have 1 to {} bytes, not {}", max_stop_bytes, text.size()));
    }
    stop.emplace_back(text);
    return ok_status();
  };
  if (value.is_string()) return add(value, std::string(name));
  const json::array* list = value.if_array();
  if (list == nullptr) {
    return field_error(
        ErrorCode::invalid_argument, name,
        fmt::format("must be a string or an array of strings, not {}", kind_of(value)));
  }
  if (list->size() > max_stop_strings) {
    return field_error(
        ErrorCode::invalid_argument, name,
        fmt::format("may hold at most {} strings, not {}", max_stop_strings, list->size()));
  }
  for (size_t i = 0; i < list->size(); ++i) {
    HELICON_TRY(add((*list)[i], fmt::format("{}[{}]", name, i)));
  }
  return ok_status();
}

Status read_logit_bias(const json::value& value, std::string_view name, Draft& draft) {
  HELICON_ASSIGN(const json::object* const biases, read_object(value, name));
  if (biases->size() > max_biases) {
    return field_error(
        ErrorCode::too_large, name,
        fmt::format("may hold at most {} tokens, not {}", max_biases, biases->size()));
  }
  for (const auto& [key, bias] : *biases) {
    const std::string_view digits(key.data(), key.size());
    runtime::TokenId token = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), token);
    if (failure != std::errc() || end != digits.data() + digits.size() || token < 0) {
      return field_error(ErrorCode::invalid_argument, name,
                         fmt::format("\"{}\" is not a token id", quotable(digits)));
    }
    HELICON_ASSIGN(const double number,
                   read_number(bias, fmt::format("{}.{}", name, token), -100, 100));
    draft.request.chat.sampling.logit_bias.emplace_back(token, static_cast<float>(number));
  }
  return ok_status();
}

Status read_response_format(const json::value& value, std::string_view name, Draft&) {
  HELICON_ASSIGN(const json::object* const format, read_object(value, name));
  const std::string field = fmt::format("{}.type", name);
  const json::value* type = format->if_contains("type");
  if (type == nullptr) return field_error(ErrorCode::invalid_argument, field, "is missing");
  HELICON_ASSIGN(const std::string_view wanted, read_string(*type, field));
  if (wanted == "text") return ok_status();
  return field_error(ErrorCode::unsupported, name,
                     fmt::format("only \"text\" is supported, not \"{}\"", quotable(wanted)));
}

Status read_modalities(const json::value& value, std::string_view name, Draft&) {
  HELICON_ASSIGN(const json::array* const modalities, read_array(value, name));
  for (const json::value& element : *modalities) {
    HELICON_ASSIGN(const std::string_view modality, read_string(element, name));
    if (modality == "text") continue;
    return field_error(ErrorCode::unsupported, name,
                       fmt::format("only \"text\" is supported, not \"{}\"", quotable(modality)));
  }
  return ok_status();
}

// Takes any of the words that ask for nothing special.
Status read_usual(const json::value& value, std::string_view name,
                  std::initializer_list<std::string_view> usual) {
  HELICON_ASSIGN(const std::string_view word, read_string(value, name));
  if (std::find(usual.begin(), usual.end(), word) != usual.end()) return ok_status();
  return field_error(ErrorCode::unsupported, name,
                     fmt::format("only \"{}\" is supported, not \"{}\"",
                                 fmt::join(usual, "\" or \""), quotable(word)));
}

Status read_service_tier(const json::value& value, std::string_view name, Draft&) {
  return read_usual(value, name, {"auto", "default"});
}

Status read_verbosity(const json::value& value, std::string_view name, Draft&) {
  return read_usual(value, name, {"medium"});
}

using Sampling = runtime::SamplingParameters;

constexpr Field fields[] = {
    {"model", read_model},
    {"messages", read_messages_field},
    {"tools", read_tools_field},
    {"tool_choice", read_tool_choice},
    {"chat_template_kwargs", read_template_variables},
    {"mode", read_mode_field},
    {"reasoning_effort", read_effort_field},
    {"stream", read_stream},
    {"stream_options", read_stream_options},
    {"n", read_choices},
    {"stop", read_stop},
    {"max_tokens", read_count<&Draft::max_tokens, 1, int_max>},
    {"max_completion_tokens", read_count<&Draft::max_completion_tokens, 1, int_max>},
    {"seed", read_seed},
    {"logprobs", read_logprobs},
    {"top_logprobs", read_count<&Draft::top_logprobs, 0, 20>},
    {"temperature", read_sampling<&Sampling::temperature, 0, 2>},
    {"top_k", read_top_k},
    {"top_p", read_sampling<&Sampling::top_p, 0, 1, true>},
    {"min_p", read_sampling<&Sampling::min_p, 0, 1>},
    {"repetition_penalty", read_sampling<&Sampling::repetition_penalty, 0, 10, true>},
    {"frequency_penalty", read_sampling<&Sampling::frequency_penalty, -2, 2>},
    {"presence_penalty", read_sampling<&Sampling::presence_penalty, -2, 2>},
    {"logit_bias", read_logit_bias},
    {"user", read_user},
    {"metadata", read_metadata},
    {"prompt_cache_key", label},
    {"safety_identifier", label},
    {"store", read_store},
    {"service_tier", read_service_tier},
    {"verbosity", read_verbosity},
    {"modalities", read_modalities},
    {"response_format", read_response_format},
    {"parallel_tool_calls", read_parallel_tool_calls},
    {"audio", unsupported},
    {"functions", unsupported},
    {"function_call", unsupported},
    {"moderation", unsupported},
    {"prediction", unsupported},
    {"prompt_cache_options", unsupported},
    {"prompt_cache_retention", unsupported},
    {"web_search_options", unsupported},
    {"cache_prompt", ignored},
    {"id_slot", ignored},
    {"keep_alive", ignored},
    {"priority", ignored},
    {"request_id", ignored},
    {"timings_per_token", ignored},
};

std::vector<std::string> names_of_fields() {
  std::vector<std::string> names;
  for (const Field& field : fields) names.emplace_back(field.name);
  return names;
}

Status settle(Draft& draft) {
  ChatCompletionRequest& request = draft.request;
  if (request.model.empty()) {
    return field_error(ErrorCode::invalid_argument, "model", "is missing");
  }
  if (!draft.has_messages) {
    return field_error(ErrorCode::invalid_argument, "messages", "is missing");
  }
  if (draft.has_stream_options && !request.stream) {
    return field_error(ErrorCode::invalid_argument, "stream_options",
                       "is only allowed when stream is true");
  }
  if (draft.top_logprobs && !draft.logprobs) {
    return field_error(ErrorCode::invalid_argument, "top_logprobs",
                       "is only allowed when logprobs is true");
  }
  if (draft.logprobs) {
    request.chat.top_logprobs = static_cast<int>(draft.top_logprobs.value_or(0));
  }
  if (draft.max_tokens && draft.max_completion_tokens &&
      draft.max_tokens != draft.max_completion_tokens) {
    return field_error(ErrorCode::invalid_argument, "max_tokens",
                       "contradicts max_completion_tokens; give one of them");
  }
  if (draft.max_tokens) request.chat.max_tokens = static_cast<int>(*draft.max_tokens);
  if (draft.max_completion_tokens) {
    request.chat.max_tokens = static_cast<int>(*draft.max_completion_tokens);
  }
  if (!draft.tools_allowed) request.chat.tools.clear();
  HELICON_ASSIGN(request.mode, settle_mode(request.model, draft.mode));
  return ok_status();
}

}  // namespace

Result<ChatCompletionRequest> parse_chat_request(std::string_view body) {
  HELICON_ASSIGN(const json::value document, parse_json(body));
  const json::object* object = document.if_object();
  if (object == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the body must be a JSON object, not {}", kind_of(document)),
                 {}};
  }
  static const std::vector<std::string> known = names_of_fields();
  HELICON_TRY(check_known_fields(*object, "", known));
  Draft draft;
  for (const Field& field : fields) {
    const json::value* value = object->if_contains(field.name);
    // The protocol's clients write null for what they leave out.
    if (value == nullptr || value->is_null()) continue;
    HELICON_TRY(field.read(*value, field.name, draft));
  }
  HELICON_TRY(settle(draft));
  return std::move(draft.request);
}

}  // namespace helicon::http
