// Runs programs that nobody vouches for where they can do no harm.
//
// Bubblewrap gives each run namespaces of its own: no network, no process but its own, no /proc and
// no /etc, of files only /usr, read-only, and an empty /tmp of bounded size; of devices null, zero,
// full, random and urandom. A seccomp filter (tools/syscall_filter.h) allows what a computation
// needs of the kernel and nothing else. A run is one process: it has threads, and starts no others.
// All memory it can get hold of is `memory_bytes` of addresses, `file_bytes` of files and some
// megabytes of the kernel's for threads, pipes and names of files; where the system's memory runs
// out all the same, it goes first. When its time is up it is killed, and bubblewrap with it.
//
// What is left: it can read the whole of /usr and use its share of the processors, and it stands
// before the kernel that all share; who needs more than that runs Helicon in a virtual machine.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace helicon::tools {

struct SandboxLimits {
  std::chrono::milliseconds time{10'000};
  uint64_t memory_bytes = uint64_t{512} << 20;  // of addresses
  uint64_t file_bytes = uint64_t{16} << 20;     // all files together
  int files = 4096;                             // and folders; some more for an instant
  size_t output_bytes = size_t{64} << 10;       // kept of stdout, and of stderr
  int threads = 32;                             // the first one included
};

struct SandboxResult {
  int exit_code = 0;  // 128 and more: ended by that signal and 128
  bool timed_out = false;
  bool stopped = false;    // on request, or by on_output
  bool truncated = false;  // more was written than kept: the first quarter, a line that says how
                           // much is left out, and the last three quarters
  std::string output;      // any bytes
  std::string errors;
  double seconds = 0;

  bool ok() const { return exit_code == 0 && !timed_out && !stopped; }
};

// What goes in and out of a run.
struct SandboxStreams {
  std::string_view input = {};
  int input_file = -1;  // an open file instead, from where it stands
  // Takes what the program writes to stdout as it comes, and not SandboxResult::output. False:
  // that is enough, and the run is stopped.
  std::function<bool(std::string_view)> on_output = {};
  std::stop_token stop = {};
};

// Safe to use from many threads.
class Sandbox {
 public:
  // Looks for bubblewrap in the folders of PATH, and tries it. Error: unsupported, naming what is
  // missing or refused, and what to do about it.
  static Result<Sandbox> create();
  // The same, in these folders.
  static Result<Sandbox> create(const std::vector<std::filesystem::path>& folders);

  // Runs a program of Python 3, without its site packages. Whatever the program does is a result.
  // An exit code of 0 says that it ended, not that it came to its last line: a program ends itself
  // whenever it likes. Errors: io (no descriptors or processes left).
  Result<SandboxResult> run_python(std::string_view program, const SandboxLimits& limits = {},
                                   const SandboxStreams& streams = {}) const;

 private:
  Sandbox(std::filesystem::path bubblewrap, std::string filter)
      : bubblewrap_(std::move(bubblewrap)), filter_(std::move(filter)) {}

  std::filesystem::path bubblewrap_;
  std::string filter_;  // the seccomp program
};

}  // namespace helicon::tools
