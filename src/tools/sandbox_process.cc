#include "tools/sandbox_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace helicon::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kProgram = 3;  // descriptors of the child
constexpr int kFilter = 4;
constexpr int kAbout = 5;
constexpr auto kGrace = std::chrono::milliseconds(100);  // for bubblewrap to end by itself

// Sets the limits, for good, before anything of the program is read: bubblewrap sets none, and that
// on threads counts within its namespace only. The user's own may be lower and stay. Nothing of the
// launcher is left where `import __main__` would show it.
constexpr const char* kLauncher = R"(
import resource, sys
for name, value in (("AS", int(sys.argv[1])), ("CPU", int(sys.argv[2])), ("NPROC", int(sys.argv[3])),
                    ("FSIZE", int(sys.argv[4])), ("CORE", 0), ("NOFILE", 64)):
    kind = getattr(resource, "RLIMIT_" + name)
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
with open(3, encoding="utf-8", errors="replace") as file:
    code = [compile(file.read(), "program.py", "exec")]
sys.argv = ["program.py"]
sys.orig_argv = []
del resource, file, name, value, kind, hard
exec(code.pop(), {"__name__": "__main__", "__builtins__": __builtins__})
)";

// The kernel exempts root from the limit on processes, whatever it is called inside.
constexpr std::string_view kNotAsRoot = "--reuid 65534 --regid 65534 --clear-groups --";

// Where memory runs out, this goes first. Refused in some containers, where it goes as others do.
constexpr const char* kExpendable =
    "{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec \"$@\"";

// bubblewrap's words that are always the same. Of devices those that hold nothing; no /proc, by
// which a process reaches into others' memory, and no /etc. The program is the first process of its
// namespace, so that no process is in there which the filter does not bind, and its end is that of
// all others.
constexpr std::string_view kIsolation =
    "--unshare-all --die-with-parent --new-session --as-pid-1 --cap-drop ALL --uid 65534 "
    "--gid 65534 --hostname sandbox --ro-bind /usr /usr --symlink usr/lib /lib "
    "--symlink usr/lib64 /lib64 --symlink usr/bin /bin --dir /dev ";
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};
constexpr std::string_view kEnvironment =
    "--clearenv --setenv PATH /usr/bin --setenv HOME /tmp --setenv LANG C.UTF-8 "
    // Each thread's own arena would take 64 MB of addresses off the limit.
    "--setenv MALLOC_ARENA_MAX 1";

void add_words(std::string_view text, std::vector<std::string>& words) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::string> command(const fs::path& bubblewrap, const SandboxLimits& limits) {
  const auto cpu = std::chrono::ceil<std::chrono::seconds>(limits.time).count() + 1;
  std::vector<std::string> words;
  if (geteuid() == 0) {
    words.emplace_back(kSetpriv);
    add_words(kNotAsRoot, words);
  }
  words.insert(words.end(), {kShell, "-c", kExpendable, kShell, bubblewrap.string()});
  add_words(kIsolation, words);
  for (const char* device : kDevices)
    add_words(fmt::format("--dev-bind /dev/{0} /dev/{0}", device), words);
  add_words(kEnvironment, words);
  add_words(fmt::format("--size {} --tmpfs /tmp --remount-ro / --chdir /tmp --seccomp {} "
                        "--info-fd {} -- {} -I -S -B -X utf8 -c",
                        limits.file_bytes, kFilter, kAbout, kPython),
            words);
  words.emplace_back(kLauncher);
  add_words(fmt::format("{} {} {} {}", limits.memory_bytes, cpu, limits.threads, limits.file_bytes),
            words);
  return words;
}

