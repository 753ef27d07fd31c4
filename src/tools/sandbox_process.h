// One run of bubblewrap with a Python in it: how it is started, watched and ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "tools/sandbox.h"
#include "tools/streams.h"

namespace helicon::tools {

inline constexpr const char* kPython = "/usr/bin/python3";
inline constexpr const char* kSetpriv = "/usr/bin/setpriv";  // needed by root only
inline constexpr const char* kShell = "/bin/sh";

class SandboxProcess {
 public:
  struct Ends {
    int input, output, errors;  // the program's, as the child has them
    int filter, program;        // what is read before it begins
  };
  // Error: io.
  static Result<SandboxProcess> start(const std::filesystem::path& bubblewrap,
                                      const SandboxLimits& limits, const Ends& ends);
  SandboxProcess(SandboxProcess&&) = default;

  // Readable when it has ended; -1 on kernels that cannot tell (before 5.3).
  int descriptor() const { return bubblewrap_.value(); }
  // The exit code once it has ended, with all that it has started; 128 and more: by that signal and
  // 128. Error: io where somebody else has taken it, such as a SIGCHLD that is ignored.
  Result<std::optional<int>> ended();
  // Ends it, whatever it does. To be called again, every few milliseconds, until ended() says so.
  void kill();
  // Whether the files it has made are more than its limit: the bound on a tmpfs's bytes counts
  // empty files and folders as nothing, while each takes a kilobyte of the kernel's.
  bool too_many_files();

 private:
  SandboxProcess(pid_t process, Descriptor bubblewrap, Pipe about, const SandboxLimits& limits)
      : process_(process),
        bubblewrap_(std::move(bubblewrap)),
        about_(std::move(about)),
        limits_(limits) {}
  void find_inner();

  pid_t process_;          // bubblewrap, our child
  Descriptor bubblewrap_;  // the same
  Pipe about_;             // on which bubblewrap says who its child is
  SandboxLimits limits_;
  std::string said_;
  pid_t inner_ = -1;  // bubblewrap's child, the program, and first process of its namespace
  Descriptor inner_descriptor_;
  std::optional<std::chrono::steady_clock::time_point> killed_;  // first
  bool halted_ = false;
};

}  // namespace helicon::tools
