#include "tools/sandbox.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "tools/sandbox_fixture.h"

namespace helicon::tools {
namespace {

namespace fs = std::filesystem;

// Seconds that a run may outlast its limit: a machine that tests is busy.
constexpr double kLate = 0.25;

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(SandboxTest, GivesOutputErrorsInputAndExitCode) {
  const SandboxResult result =
      run("import sys\nprint(input() + '!')\nprint('beside', file=sys.stderr)\nsys.exit(7)\n", {},
          "grüße\n");
  EXPECT_EQ(result.output, "grüße!\n");
  EXPECT_EQ(result.errors, "beside\n");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_FALSE(result.timed_out);
  EXPECT_FALSE(result.truncated);
}

TEST_F(SandboxTest, AProgramThatIsWrongTellsWhy) {
  const SandboxResult broken = run("print('a'\n");
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.errors.find("SyntaxError"), std::string::npos);
  const SandboxResult raised = run("x = 1\nraise ValueError('no')\n");
  EXPECT_NE(raised.errors.find("program.py\", line 2"), std::string::npos) << raised.errors;
  EXPECT_NE(raised.errors.find("ValueError: no"), std::string::npos);
  EXPECT_EQ(run("").exit_code, 0);
  EXPECT_EQ(run(std::string("print(1)\0print(2)", 17)).exit_code, 1);
  EXPECT_EQ(run("import ctypes\nctypes.string_at(0)").exit_code, 128 + 11);
}

TEST_F(SandboxTest, WhatAComputationNeedsIsThere) {
  EXPECT_EQ(run(R"(
import abc, array, bisect, collections, contextlib, copy, csv, dataclasses, datetime, decimal
import doctest, enum, functools, hashlib, heapq, inspect, io, itertools, json, math, numbers
import operator, os, queue, random, re, secrets, shutil, sqlite3, statistics, string, struct, sys
import tempfile, textwrap, threading, time, traceback, typing, unittest, uuid, zoneinfo, calendar
import concurrent.futures, multiprocessing, subprocess, asyncio, logging, pickle, unicodedata
import fractions
print(fractions.Fraction(1, 3) + 1, hashlib.sha256(b"x").hexdigest()[:4], random.random() < 1)
print(sqlite3.connect(":memory:").execute("select 6 * 7").fetchone())
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda x: x * x, range(100))))
print(time.time() > 0, datetime.datetime.now().year > 2000, len(os.urandom(8)), os.cpu_count() > 0)
)")
                .output,
            "4/3 2d71 True\n(42,)\n328350\nTrue True 8 True\n");
  EXPECT_EQ(run(R"(
import os, shutil, tempfile
open("/tmp/x", "w").write("kept")
shutil.copy2("x", "y")
os.mkdir("d")
shutil.move("y", "d/z")
with tempfile.NamedTemporaryFile("w+") as file, tempfile.TemporaryDirectory() as folder:
    print(open("d/z").read(), sorted(os.listdir("d")), os.path.isdir(folder))
shutil.rmtree("d")
print(sorted(os.listdir()))
)")
                .output,
            "kept ['z'] True\n['x']\n");
  EXPECT_EQ(run(R"(
import signal, time
def late(*_): raise TimeoutError
signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    time.sleep(5)
except TimeoutError:
    print("late")
)")
                .output,
            "late\n");
}

// Each goes on for ever, in its own way.
constexpr const char* kEndless[] = {
    "while True: pass", "import time\ntime.sleep(100)",
    "import signal, time\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n"
    "  except (OSError, ValueError): pass\nwhile True: pass",
    "import os, time\nos.closerange(0, 64)\ntime.sleep(100)",
    "import os, time\ntry: os.fork()\nexcept OSError: pass\ntime.sleep(100)",
    // No signal of the parent's end any more, were it to be had by that.
    "import ctypes, time\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\ntime.sleep(100)",
    "import threading\ndef spin():\n  while True: pass\n"
    "for i in range(8): threading.Thread(target=spin).start()",
    "import os\nwhile True: os.write(1, b'0' * 65536)",
    "import os\nos.execv('/usr/bin/yes', ['yes'])"};

TEST_F(SandboxTest, TimeIsLimited) {
  SandboxLimits limits;
  limits.time = std::chrono::milliseconds(500);
  for (const char* program : kEndless) {
    const SandboxResult result = run(program, limits);
    EXPECT_TRUE(result.timed_out) << program;
    EXPECT_FALSE(result.ok());
    EXPECT_LT(result.seconds, 0.5 + kLate) << program;
  }
  limits.time = std::chrono::milliseconds(1);  // less than bubblewrap takes to begin
  for (int i = 0; i < 20; ++i) {
    const SandboxResult result = run("while True: pass", limits);
    EXPECT_TRUE(result.timed_out);
    EXPECT_LT(result.seconds, kLate);
  }
}

