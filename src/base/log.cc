#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <string>
#include <utility>

namespace helicon {
namespace {

constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 6> levels{{
    {"trace", spdlog::level::trace},
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warning", spdlog::level::warn},
    {"error", spdlog::level::err},
    {"off", spdlog::level::off},
}};

}  // namespace

Status set_up_log(std::string_view level, const Environment& environment) {
  const std::string chosen = environment("HELICON_LOG").value_or(std::string(level));
  for (const auto& [name, value] : levels) {
    if (name != chosen) continue;
    auto logger = std::make_shared<spdlog::logger>(
        "helicon", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
    logger->set_level(value);
    logger->flush_on(spdlog::level::warn);
    spdlog::set_default_logger(std::move(logger));
    return ok_status();
  }
  return Error{
      ErrorCode::invalid_argument,
      "HELICON_LOG is '" + chosen + "': it may be trace, debug, info, warning, error or off", ""};
}

}  // namespace helicon
