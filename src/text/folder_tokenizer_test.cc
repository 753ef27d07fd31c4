// Tokenizers of folders against the library that such files are made for
// (tests/golden/folder_tokenizers.py), and files that are not what they should be.
#include "weights/folder_tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/test_files.h"
#include "text/tokenizer.h"

namespace helicon::text {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path golden(const std::string& name) { return fs::path("tests/golden/tokenizers") / name; }

// What model_folder.cc has of the configuration before.
weights::Metadata read_folder(const fs::path& folder) {
  weights::Metadata metadata;
  const json::value config = json::parse(read_file(folder / "config.json"));
  for (const char* name : {"vocab_size", "eos_token_id"})
    metadata.set(std::string("config.") + name, config.at(name).to_number<uint64_t>());
  weights::FolderFiles files;
  weights::add_folder_tokenizer(folder, files, metadata);
  return metadata;
}

class EachFolderTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(EachFolderTokenizer, GivesTheReferencesIds) {
  const auto tokenizer = Tokenizer::create(read_folder(golden(GetParam())));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  const json::value expected = json::parse(read_file(golden(GetParam()) / "expected.json"));
  ASSERT_GE(expected.as_array().size(), 100u);
  for (const json::value& one : expected.as_array()) {
    const std::string text(one.at(0).as_string());
    const auto plain = (*tokenizer)->encode(text, {.normalize = true});
    const auto special =
        (*tokenizer)->encode(text, {.parse_special = true, .add_special = true, .normalize = true});
    ASSERT_TRUE(plain.ok() && special.ok());
    EXPECT_EQ(*plain, json::value_to<std::vector<TokenId>>(one.at(1))) << one.at(0);
    EXPECT_EQ(*special, json::value_to<std::vector<TokenId>>(one.at(2))) << one.at(0);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, EachFolderTokenizer,
                         testing::Values("qwen", "llama", "gpt2", "smollm"));

TEST(FolderTokenizer, EndsPaddingAndTemplateComeFromTheFilesBeside) {
  const weights::Metadata metadata = read_folder(golden("qwen"));
  const auto tokenizer = Tokenizer::create(metadata);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  EXPECT_TRUE((*tokenizer)->ends_generation(2));  // of generation_config.json
  EXPECT_TRUE((*tokenizer)->ends_generation(0));
  EXPECT_FALSE((*tokenizer)->ends_generation(1));
  EXPECT_EQ((*tokenizer)->end_token(), 2);
  const auto rows = metadata.unsigned_integer("config.vocab_size");
  EXPECT_EQ((*tokenizer)->size(), *rows);
  EXPECT_EQ((*tokenizer)->token_bytes(static_cast<TokenId>(*rows - 1)), "");
  EXPECT_EQ(*metadata.string("tokenizer.chat_template"),
            "{% for m in messages %}{{ m.content }}{% endfor %}");
}

// One value of tokenizer.json changed: by what name the error calls it.
TEST(FolderTokenizer, WhatIsNotKnownIsNamedAndNeverGuessed) {
  struct Case {
    const char* pointer;
    const char* value;
    const char* said;
  };
  constexpr Case kCases[] = {
      {"/model/type", R"("Unigram")", "its model is 'Unigram'"},
      {"/model/byte_fallback", "true", "does not work on bytes"},
      {"/model/merges", R"(["a"])", "entry 0 is not a pair"},
      {"/model/merges", R"([["a", 1]])", "merge 0 is not a pair"},
      {"/model/merges", R"([["q", "zzz"]])", "names a token that is not there"},
      {"/model/vocab", R"({"a": -1})", "token 'a' has no id"},
      {"/model/vocab", "{}", "no 'vocab'"},
      {"/normalizer", R"({"type": "Lowercase"})", "its normalizer 'Lowercase'"},
      {"/pre_tokenizer", R"({"type": "Whitespace"})", "its pre-tokenizer 'Whitespace'"},
      {"/pre_tokenizer", "null", "has no ByteLevel"},
      {"/pre_tokenizer/pretokenizers/0/pattern/Regex", R"("(a+)+b")", "(a+)+b"},
      {"/pre_tokenizer/pretokenizers/0/behavior", R"("Removed")", "'Split' is not known"},
      {"/post_processor", R"({"type": "BertProcessing"})", "its post-processor 'BertProcessing'"},
      {"/added_tokens/0/lstrip", "true", "has lstrip"},
      {"/added_tokens/0/content", R"("other")", "token 0 is "},
  };
  const fs::path folder =
      fs::temp_directory_path() / ("helicon_folder_tokenizer_" + std::to_string(getpid()));
  const json::value whole = json::parse(read_file(golden("qwen") / "tokenizer.json"));
  for (const Case& one : kCases) {
    fs::remove_all(folder);
    fs::copy(golden("qwen"), folder);
    json::value changed = whole;
    changed.at_pointer(one.pointer) = json::parse(one.value);
    std::ofstream(folder / "tokenizer.json", std::ios::binary) << json::serialize(changed);
    const auto tokenizer = Tokenizer::create(read_folder(folder));
    ASSERT_FALSE(tokenizer.ok()) << one.pointer << " " << one.value;
    EXPECT_NE(tokenizer.error().message.find(one.said), std::string::npos)
        << tokenizer.error().message;
  }
  fs::remove(folder / "tokenizer.json");
  const auto none = Tokenizer::create(read_folder(folder));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message, "the folder has no tokenizer.json");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace helicon::text
