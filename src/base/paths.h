// Where Helicon keeps its files: the XDG folders, or everything under HELICON_HOME.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace helicon {

struct Paths {
  std::filesystem::path models;  // weights: NAME.gguf, and NAME.gguf.partial while it is fetched
  std::filesystem::path cache;   // may be deleted at any time
  std::filesystem::path config;  // what the user chose
};

// Reads an environment variable; unset and empty are the same.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// That of this process.
std::optional<std::string> environment_variable(const std::string& name);

// HELICON_HOME/{models,cache,config} where HELICON_HOME is set; otherwise helicon/ in
// XDG_DATA_HOME, XDG_CACHE_HOME and XDG_CONFIG_HOME or their defaults under HOME. A relative XDG
// folder is ignored, as its specification asks; a relative HELICON_HOME is taken from the working
// directory. All paths are absolute; none is created. Error: invalid_argument without any home.
Result<Paths> find_paths(const Environment& environment);

// The same, of this process's environment and the user's entry in the password file.
Result<Paths> find_paths();

}  // namespace helicon
