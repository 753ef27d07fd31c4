#include "http/chat_mode.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/json_reader.h"

namespace helicon::http {
namespace {

using agents::Mode;

Result<Mode> read_name(const boost::json::value& value, std::string_view field) {
  HELICON_ASSIGN(const std::string_view name, read_string(value, field));
  auto mode = agents::parse_mode(name);
  if (!mode.ok()) mode.error().parameter = field;
  return mode;
}

Error contradiction(const char* parameter, std::string_view one, std::string_view other) {
  return field_error(ErrorCode::invalid_argument, parameter,
                     fmt::format("{} contradicts {}", one, other));
}

}  // namespace

Status read_mode(const boost::json::value& value, std::string_view name, ModeWish& wish) {
  if (value.is_string()) {
    HELICON_ASSIGN(wish.field, read_name(value, name));
    return ok_status();
  }
  if (!value.is_object())
    return field_error(ErrorCode::invalid_argument, name,
                       "must be instant, thinking or contemplating, or an object with such a name");
  const boost::json::object& object = value.get_object();
  HELICON_TRY(check_known_fields(object, name, {"name", "agents", "rounds", "budget_tokens"}));
  const boost::json::value* mode = object.if_contains("name");
  if (mode == nullptr || mode->is_null())
    return field_error(ErrorCode::invalid_argument, fmt::format("{}.name", name), "is missing");
  HELICON_ASSIGN(wish.field, read_name(*mode, fmt::format("{}.name", name)));
  // What a mode does not have is refused: who asks for agents does not want to be answered by none.
  for (const agents::ModeNumber& number : agents::mode_numbers()) {
    const boost::json::value* found = object.if_contains(number.name);
    if (found == nullptr || found->is_null()) continue;
    const std::string field = fmt::format("{}.{}", name, number.name);
    if (*wish.field < number.from)
      return field_error(ErrorCode::invalid_argument, field,
                         fmt::format("is nothing that {} has", to_string(*wish.field)));
    HELICON_ASSIGN(const int64_t given, read_integer(*found, field, number.least, number.most));
    wish.options.*number.value = static_cast<int>(given);
  }
  return ok_status();
}

Status read_effort(const boost::json::value& value, std::string_view name, ModeWish& wish) {
  HELICON_ASSIGN(const std::string_view effort, read_string(value, name));
  HELICON_TRY(agents::find_effort(effort));
  wish.effort = effort;
  return ok_status();
}

Result<agents::ModeOptions> settle_mode(std::string& model, const ModeWish& wish) {
  agents::ModeOptions options = wish.options;
  const std::optional<Mode> suffix = agents::take_mode_suffix(model);
  if (suffix && wish.field && *suffix != *wish.field)
    return contradiction("mode", to_string(*wish.field),
                         fmt::format("the model's suffix \":{}\"", to_string(*suffix)));
  const std::optional<Mode> named = wish.field ? wish.field : suffix;
  if (wish.effort) {
    const Mode asked = *wish.effort == "none" ? Mode::instant : Mode::thinking;
    if (named && (*named == Mode::instant) != (asked == Mode::instant))
      return contradiction("reasoning_effort", fmt::format("\"{}\"", *wish.effort),
                           fmt::format("the mode {}", to_string(*named)));
    options.effort = *wish.effort;
    options.mode = named.value_or(asked);
  } else {
    options.mode = named.value_or(Mode::instant);
  }
  return options;
}

}  // namespace helicon::http
