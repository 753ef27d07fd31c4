#include "http/web_assets.h"

#include <gtest/gtest.h>

#include <set>

namespace helicon::http {
namespace {

// Holds for any table, the empty one of -DHELICON_WEB=OFF included.
TEST(WebAssets, EachFileIsFoundUnderItsOwnPath) {
  std::set<std::string_view> paths;
  for (const WebAsset& asset : web_assets()) {
    EXPECT_EQ(find_web_asset(asset.path), &asset);
    EXPECT_TRUE(paths.insert(asset.path).second) << asset.path;
    EXPECT_EQ(asset.path.front(), '/');
    EXPECT_FALSE(asset.content_type.empty()) << asset.path;
    EXPECT_FALSE(asset.bytes.empty()) << asset.path;
    EXPECT_EQ(asset.etag.front(), '"');
    EXPECT_EQ(asset.etag.back(), '"');
    const bool gzip_magic = asset.bytes.starts_with("\x1f\x8b");
    EXPECT_EQ(asset.gzip, gzip_magic) << asset.path;
  }
}

TEST(WebAssets, RootIsTheIndex) {
  EXPECT_EQ(find_web_asset("/"), find_web_asset("/index.html"));
  EXPECT_EQ(find_web_asset("/") != nullptr, !web_assets().empty());
}

TEST(WebAssets, UnknownPathsAreNotFound) {
  EXPECT_EQ(find_web_asset(""), nullptr);
  EXPECT_EQ(find_web_asset("/nothing-of-that-name"), nullptr);
  EXPECT_EQ(find_web_asset("/../index.html"), nullptr);
}

}  // namespace
}  // namespace helicon::http
