#include "progress.h"

#include <gtest/gtest.h>

namespace helicon::apps {
namespace {

catalog::Progress half() {
  return {.done = 50'000'000, .total = 100'000'000, .rate = 10e6, .stage = "fetching"};
}

TEST(ProgressBar, ShowsHowFarAndHowLong) {
  EXPECT_EQ(progress_bar("m", half(), 60),
            "m ████████░░░░░░░░  50 %  50 MB of 100 MB  10 MB/s  5 s left");
}

TEST(ProgressBar, FitsANarrowTerminal) {
  for (size_t columns : {1, 10, 30, 50}) {
    EXPECT_LE(progress_bar("smollm2-135m", half(), columns).size(), columns * 3);
  }
  EXPECT_EQ(progress_bar("smollm2-135m", half(), 20), "smollm2-135m  50 %  ");
}

TEST(ProgressBar, SaysWhatItDoesBeforeThereIsARate) {
  catalog::Progress progress = half();
  progress.rate = 0;
  progress.stage = "checking what is already here";
  EXPECT_NE(progress_bar("m", progress, 100).find("checking what is already here"),
            std::string::npos);
}

TEST(ProgressBar, SurvivesAnUnknownTotal) {
  EXPECT_NE(progress_bar("m", {}, 80).find("  0 %"), std::string::npos);
}

}  // namespace
}  // namespace helicon::apps
