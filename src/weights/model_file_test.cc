#include "weights/model_file.h"

#include <gtest/gtest.h>

#include <limits>

namespace helicon::weights {
namespace {

Metadata sample() {
  Metadata metadata;
  metadata.set("count", uint64_t{7});
  metadata.set("offset", int64_t{-7});
  metadata.set("positive", int64_t{8});
  metadata.set("scale", 0.5);
  metadata.set("flag", true);
  metadata.set("name", std::string("llama"));
  metadata.set("counts", std::vector<uint64_t>{1, 2});
  metadata.set("offsets", std::vector<int64_t>{-1, 2});
  metadata.set("huge", std::vector<uint64_t>{1, std::numeric_limits<uint64_t>::max()});
  metadata.set("scales", std::vector<double>{0.5});
  metadata.set("names", std::vector<std::string>{"a"});
  return metadata;
}

template <typename T>
void expect_error(const Result<T>& result, const std::string& message) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, message);
  EXPECT_EQ(result.error().code, ErrorCode::corrupt);
}

TEST(Metadata, GivesValuesOfTheKindAskedFor) {
  const Metadata metadata = sample();
  EXPECT_EQ(*metadata.unsigned_integer("count"), 7u);
  EXPECT_EQ(*metadata.unsigned_integer("positive"), 8u);
  EXPECT_EQ(*metadata.number("scale"), 0.5);
  EXPECT_EQ(*metadata.number("count"), 7.0);
  EXPECT_EQ(*metadata.number("offset"), -7.0);
  EXPECT_TRUE(*metadata.boolean("flag"));
  EXPECT_EQ(*metadata.string("name"), "llama");
  EXPECT_EQ(*metadata.integer_array("counts"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(*metadata.integer_array("offsets"), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(*metadata.number_array("offsets"), (std::vector<double>{-1, 2}));
  EXPECT_EQ(*metadata.number_array("counts"), (std::vector<double>{1, 2}));
  EXPECT_EQ(*metadata.number_array("scales"), (std::vector<double>{0.5}));
  EXPECT_EQ((*metadata.string_array("names"))->front(), "a");
}

TEST(Metadata, NamesTheKeyAndWhatIsWrong) {
  const Metadata metadata = sample();
  expect_error(metadata.string("nothing"), "metadata key 'nothing' is missing");
  expect_error(metadata.unsigned_integer("offset"), "metadata key 'offset' is negative (-7)");
  expect_error(metadata.unsigned_integer("scale"),
               "metadata key 'scale' is a number, not an unsigned integer");
  expect_error(metadata.number("name"), "metadata key 'name' is a string, not a number");
  expect_error(metadata.boolean("count"),
               "metadata key 'count' is an unsigned integer, not a boolean");
  expect_error(metadata.string("names"),
               "metadata key 'names' is an array of strings, not a string");
  expect_error(metadata.string_array("name"),
               "metadata key 'name' is a string, not an array of strings");
  expect_error(metadata.integer_array("scales"),
               "metadata key 'scales' is an array of numbers, not an array of integers");
  expect_error(metadata.integer_array("huge"),
               "metadata key 'huge' holds 18446744073709551615, which is too large");
  expect_error(metadata.number_array("flag"),
               "metadata key 'flag' is a boolean, not an array of numbers");
}

TEST(Metadata, SettingAgainReplaces) {
  Metadata metadata = sample();
  metadata.set("count", std::string("seven"));
  EXPECT_EQ(*metadata.string("count"), "seven");
  EXPECT_EQ(metadata.all().size(), sample().all().size());
}

TEST(TensorView, CountsItsElements) {
  TensorView tensor;
  tensor.shape = {3, 4, 5};
  EXPECT_EQ(tensor.elements(), 60u);
}

}  // namespace
}  // namespace helicon::weights
