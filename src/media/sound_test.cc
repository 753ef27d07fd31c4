#include "media/sound.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace helicon::media {
namespace {

std::string little(uint64_t value, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

struct Wav {
  uint64_t coding = 1, channels = 1, rate = 24'000, bits = 16;
  std::string data = std::string("\x00\x40\x00\xc0", 4);  // 0.5 and -0.5
  std::string before_data = {};

  std::string file() const {
    const std::string format = little(coding, 2) + little(channels, 2) + little(rate, 4) +
                               little(rate * channels * bits / 8, 4) +
                               little(channels * bits / 8, 2) + little(bits, 2);
    const std::string parts = "WAVEfmt " + little(format.size(), 4) + format + before_data +
                              "data" + little(data.size(), 4) + data;
    return "RIFF" + little(parts.size(), 4) + parts;
  }
};

Result<Sound> decode(const std::string& file) {
  return decode_sound(std::as_bytes(std::span(file)));
}

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}

TEST(Sound, OfEveryCodingIsItsSamples) {
  const std::string half_8("\xc0\x40", 2), half_24("\0\0\x40\0\0\xc0", 6),
      half_32("\0\0\0\x40\0\0\0\xc0", 8);
  const double doubles[] = {0.5, -0.5};
  const std::string half_64(reinterpret_cast<const char*>(doubles), sizeof(doubles));
  const std::pair<Wav, const char*> files[] = {
      {{}, "16"},
      {{.bits = 8, .data = half_8}, "8"},
      {{.bits = 24, .data = half_24}, "24"},
      {{.bits = 32, .data = half_32}, "32"},
      {{.coding = 3, .bits = 32, .data = floats({0.5f, -0.5f})}, "floats"},
      {{.coding = 3, .bits = 64, .data = half_64}, "doubles"},
      {{.before_data = "LIST" + little(3, 4) + "abc" + '\0'}, "another part"},
  };
  for (const auto& [wav, name] : files) {
    const auto sound = decode(wav.file());
    ASSERT_TRUE(sound.ok()) << name << ": " << sound.error().message;
    EXPECT_EQ(sound->samples, (std::vector<float>{0.5f, -0.5f})) << name;
  }
}

TEST(Sound, OfSeveralChannelsIsTheirMean) {
  const auto sound =
      decode(Wav{.coding = 3, .channels = 2, .bits = 32, .data = floats({1, 0.5f, -1, 1})}.file());
  ASSERT_TRUE(sound.ok());
  EXPECT_EQ(sound->samples, (std::vector<float>{0.75f, 0}));
}

TEST(Sound, AWriterThatWasStoppedLosesNothing) {
  std::string file = Wav().file();
  file.replace(file.find("data") + 4, 4, little(0xffffffff, 4));
  const auto sound = decode(file);
  ASSERT_TRUE(sound.ok());
  EXPECT_EQ(sound->samples.size(), 2u);
}

TEST(Sound, WhatIsNoneSaysSo) {
  const auto expect = [](const std::string& file, ErrorCode code, const char* part) {
    const auto sound = decode(file);
    ASSERT_FALSE(sound.ok()) << part;
    EXPECT_EQ(sound.error().code, code) << sound.error().message;
    EXPECT_NE(sound.error().message.find(part), std::string::npos) << sound.error().message;
  };
  expect("", ErrorCode::unsupported, "WAV files of 24 kHz are");
  expect("ID3 and so on", ErrorCode::unsupported, "WAV files of 24 kHz are");
  expect(Wav{.data = {}}.file(), ErrorCode::corrupt, "without samples");
  expect(Wav{.rate = 44'100}.file(), ErrorCode::unsupported, "44100");
  expect(Wav{.coding = 2, .bits = 4}.file(), ErrorCode::unsupported, "coding 2 of 4 bits");
  expect(Wav{.channels = 0}.file(), ErrorCode::corrupt, "0 channels");
  expect(Wav{.coding = 3, .bits = 32, .data = floats({std::numeric_limits<float>::quiet_NaN()})}
             .file(),
         ErrorCode::corrupt, "no number");
  const std::string whole = Wav().file();
  for (size_t length = 0; length < whole.size() - 2; ++length)
    EXPECT_FALSE(decode(whole.substr(0, length)).ok()) << length;
}

}  // namespace
}  // namespace helicon::media
