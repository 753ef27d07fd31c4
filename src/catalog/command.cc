#include "catalog/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

namespace helicon::catalog {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kept_output = std::size_t{64} << 10U;

Error system_error(const std::string& program, int number) {
  return Error{number == ENOENT ? ErrorCode::not_found : ErrorCode::io,
               fmt::format("cannot run {}: {}", program, std::strerror(number)), ""};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Our environment, where `added` replaces variables of the same name.
std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  const auto name_of = [](std::string_view variable) {
    return variable.substr(0, variable.find('='));
  };
  std::vector<std::string> result = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const std::string& other : added) replaced |= name_of(other) == name_of(*variable);
    if (!replaced) result.emplace_back(*variable);
  }
  return result;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  void close_write() {
    if (write_end >= 0) close(write_end);
    write_end = -1;
  }
  ~Pipe() {
    if (read_end >= 0) close(read_end);
    close_write();
  }
};

// Appends what is there to `output`, without waiting. False at the end of the stream.
bool drain(int file, std::string& output) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > kept_output) output.erase(0, output.size() - kept_output);
  }
}

// Asks at the first call, insists two seconds later.
class Ending {
 public:
  void push(pid_t child) {
    if (!since_) {
      since_ = steady_clock::now();
      kill(child, SIGTERM);
    } else if (steady_clock::now() - *since_ > std::chrono::seconds(2)) {
      kill(child, SIGKILL);
    }
  }

 private:
  std::optional<steady_clock::time_point> since_;
};

Result<pid_t> spawn(std::vector<std::string> arguments, const std::filesystem::path& folder,
                    const std::vector<std::string>& environment, int error_output) {
  std::vector<std::string> variables = merged_environment(environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, error_output, STDERR_FILENO);
  // What we block or ignore is our business: the program must hear SIGTERM.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int signal : {SIGTERM, SIGINT, SIGPIPE}) sigaddset(&signals, signal);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, arguments.front().c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return system_error(arguments.front(), failure);
  return child;
}

}  // namespace

Result<CommandResult> run_command(const std::vector<std::string>& arguments,
                                  const std::filesystem::path& folder,
                                  const std::vector<std::string>& environment,
                                  const std::function<void()>& wait, std::stop_token stop) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return system_error(arguments.front(), errno);
  }
  Pipe pipe{ends[0], ends[1]};
  HELICON_ASSIGN(const pid_t child, spawn(arguments, folder, environment, pipe.write_end));
  pipe.close_write();

  CommandResult result;
  Ending ending;
  bool open = true;
  int status = 0;
  for (;;) {
    // Its children may hold the pipe open longer than it lives: its own end is what counts.
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno != EINTR) return system_error(arguments.front(), errno);
    if (open) open = drain(pipe.read_end, result.error_output);
    if (ended == child) break;
    if (stop.stop_requested()) ending.push(child);
    if (wait) wait();
    pollfd readable{open ? pipe.read_end : -1, POLLIN, 0};
    poll(&readable, 1, 100);
  }
  if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", ""};
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace helicon::catalog
