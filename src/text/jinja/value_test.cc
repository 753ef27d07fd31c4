#include "text/jinja/value.h"

#include <gtest/gtest.h>

#include <cmath>

#include "text/jinja/compare.h"
#include "text/jinja/iterate.h"
#include "text/jinja/representation.h"

namespace helicon::text::jinja {
namespace {

class ValueTest : public testing::Test {
 protected:
  std::string repr(const Value& value) { return to_repr(sandbox_, value); }
  Value number(int64_t value) { return Value::integer(value); }
  Value text(std::string value) { return make_string(sandbox_, std::move(value)); }

  Sandbox sandbox_{TemplateLimits{}};
};

TEST_F(ValueTest, OfEqualKeysTheFirstKeepsItsPlaceAndTheLastItsValue) {
  const Value dict = Dict::make(&sandbox_, {{number(1), text("a")},
                                            {text("x"), text("b")},
                                            {Value::floating(1.0), text("c")},
                                            {Value::boolean(true), text("d")}});
  EXPECT_EQ(repr(dict), "{1: 'd', 'x': 'b'}");
}

TEST_F(ValueTest, KeysOfAllKindsAreFound) {
  const Value pair = make_tuple(sandbox_, {number(1), text("a")});
  const Value dict = Dict::make(&sandbox_, {{text("b"), number(1)},
                                            {pair, number(2)},
                                            {Value::none(), number(3)},
                                            {text("a"), number(4)}});
  EXPECT_EQ(dict.dict().find("a")->as_integer(), 4);
  EXPECT_EQ(dict.dict().find(make_tuple(sandbox_, {Value::floating(1), text("a")}))->as_integer(),
            2);
  EXPECT_EQ(dict.dict().find(Value::none())->as_integer(), 3);
  EXPECT_EQ(dict.dict().find("c"), nullptr);
  EXPECT_EQ(dict.dict().find(number(1)), nullptr);
  EXPECT_FALSE(check_hashable(sandbox_, make_tuple(sandbox_, {make_list(sandbox_, {})})).ok());
}

TEST_F(ValueTest, RangesCountWithoutOverflow) {
  EXPECT_EQ(Range(&sandbox_, 0, 10, 3).length, 4);
  EXPECT_EQ(Range(&sandbox_, 10, 0, -3).length, 4);
  EXPECT_EQ(Range(&sandbox_, 0, -1, 1).length, 0);
  EXPECT_EQ(Range(&sandbox_, INT64_MIN, INT64_MAX, 1).length, INT64_MAX);
  EXPECT_EQ(Range(&sandbox_, INT64_MAX, INT64_MIN, INT64_MIN).length, 2);
}

TEST_F(ValueTest, IntegersAndFloatsCompareExactly) {
  const int64_t large = 9007199254740993;  // the first that a double cannot hold
  EXPECT_TRUE(*less(sandbox_, Value::floating(9007199254740992.0), number(large)));
  EXPECT_FALSE(equal(sandbox_, Value::floating(9007199254740992.0), number(large)));
  EXPECT_TRUE(*less(sandbox_, number(INT64_MAX), Value::floating(9223372036854775808.0)));
  EXPECT_FALSE(*less(sandbox_, number(1), Value::floating(std::nan(""))));
  EXPECT_FALSE(less(sandbox_, number(1), text("1")).ok());
}

TEST_F(ValueTest, SortingIsStableAndStopsAtTheFirstError) {
  std::vector<Value> items = {text("b1"), text("a1"), text("b2"), text("a2")};
  const std::vector<Value> keys = {text("b"), text("a"), text("b"), text("a")};
  const auto before = [&](const Value& a, const Value& b) { return less(sandbox_, a, b); };
  ASSERT_TRUE(sort_by(items, keys, false, before).ok());
  EXPECT_EQ(repr(make_list(sandbox_, items)), "['a1', 'a2', 'b1', 'b2']");
  items = {text("b1"), text("a1"), text("b2"), text("a2")};
  ASSERT_TRUE(sort_by(items, keys, true, before).ok());
  EXPECT_EQ(repr(make_list(sandbox_, items)), "['b1', 'b2', 'a1', 'a2']");
  EXPECT_FALSE(sort_by(items, {number(1), text("a"), number(2), text("b")}, false, before).ok());
}

TEST(Sandbox, CountsTheMemoryOfLivingValuesOnly) {
  TemplateLimits limits;
  limits.memory_bytes = 10'000;
  Sandbox sandbox(limits);
  for (int i = 0; i < 100; ++i) make_string(sandbox, std::string(5000, 'a'));
  EXPECT_TRUE(sandbox.check().ok()) << "each was gone before the next";
  const Value first = make_string(sandbox, std::string(5000, 'a'));
  EXPECT_TRUE(sandbox.check().ok());
  const Value second = make_string(sandbox, std::string(5000, 'a'));
  EXPECT_FALSE(sandbox.check().ok());
}

TEST(Sandbox, OnceFailedItStaysSo) {
  TemplateLimits limits;
  limits.steps = 10;
  Sandbox sandbox(limits);
  EXPECT_TRUE(sandbox.charge(10));
  EXPECT_FALSE(sandbox.charge(1));
  EXPECT_FALSE(sandbox.charge(0));
  EXPECT_EQ(sandbox.check().error().message, "does not come to an end within 10 steps");
}

TEST(Sandbox, RefusesValuesThatAreNestedTooDeeply) {
  Sandbox sandbox{TemplateLimits{}};
  Value value = make_list(sandbox, {});
  for (int i = 1; i < kMaxValueDepth; ++i) value = make_list(sandbox, {value});
  EXPECT_TRUE(sandbox.check().ok());
  value = make_list(sandbox, {value});
  EXPECT_FALSE(sandbox.check().ok());
}

TEST(Sandbox, NamespacesThatHoldEachOtherAreFreed) {
  // The leak checker of the sanitized build is the judge.
  Sandbox sandbox{TemplateLimits{}};
  const Value first = make_namespace(sandbox), second = make_namespace(sandbox);
  first.name_space().set(sandbox, "other", make_list(sandbox, {second}));
  second.name_space().set(sandbox, "other", make_list(sandbox, {first}));
  EXPECT_TRUE(sandbox.check().ok());
}

TEST(Iterate, AGeneratorIsWalkedOnce) {
  Sandbox sandbox{TemplateLimits{}};
  const Value generator =
      make_generator(sandbox, 0, [count = 0](Sandbox&, Value& item) mutable -> Result<bool> {
        item = Value::integer(count);
        return count++ < 3;
      });
  EXPECT_EQ(to_vector(sandbox, generator)->size(), 3u);
  EXPECT_EQ(to_vector(sandbox, generator)->size(), 0u);
}

}  // namespace
}  // namespace helicon::text::jinja
