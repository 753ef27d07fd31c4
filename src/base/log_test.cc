#include "base/log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace helicon {
namespace {

Environment with_log(std::optional<std::string> value) {
  return [value = std::move(value)](const std::string& name) {
    return name == "HELICON_LOG" ? value : std::nullopt;
  };
}

TEST(LogTest, TheVariableWinsOverTheDefault) {
  ASSERT_TRUE(set_up_log("error", with_log("debug")).ok());
  EXPECT_EQ(spdlog::get_level(), spdlog::level::debug);
}

TEST(LogTest, WithoutTheVariableTheDefaultHolds) {
  ASSERT_TRUE(set_up_log("error", with_log(std::nullopt)).ok());
  EXPECT_EQ(spdlog::get_level(), spdlog::level::err);
}

TEST(LogTest, AnUnknownLevelIsAnErrorAndChangesNothing) {
  ASSERT_TRUE(set_up_log("error", with_log(std::nullopt)).ok());
  const Status status = set_up_log("info", with_log("loud"));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(status.error().message.find("'loud'"), std::string::npos);
  EXPECT_EQ(spdlog::get_level(), spdlog::level::err);
}

TEST(LogTest, LinesGoToStandardErrorOnly) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ASSERT_TRUE(set_up_log("info", with_log(std::nullopt)).ok());
  spdlog::info("a line");
  spdlog::debug("a quiet line");
  spdlog::default_logger()->flush();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("info a line\n"), std::string::npos) << log;
  EXPECT_EQ(log.find("quiet"), std::string::npos) << log;
}

}  // namespace
}  // namespace helicon
