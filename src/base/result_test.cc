#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string_view>

namespace helicon {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return Error{ErrorCode::invalid_argument, "number: is odd", "number"};
  return number / 2;
}

Status check(int number, int& calls) {
  HELICON_TRY(half_of(number));
  ++calls;
  return ok_status();
}

Result<int> quarter_of(int number) {
  HELICON_ASSIGN(const int half, half_of(number));
  HELICON_ASSIGN(const int quarter, half_of(half));
  return quarter;
}

TEST(Result, IsAValueOrAnError) {
  const Result<int> good = half_of(6);
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(*good, 3);
  const Result<int> bad = half_of(5);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bad.error().message, "number: is odd");
  EXPECT_EQ(bad.error().parameter, "number");
}

TEST(Result, TryReturnsTheErrorAndGoesOnOtherwise) {
  int calls = 0;
  EXPECT_TRUE(check(4, calls).ok());
  EXPECT_EQ(calls, 1);
  const Status bad = check(3, calls);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().parameter, "number");
  EXPECT_EQ(calls, 1);
}

TEST(Result, AssignTakesTheValueOutOrReturnsTheError) {
  ASSERT_TRUE(quarter_of(12).ok());
  EXPECT_EQ(*quarter_of(12), 3);
  EXPECT_FALSE(quarter_of(6).ok());
  EXPECT_FALSE(quarter_of(3).ok());
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(4);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 4);
}

TEST(ErrorCode, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::internal) + 1);
  EXPECT_EQ(to_string(ErrorCode::context_length), "context_length");
}

}  // namespace
}  // namespace helicon
