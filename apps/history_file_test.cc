#include "history_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace helicon::apps {
namespace {

class HistoryFile : public testing::Test {
 protected:
  HistoryFile() {
    std::string pattern = testing::TempDir() + "history-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~HistoryFile() override { std::filesystem::remove_all(folder_); }

  size_t lines() const {
    std::ifstream stream(file_path());
    size_t count = 0;
    for (std::string line; std::getline(stream, line);) ++count;
    return count;
  }
  std::filesystem::path file_path() const { return folder_ / "config" / "history"; }

  std::filesystem::path folder_;
};

TEST_F(HistoryFile, GivesBackWhatWasTyped) {
  const std::vector<std::string> typed = {"plain", "two\nlines \\ \"quoted\"", "你好 🙂", ""};
  for (const std::string& entry : typed) append_history(file_path(), entry);
  EXPECT_EQ(load_history(file_path(), 10), typed);
}

TEST_F(HistoryFile, IsForTheUserAlone) {
  append_history(file_path(), "secret");
  struct stat status = {};
  ASSERT_EQ(::stat(file_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(HistoryFile, KeepsTheNewest) {
  for (int i = 0; i < 9; ++i) append_history(file_path(), std::to_string(i));
  EXPECT_EQ(load_history(file_path(), 5), (std::vector<std::string>{"4", "5", "6", "7", "8"}));
  EXPECT_EQ(lines(), 9u);  // not worth rewriting yet
  append_history(file_path(), "9");
  EXPECT_EQ(load_history(file_path(), 5), (std::vector<std::string>{"5", "6", "7", "8", "9"}));
  EXPECT_EQ(lines(), 5u);
}

TEST_F(HistoryFile, PassesOverWhatItDoesNotKnow) {
  EXPECT_TRUE(load_history(file_path(), 5).empty());
  append_history(file_path(), "good");
  std::ofstream(file_path(), std::ios::app) << "broken\n17\n\"half";
  EXPECT_EQ(load_history(file_path(), 5), std::vector<std::string>{"good"});
}

}  // namespace
}  // namespace helicon::apps
