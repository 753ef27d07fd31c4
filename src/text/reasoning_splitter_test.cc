#include "text/reasoning_splitter.h"

#include <gtest/gtest.h>

namespace helicon::text {
namespace {

struct Case {
  const char* said;
  bool opened;
  const char* reasoning;
  const char* text;
};

class Splitting : public testing::TestWithParam<Case> {};

TEST_P(Splitting, IsTheSameInAnyPieces) {
  const std::string said = GetParam().said;
  const auto split = [&](std::initializer_list<size_t> cuts) {
    ReasoningSplitter splitter(GetParam().opened);
    ReasoningSplitter::Pieces all;
    const auto take = [&](const ReasoningSplitter::Pieces& pieces) {
      all.reasoning += pieces.reasoning;
      all.text += pieces.text;
    };
    size_t begin = 0;
    for (const size_t cut : cuts) {
      take(splitter.push(std::string_view(said).substr(begin, cut - begin)));
      begin = cut;
    }
    take(splitter.push(std::string_view(said).substr(begin)));
    take(splitter.finish());
    EXPECT_EQ(all.reasoning, GetParam().reasoning);
    EXPECT_EQ(all.text, GetParam().text);
  };
  for (size_t i = 0; i <= said.size(); ++i)
    for (size_t j = i; j <= said.size(); ++j) split({i, j});
}

INSTANTIATE_TEST_SUITE_P(
    Replies, Splitting,
    testing::Values(Case{"<think>\nhm\n</think>\n\nyes", false, "\nhm\n", "yes"},
                    Case{"\n <think>a</think>b", false, "a", "b"},
                    Case{"a</think>b", true, "a", "b"}, Case{"no thought", false, "", "no thought"},
                    Case{"it is <think> a marker", false, "", "it is <think> a marker"},
                    Case{"<thin air", false, "", "<thin air"}, Case{"<th", false, "", "<th"},
                    Case{"<think>cut of", false, "cut of", ""},
                    Case{"<think>half </thi", false, "half </thi", ""},
                    Case{"<think>a < b </ c</think>x </think> y", false, "a < b </ c",
                         "x </think> y"},
                    Case{"<think></think>", false, "", ""}, Case{"", false, "", ""},
                    Case{"  ", false, "", "  "}, Case{"", true, "", ""},
                    Case{"é</think>ü", true, "é", "ü"}));

TEST(ReasoningSplitter, KnowsTemplatesAndPrompts) {
  EXPECT_TRUE(ReasoningSplitter::used_by("{{ content.split('</think>') }}"));
  EXPECT_FALSE(ReasoningSplitter::used_by("<|im_start|>{{ role }}"));
  EXPECT_TRUE(ReasoningSplitter::opened_by("<|Assistant|><think>\n"));
  EXPECT_FALSE(ReasoningSplitter::opened_by("<think>\n\n</think>\n\n"));
  EXPECT_FALSE(ReasoningSplitter::opened_by(""));
}

}  // namespace
}  // namespace helicon::text
