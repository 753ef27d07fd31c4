#include "tools/sandbox.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "tools/sandbox_process.h"
#include "tools/streams.h"
#include "tools/syscall_filter.h"

namespace helicon::tools {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(20);  // between looks at the clock

Error missing(std::string_view what, std::string_view package) {
  return Error{ErrorCode::unsupported,
               fmt::format("programs cannot be run: {} is missing (apt install {})", what, package),
               {}};
}

// Tells whether the sandbox holds what it promises where it counts most: a system whose bubblewrap
// or kernel drops a wall without a word is one that runs nothing.
constexpr const char* kSelfTest = R"(
import os, socket
if sorted(os.listdir("/")) != ["bin", "dev", "lib", "lib64", "tmp", "usr"]:
    raise SystemExit("it shows other files than it should")
for attempt in (os.fork, socket.socket, lambda: os.memfd_create("x"), lambda: open("/usr/x", "w")):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("it allows what it should refuse")
print(6 * 7)
)";

}  // namespace

Result<Sandbox> Sandbox::create() {
  std::vector<fs::path> folders;
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) folders.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return create(folders);
}

Result<Sandbox> Sandbox::create(const std::vector<fs::path>& folders) {
  const auto found = std::find_if(folders.begin(), folders.end(), [](const fs::path& folder) {
    return access((folder / "bwrap").c_str(), X_OK) == 0;
  });
  if (found == folders.end()) return missing("bubblewrap", "bubblewrap");
  if (access(kPython, X_OK) != 0) return missing(kPython, "python3");
  if (access(kShell, X_OK) != 0) return missing(kShell, "dash");
  if (geteuid() == 0 && access(kSetpriv, X_OK) != 0) return missing(kSetpriv, "util-linux");
  HELICON_ASSIGN(std::string filter, syscall_filter());
  Sandbox sandbox(*found / "bwrap", std::move(filter));
  HELICON_ASSIGN(const SandboxResult tried, sandbox.run_python(kSelfTest));
  if (!tried.ok() || tried.output != "42\n")
    return Error{ErrorCode::unsupported,
                 fmt::format("programs cannot be run: bubblewrap fails here, perhaps as the system "
                             "allows no user namespaces: {}",
                             tried.errors.substr(0, tried.errors.find('\n'))),
                 {}};
  return sandbox;
}

Result<SandboxResult> Sandbox::run_python(std::string_view program, const SandboxLimits& limits,
                                          const SandboxStreams& streams) const {
  HELICON_ASSIGN(Feed filter_feed, Feed::make(filter_));
  HELICON_ASSIGN(Feed program_feed, Feed::make(program));
  HELICON_ASSIGN(Feed input_feed, Feed::make(streams.input));
  HELICON_ASSIGN(Collector output, Collector::make(limits.output_bytes, streams.on_output));
  HELICON_ASSIGN(Collector errors, Collector::make(limits.output_bytes));
  const Clock::time_point start = Clock::now();
  HELICON_ASSIGN(
      SandboxProcess process,
      SandboxProcess::start(bubblewrap_, limits,
                            {streams.input_file >= 0 ? streams.input_file : input_feed.child_end(),
                             output.child_end(), errors.child_end(), filter_feed.child_end(),
                             program_feed.child_end()}));
  output.close_child_end();
  errors.close_child_end();

  SandboxResult result;
  bool too_many_files = false;
  std::optional<int> exit_code;
  while (!exit_code) {
    std::array<pollfd, 6> ends = {{{process.descriptor(), POLLIN, 0},
                                   {output.our_end(), POLLIN, 0},
                                   {errors.our_end(), POLLIN, 0},
                                   {filter_feed.our_end(), POLLOUT, 0},
                                   {program_feed.our_end(), POLLOUT, 0},
                                   {input_feed.our_end(), POLLOUT, 0}}};
    poll(ends.data(), ends.size(), static_cast<int>(kTick.count()));
    for (Feed* feed : {&filter_feed, &program_feed, &input_feed}) feed->push();
    output.pull();
    errors.pull();
    HELICON_ASSIGN(exit_code, process.ended());
    if (exit_code) break;
    result.stopped |= !result.timed_out && (streams.stop.stop_requested() || output.refused());
    result.timed_out |= !result.stopped && Clock::now() - start > limits.time;
    too_many_files |= process.too_many_files();
    if (result.stopped || result.timed_out || too_many_files) process.kill();
  }
  // What it wrote last; at most what a pipe holds.
  output.pull();
  errors.pull();
  result.exit_code = *exit_code;
  result.output = output.take();
  result.errors = errors.take();
  if (too_many_files) result.errors += "\nkilled: it made too many files\n";
  result.truncated = output.truncated() || errors.truncated();
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace helicon::tools
