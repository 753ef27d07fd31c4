// For tests: an empty models folder, a small "model" of known bytes, and a catalog that has it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "catalog/catalog.h"

namespace helicon::catalog {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string sha256_of(const std::string& bytes) {
  Sha256 sum;
  sum.add(std::as_bytes(std::span(bytes)));
  return sum.finish();
}

class CatalogFixture : public testing::Test {
 protected:
  CatalogFixture()
      : root_(std::filesystem::temp_directory_path() / fmt::format("helicon-catalog-{}", getpid())),
        models_(root_ / "models") {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(models_);
    // Servers on this machine are not behind whatever proxy the tester has.
    setenv("no_proxy", "127.0.0.1", 1);
    for (std::uint32_t i = 0, state = 1; i < 300'000; ++i) {
      state = state * 1664525U + 1013904223U;
      model_ += static_cast<char>(state >> 24U);
    }
  }
  ~CatalogFixture() override { std::filesystem::remove_all(root_); }

  // A catalog of one model "tiny", to be had from `sources`.
  Options options(std::vector<Source> sources) const {
    Entry entry;
    entry.name = "tiny";
    entry.bytes = model_.size();
    entry.sha256 = sha256_of(model_);
    entry.sources = std::move(sources);
    return Options{
        .models = models_,
        .hub = "http://127.0.0.1:1",
        .entries = {std::move(entry)},
        .stall = std::chrono::seconds(1),
        .free_bytes = [](const auto&) -> Result<std::uint64_t> { return std::uint64_t{1} << 40U; }};
  }

  std::filesystem::path target() const { return models_ / "tiny.gguf"; }
  std::filesystem::path partial() const { return models_ / "tiny.gguf.partial"; }

  // The model is there, whole, with its sum, and nothing else is.
  void expect_installed() const {
    EXPECT_TRUE(read_file(target()) == model_);
    EXPECT_EQ(files(), (std::vector<std::string>{"tiny.gguf", "tiny.gguf.sum"}));
  }
  // Nothing at all is left in the folder.
  void expect_nothing() const { EXPECT_EQ(files(), std::vector<std::string>{}); }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(models_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::filesystem::path root_;
  std::filesystem::path models_;
  std::string model_;
};

}  // namespace helicon::catalog
