#include "base/paths.h"

#include <gtest/gtest.h>

#include <map>

namespace helicon {
namespace {

Environment of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(PathsTest, DefaultsLieUnderHome) {
  const auto paths = find_paths(of({{"HOME", "/home/ada"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, "/home/ada/.local/share/helicon/models");
  EXPECT_EQ(paths->cache, "/home/ada/.cache/helicon");
  EXPECT_EQ(paths->config, "/home/ada/.config/helicon");
}

TEST(PathsTest, XdgFoldersWinOverHome) {
  const auto paths = find_paths(of({{"HOME", "/home/ada"},
                                    {"XDG_DATA_HOME", "/data"},
                                    {"XDG_CACHE_HOME", "/fast"},
                                    {"XDG_CONFIG_HOME", "/etc/ada"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, "/data/helicon/models");
  EXPECT_EQ(paths->cache, "/fast/helicon");
  EXPECT_EQ(paths->config, "/etc/ada/helicon");
}

TEST(PathsTest, RelativeXdgFoldersAreIgnored) {
  const auto paths = find_paths(of({{"HOME", "/home/ada"}, {"XDG_DATA_HOME", "data"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, "/home/ada/.local/share/helicon/models");
}

TEST(PathsTest, HeliconHomeOverridesAll) {
  const auto paths = find_paths(
      of({{"HELICON_HOME", "/srv/helicon"}, {"HOME", "/home/ada"}, {"XDG_DATA_HOME", "/data"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, "/srv/helicon/models");
  EXPECT_EQ(paths->cache, "/srv/helicon/cache");
  EXPECT_EQ(paths->config, "/srv/helicon/config");
}

TEST(PathsTest, RelativeHeliconHomeStartsAtTheWorkingDirectory) {
  const auto paths = find_paths(of({{"HELICON_HOME", "./here/../there"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, std::filesystem::current_path() / "there" / "models");
}

TEST(PathsTest, EmptyVariablesAreUnset) {
  const auto paths =
      find_paths(of({{"HELICON_HOME", ""}, {"XDG_DATA_HOME", ""}, {"HOME", "/home/ada"}}));
  ASSERT_TRUE(paths.ok());
  EXPECT_EQ(paths->models, "/home/ada/.local/share/helicon/models");
}

TEST(PathsTest, WithoutAnyHomeTheErrorNamesTheVariables) {
  const auto paths = find_paths(of({}));
  ASSERT_FALSE(paths.ok());
  EXPECT_EQ(paths.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(paths.error().message.find("HELICON_HOME"), std::string::npos);
}

}  // namespace
}  // namespace helicon
