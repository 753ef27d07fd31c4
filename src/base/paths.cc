#include "base/paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace helicon {
namespace {

using std::filesystem::path;

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment(name);
  return value && value->empty() ? std::nullopt : value;
}

// HELICON_HOME may be relative; without a working directory it cannot be placed.
Result<path> absolute(const path& relative) {
  std::error_code failure;
  path result = std::filesystem::absolute(relative, failure);
  if (failure) {
    return Error{ErrorCode::invalid_argument,
                 "HELICON_HOME is '" + relative.string() + "': " + failure.message(), ""};
  }
  return result.lexically_normal();
}

Result<path> xdg_folder(const Environment& environment, const std::string& name,
                        std::string_view below_home) {
  if (const auto folder = variable(environment, name); folder && path(*folder).is_absolute()) {
    return path(*folder) / "helicon";
  }
  if (const auto home = variable(environment, "HOME"); home && path(*home).is_absolute()) {
    return path(*home) / below_home / "helicon";
  }
  return Error{ErrorCode::invalid_argument,
               "no folder for Helicon's files: neither HELICON_HOME, " + name + " nor HOME is set",
               ""};
}

}  // namespace

Result<Paths> find_paths(const Environment& environment) {
  if (const auto home = variable(environment, "HELICON_HOME")) {
    HELICON_ASSIGN(const path folder, absolute(*home));
    return Paths{folder / "models", folder / "cache", folder / "config"};
  }
  HELICON_ASSIGN(path data, xdg_folder(environment, "XDG_DATA_HOME", ".local/share"));
  HELICON_ASSIGN(path cache, xdg_folder(environment, "XDG_CACHE_HOME", ".cache"));
  HELICON_ASSIGN(path config, xdg_folder(environment, "XDG_CONFIG_HOME", ".config"));
  return Paths{data / "models", std::move(cache), std::move(config)};
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

Result<Paths> find_paths() {
  return find_paths([](const std::string& name) -> std::optional<std::string> {
    if (auto value = environment_variable(name)) return value;
    // A service may run without HOME; the password file still knows it.
    if (name != "HOME") return std::nullopt;
    const passwd* user = getpwuid(getuid());
    if (user == nullptr || user->pw_dir == nullptr) return std::nullopt;
    return user->pw_dir;
  });
}

}  // namespace helicon
