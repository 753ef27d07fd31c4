#include "weights/model_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "weights/safetensors_image.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "model.safetensors.index.json";

// A file with one F32 number.
std::string one_tensor(const std::string& name) {
  return safetensors_image(
      fmt::format(R"({{"{}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}})", name),
      std::string(4, '\1'));
}

class ModelFolderTest : public testing::Test {
 protected:
  ModelFolderTest()
      : folder_(fs::temp_directory_path() / ("helicon_model_folder_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("config.json", R"({"model_type": "tiny"})");
  }
  ~ModelFolderTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  void expect_error(ErrorCode code, const std::string& said) const {
    const auto file = ModelFile::open(folder_);
    ASSERT_FALSE(file.ok()) << "instead of: " << said;
    const std::string& message = file.error().message;
    EXPECT_EQ(to_string(file.error().code), to_string(code)) << message;
    EXPECT_NE(message.find(said), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with(folder_.string())) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  const fs::path folder_;
};

TEST_F(ModelFolderTest, ConfigurationIsMetadata) {
  write("config.json",
        R"({"model_type": "tiny", "text_config": {"hidden_size": 64, "deep": {"x": 1}},
      "theta": 1e4, "negative": -1, "flag": true, "nothing": null, "types": ["a", "b"],
      "thetas": [0, 0.5], "sizes": [1, 2], "mixed": [1, "a"], "flags": [true, false]})");
  write("model.safetensors", one_tensor("t"));
  const auto file = ModelFile::open(folder_);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const Metadata& metadata = (*file)->metadata();
  EXPECT_EQ(metadata.string("general.architecture").value(), "tiny");
  EXPECT_EQ(metadata.unsigned_integer("config.text_config.hidden_size").value(), 64u);
  EXPECT_EQ(metadata.unsigned_integer("config.text_config.deep.x").value(), 1u);
  EXPECT_EQ(metadata.number("config.theta").value(), 1e4);
  EXPECT_FALSE(metadata.unsigned_integer("config.negative").ok());
  EXPECT_TRUE(metadata.boolean("config.flag").value());
  EXPECT_FALSE(metadata.contains("config.nothing"));
  EXPECT_EQ(metadata.string_array("config.types").value()->size(), 2u);
  EXPECT_EQ(metadata.number_array("config.thetas").value(), (std::vector<double>{0, 0.5}));
  EXPECT_EQ(metadata.integer_array("config.sizes").value(), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(metadata.integer_array("config.mixed").ok());
  EXPECT_TRUE(metadata.string_array("config.mixed").value()->empty());
  EXPECT_TRUE(metadata.contains("config.flags"));
  ASSERT_NE((*file)->find("t"), nullptr);
  EXPECT_TRUE((*file)->intact());
}

TEST_F(ModelFolderTest, TwoFoldersHaveTwoIdentities) {
  write("model.safetensors", one_tensor("t"));
  const auto before = ModelFile::open(folder_);
  ASSERT_TRUE(before.ok()) << before.error().message;
  write("config.json", R"({"model_type": "other", "rms_norm_eps": 1})");
  const auto after = ModelFile::open(folder_);
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_NE((*before)->identity(), (*after)->identity());
}

TEST_F(ModelFolderTest, ConfigurationsThatAreNone) {
  write("model.safetensors", one_tensor("t"));
  const std::pair<const char*, const char*> cases[] = {
      {"", "is no JSON"},
      {"[]", "is no JSON object"},
      {"{}", "has no 'model_type'"},
      {R"({"model_type": 1})", "has no 'model_type'"},
      {R"({"model_type": "a", "model_type": "b"})", "key 'model_type' appears twice"},
      {R"({"model_type": "a", "a": {"b": 1}, "a.b": 2})", "says twice what 'config.a.b' is"},
  };
  for (const auto& [config, said] : cases) {
    write("config.json", config);
    expect_error(ErrorCode::corrupt, said);
  }
  write("config.json", std::string(5 << 20, ' '));
  expect_error(ErrorCode::too_large, "at most 4194304 are read");
  write("config.json", "{\"a\":" + std::string(100000, '[') + "}");
  expect_error(ErrorCode::too_large, "nested deeper than 16 levels");
  fs::remove(folder_ / "config.json");
  expect_error(ErrorCode::not_found, "is a folder without config.json");
}

TEST_F(ModelFolderTest, ShardsAreOneModel) {
  write("a.safetensors", one_tensor("x"));
  write("b.safetensors", one_tensor("y"));
  write(kIndex, R"({"metadata": {"total_size": 8},
                    "weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  const auto file = ModelFile::open(folder_);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*file)->tensors().size(), 2u);
  EXPECT_NE((*file)->find("x"), nullptr);
  EXPECT_NE((*file)->find("y"), nullptr);
}

TEST_F(ModelFolderTest, ShardsThatDoNotAgreeWithTheIndex) {
  expect_error(ErrorCode::not_found, "model.safetensors: no such file");
  write("a.safetensors", one_tensor("x"));
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "has no object 'weight_map'"},
      {R"({"weight_map": []})", "has no object 'weight_map'"},
      {R"({"weight_map": {"x": "a.safetensors", "x": "a.safetensors"}})", "'x' appears twice"},
      {R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors"}})",
       "a.safetensors: does not hold tensor 'y'"},
      {R"({"weight_map": {"y": "a.safetensors"}})",
       "holds tensor 'x', which model.safetensors.index.json does not name"},
      {R"({"weight_map": {"x": 1}})", "should lie in a file NAME.safetensors"},
      {R"({"weight_map": {"x": ""}})", "should lie in a file NAME.safetensors"},
      {R"({"weight_map": {"x": ".safetensors"}})", "should lie in a file NAME.safetensors"},
      {R"({"weight_map": {"x": "../a.safetensors"}})", "not in '../a.safetensors'"},
      {R"({"weight_map": {"x": "/a.safetensors"}})", "not in '/a.safetensors'"},
      {R"({"weight_map": {"x": "b\\a.safetensors"}})", "should lie in a file"},
      {R"({"weight_map": {"x": "a\u0000.safetensors"}})", "should lie in a file"},
      {R"({"weight_map": {"x": "config.json"}})", "not in 'config.json'"},
  };
  for (const auto& [index, said] : cases) {
    write(kIndex, index);
    expect_error(ErrorCode::corrupt, said);
  }
  write(kIndex, R"({"weight_map": {"x": "gone.safetensors"}})");
  expect_error(ErrorCode::not_found, "gone.safetensors: no such file");
  // The same tensor in two files: the index can name one of them only.
  write("b.safetensors", one_tensor("x"));
  write("c.safetensors", one_tensor("y"));
  write(kIndex, R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  expect_error(ErrorCode::corrupt, "says is in 'a.safetensors'");
}

TEST_F(ModelFolderTest, IndexOfTooManyFiles) {
  std::string index = R"({"weight_map": {"t": "t.safetensors")";
  for (int i = 0; i < 1000; ++i) index += fmt::format(R"(, "{0}": "{0}.safetensors")", i);
  write(kIndex, index + "}}");
  expect_error(ErrorCode::too_large, "names 1001 files, at most 1000 are read");
}

}  // namespace
}  // namespace helicon::weights
