// Ways out of the sandbox, each as a program that tries one and says how far it came.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

#include "tools/sandbox_fixture.h"

namespace helicon::tools {
namespace {

namespace fs = std::filesystem;

// call("ptrace", ...) is what the kernel answers: "ok" or the error's name.
constexpr const char* kCalls = R"(
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
numbers = {  # on 64-bit x86, on 64-bit ARM
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "process_madvise": (440, 440), "perf_event_open": (298, 241),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "socket": (41, 198), "socketpair": (53, 199), "io_uring_setup": (425, 425),
    "bpf": (321, 280), "keyctl": (250, 219), "add_key": (248, 217), "userfaultfd": (323, 282),
    "mount": (165, 40), "umount2": (166, 39), "fsopen": (430, 430), "open_tree": (428, 428),
    "move_mount": (429, 429), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "clone3": (435, 435), "execveat": (322, 281), "seccomp": (317, 277),
    "personality": (135, 92), "setuid": (105, 146), "capset": (126, 91), "quotactl": (179, 60),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "openat2": (437, 437),
    "fanotify_init": (300, 262), "inotify_init1": (294, 26), "epoll_create1": (291, 20),
    "eventfd2": (290, 19), "signalfd4": (289, 74), "timerfd_create": (283, 85),
    "timer_create": (222, 107), "mlock": (149, 228), "mbind": (237, 235), "vmsplice": (278, 75),
    "splice": (275, 76), "setxattr": (188, 5), "mknodat": (259, 33), "flock": (73, 32),
    "rt_sigqueueinfo": (129, 138), "landlock_create_ruleset": (444, 444), "setpriority": (141, 140),
    "sched_setaffinity": (203, 122), "init_module": (175, 105), "reboot": (169, 142),
    "syslog": (103, 116), "sethostname": (170, 161), "setsid": (112, 157), "none_such": (999, 999),
    "clone": (56, 220), "prctl": (157, 167), "ioctl": (16, 29), "fcntl": (72, 25),
    "prlimit64": (302, 261), "getpid": (39, 172)}
def raw(number, *words):
    words = [ctypes.c_long(word) for word in words + (0,) * (6 - len(words))]
    result = libc.syscall(ctypes.c_long(number), *words)
    return "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()]
def call(name, *words):
    return raw(numbers[name][platform.machine() != "x86_64"], *words)
)";

class EscapeTest : public SandboxTest {
 protected:
  std::string call(const std::string& expression) { return value(kCalls, expression); }
};

TEST_F(EscapeTest, ThereIsNoWayIntoOtherProcesses) {
  for (const char* path : {"/proc", "/proc/1/mem", "/proc/self/mem", "/proc/self/exe", "/sys"})
    EXPECT_EQ(value("", std::string("open('") + path + "', 'rb')"), "FileNotFoundError") << path;
  // It is the first process of its namespace itself, and there is no other.
  EXPECT_EQ(value("import os", "os.getpid(), os.getppid()"), "1 0");
  EXPECT_EQ(value("import os", "[pid for pid in range(2, 200) if not os.kill(pid, 0)]"),
            "ProcessLookupError");
  EXPECT_EQ(call("call('prlimit64', 0, 7)"), "ok");
  EXPECT_EQ(call("call('prlimit64', 1, 7)"), "ENOSYS");
}

TEST_F(EscapeTest, WhatIsNotOnTheListIsMissing) {
  EXPECT_EQ(call("call('getpid')"), "ok");
  EXPECT_EQ(call("[name for name in numbers if name not in ('getpid', 'fcntl', 'prlimit64') and "
                 "call(name) "
                 "!= 'ENOSYS']"),
            "[]");
  for (const char* family : {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"})
    EXPECT_EQ(call(std::string("__import__('socket').socket(__import__('socket').") + family + ")"),
              "OSError")
        << family;
}

TEST_F(EscapeTest, NoProcessesAndNoNamespaces) {
  for (const char* attempt : {"os.fork()", "os.posix_spawn('/usr/bin/true', ['true'], {})",
                              "__import__('subprocess').run(['true'])", "os.forkpty()",
                              "os.unshare(0x10000000)", "os.chroot('/tmp')"})
    EXPECT_NE(value("import os", std::string(attempt) + " and None").find("Error"),
              std::string::npos)
        << attempt;
  EXPECT_EQ(value("import os", "os.system('true')"), "32512");
  // As a thread is made, but with a namespace, or with a table of open files of its own.
  EXPECT_EQ(call("call('clone', 17)"), "ENOSYS");
  EXPECT_EQ(call("call('clone', 0x10000000 | 17)"), "ENOSYS");
  EXPECT_EQ(call("call('clone', 0x4100 | 17)"), "ENOSYS");                // as vfork does
  EXPECT_EQ(call("call('clone', 0x10000 | 0xf00 | 1 << 29)"), "ENOSYS");  // CLONE_NEWPID
  EXPECT_EQ(call("call('clone', 0x10000 | 0xb00)"), "ENOSYS");            // no CLONE_FILES
}

TEST_F(EscapeTest, OnlyHarmlessVariantsOfCallsThatDoMuch) {
  EXPECT_EQ(call("call('ioctl', 0, 0x5412)"), "ENOSYS");       // TIOCSTI
  EXPECT_EQ(call("call('ioctl', 0, 0x541c)"), "ENOSYS");       // TIOCLINUX
  EXPECT_EQ(call("call('ioctl', 0, 0x100005412)"), "ENOSYS");  // the kernel reads 32 bits
  EXPECT_EQ(call("call('ioctl', 0, 0x5421, ctypes.addressof(ctypes.c_int(0)))"), "ok");
  for (const int option : {1, 4, 22, 23, 24, 38, 47, 0x59616d61})  // pdeathsig to Yama's
    EXPECT_EQ(call("call('prctl', " + std::to_string(option) + ", 0, 0, 0, 0)"), "ENOSYS");
  for (const int command : {6, 7, 37, 1031, 1024, 1033, 8, 10})  // locks, sizes, leases, seals
    EXPECT_EQ(call("call('fcntl', 1, " + std::to_string(command) + ", 1 << 20)"), "ENOSYS");
}

TEST_F(EscapeTest, CallsOfOtherArchitecturesEndTheProgram) {
#ifdef __x86_64__
  const std::string setup = kCalls;
  // x32's getpid is this call with bit 30; 32-bit x86's is number 20 of interrupt 0x80.
  EXPECT_EQ(run(setup + "print(raw(0x40000000 + 39))").exit_code, 128 + 31);
  EXPECT_EQ(run("import ctypes, mmap\n"
                "m = mmap.mmap(-1, 4096, prot=7)\n"
                "m.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))\n"
                "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))"
                "\nprint(f())")
                .exit_code,
            128 + 31);
#endif
}

TEST_F(EscapeTest, TheHostsFilesAreOutOfReach) {
  EXPECT_EQ(value("import os", "sorted(os.listdir('/'))"),
            "['bin', 'dev', 'lib', 'lib64', 'tmp', 'usr']");
  EXPECT_EQ(value("import os", "sorted(os.listdir('/dev'))"),
            "['full', 'null', 'random', 'urandom', 'zero']");
  EXPECT_EQ(value("import os", "os.listdir('/tmp')"), "[]");
  for (const char* path : {"/etc", "/root", "/home", "/var", "/sys", "/proc", "/dev/shm",
                           "/dev/pts", "/dev/tty", "/dev/mqueue", "/run"})
    EXPECT_EQ(value("import os", std::string("os.path.lexists('") + path + "')"), "False") << path;
  for (const char* path : {"/x", "/usr/x", "/dev/x", "/usr/bin/python3", "/lib/x"})
    EXPECT_TRUE(value("", std::string("open('") + path + "', 'a')").ends_with("Error")) << path;
  for (const char* attempt :
       {"os.mkdir('/x')", "os.mkdir('/dev/x')", "os.unlink('/bin')", "os.unlink('/dev/null')",
        "os.chmod('/', 0o777)", "os.chmod('/dev/null', 0)", "os.rename('/tmp', '/x')",
        "os.mknod('/tmp/x', 0o20666, os.makedev(1, 1))"})
    EXPECT_TRUE(value("import os", attempt).ends_with("Error")) << attempt;
  EXPECT_EQ(value("", "open('/dev/null', 'wb').write(b'x')"), "1");
  EXPECT_EQ(value("", "open('/dev/zero', 'rb').read(2)"), "b'\\x00\\x00'");
  EXPECT_EQ(value("", "len(open('/dev/urandom', 'rb').read(8))"), "8");
  const std::string secret = "/tmp/helicon_sandbox_secret_" + std::to_string(getpid());
  std::ofstream(secret) << "secret";
  EXPECT_EQ(value("", "open('" + secret + "')"), "FileNotFoundError");
  fs::remove(secret);
}

TEST_F(EscapeTest, TheEnvironmentIsItsOwn) {
  setenv("HELICON_SECRET", "secret", 1);
  EXPECT_EQ(value("import os", "sorted(os.environ)"),
            "['HOME', 'LANG', 'MALLOC_ARENA_MAX', 'PATH', 'PWD']");
  EXPECT_EQ(value("import os", "os.getresuid() + os.getresgid() + tuple(os.getgroups())"),
            "(65534, 65534, 65534, 65534, 65534, 65534)");
  EXPECT_EQ(value("import os", "os.uname().nodename"), "sandbox");
  EXPECT_EQ(value("import sys", "sys.argv, sys.orig_argv"), "['program.py'] []");
  EXPECT_EQ(value("import __main__", "[n for n in vars(__main__) if not n.startswith('__')]"),
            "['sys', 'code']");
  unsetenv("HELICON_SECRET");
}

TEST_F(EscapeTest, LimitsCannotBeRaised) {
  EXPECT_EQ(value("import resource as r",
                  "[r.getrlimit(x) for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_NPROC, "
                  "r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_NOFILE)]"),
            "[(536870912, 536870912), (11, 11), (32, 32), (16777216, 16777216), (0, 0), (64, 64)]");
  EXPECT_EQ(value("import resource as r", "r.setrlimit(r.RLIMIT_AS, (1 << 30, 1 << 30))"),
            "ValueError");
}

// All the ways to memory together stay below what is allowed.
TEST_F(EscapeTest, MemoryIsLimited) {
  EXPECT_EQ(value("", "bytearray(1 << 30)"), "MemoryError");
  EXPECT_EQ(value("import mmap", "mmap.mmap(-1, 1 << 30)"), "OSError");
  EXPECT_EQ(value("import mmap", "mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | 0x4000)"),
            "OSError");  // MAP_NORESERVE
  EXPECT_EQ(
      value("import multiprocessing.shared_memory as s", "s.SharedMemory('x', True, 1 << 20)"),
      "FileNotFoundError");
  EXPECT_EQ(value("import os", "os.memfd_create('x')"), "OSError");
  // What it maps and lets go of is gone; what it can hold on to is files.
  const SandboxResult held = run(R"(
import mmap
held = []
try:
    while True: held.append(mmap.mmap(-1, 1 << 20))
except OSError:
    print(len(held) < 512)
)");
  EXPECT_EQ(held.output, "True\n") << held.errors;
}

TEST_F(EscapeTest, FilesAreLimited) {
  const SandboxResult file = run("f = open('x', 'wb')\nwhile True: f.write(b'0' * 65536)");
  EXPECT_NE(file.errors.find("OSError"), std::string::npos) << file.errors;
  EXPECT_FALSE(file.timed_out);
  const SandboxResult files =
      run("for i in range(1000):\n  with open(str(i), 'wb') as f: f.write(b'0' * 1000000)");
  EXPECT_NE(files.errors.find("No space left"), std::string::npos) << files.errors;
  // Not those that are deleted and open, either.
  const SandboxResult open =
      run("import os\nall = []\nfor i in range(60):\n  f = open('x', 'wb', 0)\n  os.unlink('x')\n"
          "  all.append(f)\n  f.write(b'0' * 1000000)");
  EXPECT_NE(open.errors.find("No space left"), std::string::npos) << open.errors;
  // Empty ones take memory of the kernel that no limit of a tmpfs counts.
  for (const char* make :
       {"open(str(i), 'w').close()", "os.mkdir(str(i))", "os.symlink('x', str(i))"}) {
    const SandboxResult many =
        run(std::string("import os\nfor i in range(3000000): ") + make, SandboxLimits{});
    EXPECT_EQ(many.exit_code, 128 + 9) << many.errors;
    EXPECT_NE(many.errors.find("too many files"), std::string::npos);
    EXPECT_LT(many.seconds, 3) << make;
  }
  EXPECT_TRUE(run("for i in range(3000): open(str(i), 'w').close()\n"
                  "import time; time.sleep(0.1)")
                  .ok());
}

TEST_F(EscapeTest, ThreadsAreLimited) {
  const SandboxResult threads = run(R"(
import os, threading, time
made = 1
try:
    for i in range(1000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        made += 1
except RuntimeError:
    pass
print(made, flush=True)
os._exit(0)
)");
  EXPECT_EQ(threads.output, "32\n") << threads.errors;
}

// Where memory runs out it is the first to go.
TEST_F(EscapeTest, IsTheFirstToBeEndedForWantOfMemory) {
  std::ofstream own("/proc/self/oom_score_adj", std::ios::app);
  if (!own) GTEST_SKIP() << "no /proc/self/oom_score_adj here";
  std::string found;
  {
    std::stop_source stop;
    const std::jthread runner(
        [&] { run("import time\ntime.sleep(60)", {}, {}, stop.get_token()); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::string command, score;
      std::getline(std::ifstream(entry.path() / "cmdline"), command, '\0');
      std::getline(std::ifstream(entry.path() / "oom_score_adj"), score);
      if (command == "/usr/bin/python3" && score == "1000") found = score;
    }
    stop.request_stop();
  }
  EXPECT_EQ(found, "1000");
}

}  // namespace
}  // namespace helicon::tools
