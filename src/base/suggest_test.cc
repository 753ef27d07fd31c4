#include "base/suggest.h"

#include <gtest/gtest.h>

namespace helicon {
namespace {

const std::vector<std::string> names = {"qwen2.5-coder-1.5b", "smollm2-135m", "gemma3-270m"};

TEST(Suggest, FindsTypingErrors) {
  EXPECT_EQ(nearest("smolm2-135m", names), "smollm2-135m");  // a letter missing
  EXPECT_EQ(nearest("gemma3-207m", names), "gemma3-270m");   // neighbours swapped
  EXPECT_EQ(nearest("qwen2.5-coder-1.5", names), "qwen2.5-coder-1.5b");
  EXPECT_EQ(nearest("rnu", {"rm", "run", "ls"}), "run");
}

TEST(Suggest, FindsShortenedNames) {
  EXPECT_EQ(nearest("qwen", names), "qwen2.5-coder-1.5b");
  EXPECT_EQ(nearest("qwen-coder", names), "qwen2.5-coder-1.5b");
}

TEST(Suggest, PrefersTheNearest) { EXPECT_EQ(nearest("gemma", {"gemma3-270m", "gemmo"}), "gemmo"); }

TEST(Suggest, IsSilentAboutOtherThings) {
  EXPECT_EQ(nearest("llama-70b", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(100000, 'q'), names), "");
  EXPECT_EQ(suggestion("llama-70b", names), "");
  EXPECT_EQ(suggestion("smollm", names), "; did you mean 'smollm2-135m'?");
}

}  // namespace
}  // namespace helicon
