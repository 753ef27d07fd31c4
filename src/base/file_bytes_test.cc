#include "base/file_bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/base64.h"

namespace helicon {
namespace {

std::string random_bytes(size_t count) {
  std::mt19937 random(7);
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(random());
  return bytes;
}

TEST(FileBytes, RestIsReadFromAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  ASSERT_EQ(write(in.value(), "abc", 3), 3);
  in.reset();
  const auto found = read_rest(out.value(), 10);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found, "abc");
}

TEST(FileBytes, WhoTakesMayStop) {
  auto file = memory_file(random_bytes(200'000));
  ASSERT_TRUE(file.ok());
  int pieces = 0;
  const Status status = GivenFile(*std::move(file)).read_pieces([&](std::string_view) -> Status {
    ++pieces;
    return Error{ErrorCode::cancelled, "enough", {}};
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(pieces, 1);
}

TEST(FileBytes, AGivenFileIsTheSameInMemoryAndOnDisk) {
  const std::string bytes = random_bytes(200'000);
  auto on_disk = memory_file(bytes);
  ASSERT_TRUE(on_disk.ok());
  const GivenFile given[] = {GivenFile(bytes), GivenFile(*std::move(on_disk))};
  for (const GivenFile& file : given) {
    EXPECT_EQ(*file.read_whole(bytes.size()), bytes);
    const auto over = file.read_whole(bytes.size() - 1);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::too_large);
    const auto opened = file.open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(*read_rest(opened->value(), bytes.size()), bytes);
  }
}

// RFC 4648, 10.
TEST(Base64, VectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, ThereAndBack) {
  for (const size_t size : {1u, 100u, 3'145'727u, 3'145'728u, 3'145'729u, 7'000'000u}) {
    const std::string bytes = random_bytes(size);
    EXPECT_TRUE(decode_base64(encode_base64(bytes)) == bytes) << size;
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg=v", "Zm9v\n", " Zm9",
                           "Zm9\x80", "Zm-_", "Zg==Zg==", "Zm9vZg\n="})
    EXPECT_FALSE(decode_base64(text)) << text;
}

}  // namespace
}  // namespace helicon
