#include "weights/gguf_split.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "weights/gguf_image.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;
using tensor::ElementType;

TEST(PartPath, IsCountedFromOne) {
  EXPECT_EQ(*part_path("/models/big-00001-of-00003.gguf", 1, 3), "/models/big-00002-of-00003.gguf");
  EXPECT_EQ(*part_path("big-q4-00003-of-00012.gguf", 11, 12), "big-q4-00012-of-00012.gguf");
}

TEST(PartPath, ANameThatIsNoPartsIsRefused) {
  for (const char* name :
       {"big.gguf", "big-00001-of-00004.gguf", "big-0001-of-00003.gguf", "-00001-of-00003.gguf",
        "big-1-of-3.gguf", "big-0000x-of-00003.gguf", "big_00001-of-00003.gguf", ".gguf", ""}) {
    const auto path = part_path(name, 0, 3);
    ASSERT_FALSE(path.ok()) << name;
    EXPECT_EQ(path.error().message,
              std::string(name) + ": one of 3 parts, so its name must end in -NNNNN-of-00003.gguf");
  }
}

// A model of three parts with a tensor each.
class SplitTest : public testing::Test {
 protected:
  SplitTest()
      : folder_(fs::temp_directory_path() / ("helicon_gguf_split_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (uint16_t i = 0; i < 3; ++i) part(i, i, 3, 3, "tensor" + std::to_string(i)).write(path(i));
  }
  ~SplitTest() override { fs::remove_all(folder_); }

  static GgufImage part(uint16_t index, uint16_t number, uint16_t count, int32_t tensors,
                        const std::string& tensor) {
    GgufImage image;
    if (index == 0) image.key("general.architecture", std::string("llama"));
    image.key("split.no", number).key("split.count", count).key("split.tensors.count", tensors);
    image.tensor(tensor, {4}, ElementType::f32, std::string(16, static_cast<char>('a' + index)));
    return image;
  }

  fs::path path(int index) const {
    return folder_ / ("m-0000" + std::to_string(index + 1) + "-of-00003.gguf");
  }

  void expect_error(int opened, int named, ErrorCode code, const std::string& message) const {
    const auto file = ModelFile::open(path(opened));
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().message, path(named).string() + ": " + message);
    EXPECT_EQ(to_string(file.error().code), to_string(code));
  }

  const fs::path folder_;
};

TEST_F(SplitTest, TheFirstPartPullsInTheOthers) {
  const auto file = ModelFile::open(path(0));
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(*(*file)->metadata().string("general.architecture"), "llama");
  ASSERT_EQ((*file)->tensors().size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const TensorView* tensor = (*file)->find("tensor" + std::to_string(i));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(static_cast<char>(tensor->data[0]), 'a' + i);
  }
  uint64_t bytes = 0;
  for (int i = 0; i < 3; ++i) bytes += fs::file_size(path(i));
  EXPECT_EQ((*file)->file_bytes(), bytes);
  EXPECT_TRUE((*file)->intact());
  fs::resize_file(path(2), 10);
  EXPECT_FALSE((*file)->intact());
}

TEST_F(SplitTest, ALaterPartPointsToTheFirst) {
  expect_error(1, 1, ErrorCode::invalid_argument,
               "is part 2 of 3; open the first, m-00001-of-00003.gguf");
}

TEST_F(SplitTest, AMissingPart) {
  fs::remove(path(2));
  expect_error(0, 2, ErrorCode::not_found, "part 3 of 3 is missing");
}

TEST_F(SplitTest, ABrokenPartIsNamed) {
  std::ofstream(path(1)) << "nonsense";
  expect_error(0, 1, ErrorCode::corrupt, "header: no 'GGUF' at the start, so this is no GGUF file");
}

TEST_F(SplitTest, PartsThatDoNotBelongTogether) {
  const std::string message = "does not say that it is part 2 of 3 with 3 tensors in all";
  part(1, 2, 3, 3, "tensor1").write(path(1));
  expect_error(0, 1, ErrorCode::corrupt, message);
  part(1, 1, 2, 3, "tensor1").write(path(1));
  expect_error(0, 1, ErrorCode::corrupt, message);
  part(1, 1, 3, 4, "tensor1").write(path(1));
  expect_error(0, 1, ErrorCode::corrupt, message);
  GgufImage().write(path(1));
  expect_error(0, 1, ErrorCode::corrupt, message);
}

TEST_F(SplitTest, ATensorInTwoParts) {
  part(2, 2, 3, 3, "tensor0").write(path(2));
  expect_error(0, 2, ErrorCode::corrupt, "tensor 'tensor0' is in an earlier part too");
}

TEST_F(SplitTest, FewerTensorsThanClaimed) {
  for (uint16_t i = 0; i < 3; ++i) part(i, i, 3, 4, "tensor" + std::to_string(i)).write(path(i));
  expect_error(0, 0, ErrorCode::corrupt, "claims 4 tensors in all parts, which have 3");
}

TEST_F(SplitTest, NumbersThatMakeNoSense) {
  part(0, 3, 3, 3, "tensor0").write(path(0));
  expect_error(0, 0, ErrorCode::corrupt, "metadata key 'split.no' is 3 of 3 parts, counted from 0");
  part(0, 0, 3, -1, "tensor0").write(path(0));
  expect_error(0, 0, ErrorCode::corrupt, "metadata key 'split.tensors.count' is negative (-1)");
  part(0, 0, 4, 3, "tensor0").write(path(0));
  expect_error(0, 0, ErrorCode::corrupt,
               "one of 4 parts, so its name must end in -NNNNN-of-00004.gguf");
}

TEST_F(SplitTest, OneOfOneIsNoSplit) {
  part(0, 0, 1, 1, "tensor0").write(folder_ / "alone.gguf");
  const auto file = ModelFile::open(folder_ / "alone.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*file)->tensors().size(), 1u);
}

}  // namespace
}  // namespace helicon::weights