// Starts the command with these descriptors, a process group of its own, no signals blocked or
// ignored, and nothing of our environment.
Result<pid_t> spawn(const std::vector<std::string>& words, const SandboxProcess::Ends& ends,
                    int about) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::pair<int, int> moves[] = {{ends.input, 0},        {ends.output, 1},
                                       {ends.errors, 2},       {ends.program, kProgram},
                                       {ends.filter, kFilter}, {about, kAbout}};
  for (const auto& [from, to] : moves) posix_spawn_file_actions_adddup2(&actions, from, to);
  posix_spawn_file_actions_addclosefrom_np(&actions, kAbout + 1);  // what others left open
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  char* environment[] = {nullptr};
  pid_t process = -1;
  const int error =
      posix_spawn(&process, words[0].c_str(), &actions, &attributes, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    errno = error;
    return system_error(words[0]);
  }
  return process;
}

// By number, as the C library of Debian 11 and its like have no names for them.
Descriptor descriptor_of(pid_t process) {
  return Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
}

}  // namespace

Result<SandboxProcess> SandboxProcess::start(const fs::path& bubblewrap,
                                             const SandboxLimits& limits, const Ends& ends) {
  HELICON_ASSIGN(Pipe about, make_pipe());
  if (fcntl(about.read.value(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl");
  HELICON_ASSIGN(const pid_t process,
                 spawn(command(bubblewrap, limits), ends, about.write.value()));
  about.write.reset();
  return SandboxProcess(process, descriptor_of(process), std::move(about), limits);
}

Result<std::optional<int>> SandboxProcess::ended() {
  int status = 0;
  const pid_t waited = waitpid(process_, &status, WNOHANG);
  if (waited < 0 && errno != EINTR) return system_error("waitpid");
  if (waited != process_) return std::optional<int>();
  return std::optional<int>(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

// bubblewrap says it in JSON, before its child goes on: {"child-pid": 123, ...}.
void SandboxProcess::find_inner() {
  constexpr std::string_view name = "\"child-pid\":";
  if (inner_ > 0) return;
  std::array<char, 512> buffer;
  const ssize_t count = read(about_.read.value(), buffer.data(), buffer.size());
  if (count > 0) said_.append(buffer.data(), static_cast<size_t>(count));
  const size_t at = said_.find(name);
  const size_t begin =
      at == std::string::npos ? at : said_.find_first_not_of(' ', at + name.size());
  // Until something follows the number, more of it may.
  if (begin == std::string::npos || said_.find_first_not_of("0123456789", begin) == begin) return;
  if (said_.find_first_not_of("0123456789", begin) == std::string::npos) return;
  std::from_chars(said_.data() + begin, said_.data() + said_.size(), inner_);
  inner_descriptor_ = descriptor_of(inner_);
}

// The program first: bubblewrap, its parent, sees its end and then ends as well, so that nobody is
// left for an init process, which containers often lack, to wait for. Before bubblewrap has said
// who that is, it gets some time to: its child ends with it only later, when all is set up. Who
// takes too long is stopped, so that it makes no further children, and ended after them.
void SandboxProcess::kill() {
  find_inner();
  const auto now = std::chrono::steady_clock::now();
  if (!killed_) killed_ = now;
  if (inner_descriptor_.open())
    syscall(SYS_pidfd_send_signal, inner_descriptor_.value(), SIGKILL, nullptr, 0);
  if (now - *killed_ < kGrace) return;
  if (!std::exchange(halted_, true)) {
    ::kill(process_, SIGSTOP);
    return;
  }
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", process_));
  for (pid_t child = 0; children >> child;) ::kill(child, SIGKILL);
  ::kill(process_, SIGKILL);
}

bool SandboxProcess::too_many_files() {
  find_inner();
  struct statvfs files;
  if (inner_ <= 0 || statvfs(fmt::format("/proc/{}/root/tmp", inner_).c_str(), &files) != 0)
    return false;
  // Told by its size from the system's /tmp, which it has until its own is made.
  const uint64_t bytes = uint64_t{files.f_blocks} * files.f_frsize;
  if (bytes < limits_.file_bytes || bytes - limits_.file_bytes >= files.f_frsize) return false;
  return files.f_files - files.f_ffree > static_cast<uint64_t>(limits_.files);
}

}  // namespace helicon::tools
