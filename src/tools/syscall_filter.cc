#include "tools/syscall_filter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "tools/streams.h"

namespace helicon::tools {
namespace {

// By name, as an architecture lacks some of them, and a library or a kernel the newest.
constexpr const char* kAllowed[] = {
    // memory: all of it has an address and so counts against RLIMIT_AS
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore",
    // files
    "open", "openat", "close", "close_range", "read", "write", "readv", "writev", "pread64",
    "pwrite64", "preadv", "pwritev", "lseek", "stat", "fstat", "lstat", "newfstatat", "statx",
    "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getcwd",
    "chdir", "fchdir", "getdents", "getdents64", "dup", "dup2", "dup3", "pipe", "pipe2", "truncate",
    "ftruncate", "fsync", "fdatasync", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "chmod", "fchmod",
    "fchmodat", "utimensat", "umask", "fadvise64", "copy_file_range",
    // waiting
    "poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep", "pause", "alarm",
    "getitimer", "setitimer", "restart_syscall",
    // threads
    "futex", "rseq", "set_robust_list", "set_tid_address", "arch_prctl", "gettid", "sched_yield",
    "sched_getaffinity", "getcpu", "membarrier",
    // signals; there is nobody else to send one to
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
    "rt_sigtimedwait", "sigaltstack", "kill", "tgkill",
    // about oneself
    "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "getpgid", "getpgrp", "getsid", "uname", "sysinfo", "getrusage", "times",
    "getrlimit", "setrlimit", "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom",
    // bubblewrap starts Python by it; who calls it again stays the one process, under this filter
    "execve", "exit", "exit_group"};

// "Not supported" is what the standard library's file copies expect here, and no other error.
constexpr const char* kUnsupported[] = {"getxattr",  "lgetxattr",  "fgetxattr",
                                        "listxattr", "llistxattr", "flistxattr"};

// Calls of which one argument has to have one of these values. No locks of files: the kernel keeps
// a record of each, and knows no limit for that. No bigger pipes.
struct Choice {
  const char* name;
  unsigned argument;
  uint64_t value;
};
constexpr Choice kChoices[] = {
    {"fcntl", 1, F_DUPFD},     {"fcntl", 1, F_DUPFD_CLOEXEC}, {"fcntl", 1, F_GETFD},
    {"fcntl", 1, F_SETFD},     {"fcntl", 1, F_GETFL},         {"fcntl", 1, F_SETFL},
    {"ioctl", 1, FIOCLEX},     {"ioctl", 1, FIONCLEX},        {"ioctl", 1, FIONBIO},
    {"ioctl", 1, TCGETS},      {"ioctl", 1, TIOCGWINSZ},      {"prctl", 0, PR_SET_NAME},
    {"prctl", 0, PR_GET_NAME}, {"prlimit64", 0, 0},  // one's own limits, which only sink
};

// A thread shares memory, files and signals with its process. Whoever asks clone for less would get
// a process, or a table of open files, beside those that are counted.
constexpr uint64_t kThread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS;
constexpr uint64_t kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};

// libseccomp's own SCMP_A0 and its like are compound literals, which C++ does not have.
scmp_arg_cmp compare(unsigned argument, scmp_compare operation, uint64_t first, uint64_t second) {
  scmp_arg_cmp result{};
  result.arg = argument;
  result.op = operation;
  result.datum_a = first;
  result.datum_b = second;
  return result;
}

// Zero, or a negative errno. A call that the library does not know, or that this architecture
// lacks, has a negative number and is left out.
int add_rule(scmp_filter_ctx context, uint32_t action, const char* name,
             const scmp_arg_cmp* condition = nullptr) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number < 0) return 0;
  return seccomp_rule_add_array(context, action, number, condition ? 1 : 0, condition);
}

int add_rules(scmp_filter_ctx context) {
  if (const int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
    return error;
  for (const char* name : kAllowed)
    if (const int error = add_rule(context, SCMP_ACT_ALLOW, name)) return error;
  for (const char* name : kUnsupported)
    if (const int error = add_rule(context, SCMP_ACT_ERRNO(ENOTSUP), name)) return error;
  for (const auto& [name, argument, value] : kChoices) {
    const scmp_arg_cmp equal = compare(argument, SCMP_CMP_EQ, value, 0);
    if (const int error = add_rule(context, SCMP_ACT_ALLOW, name, &equal)) return error;
  }
  // clone3 has its flags behind a pointer, where no filter sees them; it counts as missing.
  const scmp_arg_cmp thread = compare(0, SCMP_CMP_MASKED_EQ, kThread | kNamespaces, kThread);
  return add_rule(context, SCMP_ACT_ALLOW, "clone", &thread);
}

Error refused(int error) {
  return Error{ErrorCode::unsupported,
               fmt::format("the filter of system calls cannot be made: {}", std::strerror(error)),
               {}};
}

}  // namespace

Result<std::string> syscall_filter() {
  const std::unique_ptr<void, Release> context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  if (!context) return refused(ENOMEM);
  if (const int error = add_rules(context.get())) return refused(-error);
  // Older versions of the library write it to a file only. A pipe is none that the user's limit on
  // the size of files would end us for; it has to hold all of it.
  HELICON_ASSIGN(Pipe pipe, make_pipe());
  if (fcntl(pipe.write.value(), F_SETFL, O_NONBLOCK) != 0) return refused(errno);
  if (const int error = seccomp_export_bpf(context.get(), pipe.write.value()))
    return refused(-error);
  std::string bytes(static_cast<size_t>(fcntl(pipe.write.value(), F_GETPIPE_SZ)), '\0');
  const ssize_t count = read(pipe.read.value(), bytes.data(), bytes.size());
  if (count <= 0) return refused(EIO);
  if (static_cast<size_t>(count) == bytes.size()) return refused(EFBIG);
  bytes.resize(static_cast<size_t>(count));
  return bytes;
}

}  // namespace helicon::tools
