#include "tools/ffmpeg.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "base/memory_limit.h"

namespace helicon::tools {
namespace {

constexpr std::chrono::minutes kTime{5};
constexpr uint64_t kMemory = uint64_t{4} << 30;        // of addresses; its libraries take a tenth
constexpr uint64_t kWorkingSet = uint64_t{512} << 20;  // that it is likely to take
constexpr int kThreads = 16;

// The file is copied, as many formats are read from the end first, and stdin cannot be. /etc, by
// whose links two of the libraries are found, is not there.
constexpr const char* kProgram = R"(
import glob, os, shutil, sys
with open("{0}", "wb") as file:
    shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
os.environ["LD_LIBRARY_PATH"] = ":".join(glob.glob("/usr/lib/*/blas") + glob.glob("/usr/lib/*/lapack"))
os.execv("/usr/bin/{1}", {2})
)";

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const size_t at = text.rfind('\n');
  return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

}  // namespace

Result<SandboxedFfmpeg> SandboxedFfmpeg::create() {
  HELICON_ASSIGN(Sandbox sandbox, Sandbox::create());
  for (const char* program : {"/usr/bin/ffmpeg", "/usr/bin/ffprobe"})
    if (access(program, X_OK) != 0)
      return Error{
          ErrorCode::unsupported, fmt::format("{} is missing (apt install ffmpeg)", program), {}};
  return SandboxedFfmpeg(std::move(sandbox));
}

Status SandboxedFfmpeg::run(const Task& task) const {
  struct stat facts {};
  if (fstat(task.file, &facts) != 0 || lseek(task.file, 0, SEEK_SET) != 0)
    return Error{ErrorCode::io, "the file cannot be read from its beginning", {}};
  const auto bytes = static_cast<uint64_t>(facts.st_size);
  if (bytes > kMostBytes)
    return Error{ErrorCode::too_large,
                 fmt::format("it has {} bytes; at most {} are decoded", bytes, kMostBytes),
                 {}};
  if (unclaimed_memory() < bytes + kWorkingSet)
    return Error{ErrorCode::out_of_memory,
                 fmt::format("decoding takes {} bytes of memory, and {} are free",
                             bytes + kWorkingSet, unclaimed_memory()),
                 {}};
  const MemoryClaim claim(bytes + kWorkingSet);
  boost::json::array words{task.program};
  for (const std::string& word : task.arguments) words.emplace_back(word);
  SandboxLimits limits;
  limits.time = kTime;
  limits.memory_bytes = kMemory;
  limits.file_bytes = bytes + (uint64_t{1} << 20);
  limits.threads = kThreads;
  HELICON_ASSIGN(
      const SandboxResult result,
      sandbox_.run_python(
          // A list of texts is the same in JSON and in Python.
          fmt::format(kProgram, media::Ffmpeg::kMedium, task.program,
                      boost::json::serialize(words)),
          limits, {.input_file = task.file, .on_output = task.on_output, .stop = task.stop}));
  if (task.stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", {}};
  if (result.timed_out)
    return Error{ErrorCode::too_large,
                 fmt::format("decoding it takes more than {} minutes", kTime.count()),
                 {}};
  if (result.ok() || result.stopped) return ok_status();
  return Error{ErrorCode::corrupt,
               fmt::format("{} cannot decode it: {}", task.program, last_line(result.errors)),
               {}};
}

}  // namespace helicon::tools