TEST_F(SandboxTest, OfMuchOutputTheBeginningAndTheEndAreKept) {
  SandboxLimits limits;
  limits.output_bytes = 1000;
  const SandboxResult flood =
      run("print('first')\nfor i in range(100000): print('0123456789')\n"
          "print('last')",
          limits);
  EXPECT_TRUE(flood.truncated);
  EXPECT_EQ(flood.exit_code, 0);
  EXPECT_TRUE(flood.output.starts_with("first\n012"));
  EXPECT_TRUE(flood.output.ends_with("789\nlast\n"));
  EXPECT_NE(flood.output.find("\n[... 1099011 bytes left out ...]\n"), std::string::npos)
      << flood.output;
  EXPECT_LT(flood.output.size(), 1050u);
  // Just as much as is kept, and one byte more.
  const SandboxResult full = run("print('x' * 999)", limits);
  EXPECT_FALSE(full.truncated);
  EXPECT_EQ(full.output, std::string(999, 'x') + "\n");
  EXPECT_TRUE(run("print('x' * 1000)", limits).truncated);
  limits.output_bytes = 0;
  EXPECT_TRUE(run("print('x')", limits).truncated);
}

TEST_F(SandboxTest, LongProgramsAndInputsComeThroughWhole) {
  const std::string input(3 << 20, 'x');
  EXPECT_EQ(
      run("import sys\n#" + std::string(3 << 20, ' ') + "\nprint(len(sys.stdin.read()))", {}, input)
          .output,
      "3145728\n");
  EXPECT_EQ(run("print('unread')", {}, input).output, "unread\n");
  EXPECT_EQ(run("import os\nos.close(0)\nprint('closed')", {}, input).output, "closed\n");
}

TEST_F(SandboxTest, StopsOnRequest) {
  std::stop_source source;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    source.request_stop();
  });
  const SandboxResult result = run("while True: pass", {}, {}, source.get_token());
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_LT(result.seconds, 0.3 + kLate);
  source.request_stop();
  EXPECT_TRUE(run("while True: pass", {}, {}, source.get_token()).stopped);
}

TEST_F(SandboxTest, ManyAtOnceLeaveNothingBehind) {
  const size_t before = open_descriptors();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([this, i] {
        for (int round = 0; round < 3; ++round)
          EXPECT_EQ(run("print(" + std::to_string(i) + " * 2)").output,
                    std::to_string(2 * i) + "\n");
      });
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // no child, not even a dead one
}

// As what helicon is in a container: who is orphaned is its child, and nobody else's to wait for.
TEST_F(SandboxTest, FiftyRunsLeaveNoDescriptorAndNoProcess) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  SandboxLimits brief;
  brief.time = std::chrono::milliseconds(150);
  const size_t before = open_descriptors();
  for (int i = 0; i < 50; ++i) {
    if (i % 3 == 0) {
      run(kEndless[static_cast<size_t>(i) / 3 % std::size(kEndless)], brief);
    } else {
      EXPECT_EQ(run("print(1)").output, "1\n");
    }
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << i;
  }
  EXPECT_EQ(open_descriptors(), before);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// One that hangs before it says who its child is; that must not outlive it.
TEST_F(SandboxTest, ABubblewrapThatHangsIsEndedWithItsChildren) {
  const fs::path folder = fs::temp_directory_path() / ("helicon_hangs_" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "bwrap") << "#!/bin/sh\nif [ -e " << (folder / "hang").string()
                                  << " ]; then sleep 1000 & wait; fi\nexec bwrap \"$@\"\n";
  fs::permissions(folder / "bwrap", fs::perms(0755));
  sandbox_ = Sandbox::create({folder});
  ASSERT_TRUE(sandbox_.ok()) << sandbox_.error().message;
  std::ofstream(folder / "hang") << "";
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  SandboxLimits limits;
  limits.time = std::chrono::milliseconds(300);
  const SandboxResult result = run("print(1)", limits);
  EXPECT_TRUE(result.timed_out);
  EXPECT_LT(result.seconds, 0.3 + kLate);
  int status = 0;
  EXPECT_GT(waitpid(-1, &status, 0), 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  fs::remove_all(folder);
}

// What others have open without "close on exec" is not passed on, and what one run has open not to
// another that begins at the same time: its pipes would not end.
TEST_F(SandboxTest, InheritsNoDescriptors) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(value("import os\ndef is_open(fd):\n  try: os.fstat(fd)\n  except OSError: return "
                  "False\n  return True\n",
                  "[fd for fd in range(64) if is_open(fd)]"),
            "[0, 1, 2]");
  close(ends[0]);
  close(ends[1]);
}

// The user's limit on the size of files ends who writes more, by a signal; so does a pipe that
// nobody reads.
TEST_F(SandboxTest, TheCallersLimitsAndSignalsDoNotMatter) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto pipes = signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(run("import os\nos.close(0)\nprint(1)", {}, std::string(1 << 20, 'x')).output, "1\n");
  EXPECT_TRUE(Sandbox::create().ok());
  signal(SIGPIPE, pipes);
  setrlimit(RLIMIT_FSIZE, &before);
}

TEST(SandboxCreate, SaysWhatIsMissing) {
  const auto nowhere = Sandbox::create({"/nowhere", ""});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, ErrorCode::unsupported);
  EXPECT_NE(nowhere.error().message.find("apt install bubblewrap"), std::string::npos);
  // One that does not work, as where user namespaces are switched off.
  const fs::path folder = fs::temp_directory_path() / ("helicon_bwrap_" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "bwrap")
      << "#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n";
  fs::permissions(folder / "bwrap", fs::perms(0755));
  const auto refused = Sandbox::create({folder});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("No permissions to create new namespace"),
            std::string::npos)
      << refused.error().message;
  fs::remove_all(folder);
}

}  // namespace
}  // namespace helicon::tools
