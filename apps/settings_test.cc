#include "settings.h"

#include <gtest/gtest.h>

namespace helicon::apps {
namespace {

TEST(Settings, EachTakesBackWhatItShows) {
  for (const Setting& setting : all_settings()) {
    Settings settings;
    EXPECT_TRUE(setting.set(settings, setting.get(settings)).ok()) << setting.name;
  }
}

TEST(Settings, Change) {
  Settings settings;
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"mode", "contemplating"},
      {"effort", "high"},
      {"agents", "4"},
      {"rounds", "1"},
      {"budget", "300"},
      {"temperature", "0"},
      {"top-k", "0"},
      {"top-p", "1"},
      {"min-p", "0.05"},
      {"seed", "18446744073709551615"},
      {"repetition-penalty", "1.1"},
      {"frequency-penalty", "-2"},
      {"presence-penalty", "2"},
      {"max-tokens", "1"},
  };
  EXPECT_EQ(changes.size(), all_settings().size());
  for (const auto& [name, value] : changes) {
    EXPECT_TRUE(change_setting(settings, name, value).ok()) << name;
  }
  EXPECT_EQ(settings.sampling.temperature, 0.0f);
  EXPECT_EQ(settings.sampling.top_k, 0);
  EXPECT_EQ(settings.sampling.top_p, 1.0f);
  EXPECT_EQ(settings.sampling.min_p, 0.05f);
  EXPECT_EQ(settings.sampling.repetition_penalty, 1.1f);
  EXPECT_EQ(settings.sampling.frequency_penalty, -2.0f);
  EXPECT_EQ(settings.sampling.presence_penalty, 2.0f);
  EXPECT_EQ(settings.seed, 18446744073709551615u);
  EXPECT_EQ(settings.max_tokens, 1);
  EXPECT_EQ(settings.mode.mode, agents::Mode::contemplating);
  EXPECT_EQ(settings.mode.effort, "high");
  EXPECT_EQ(settings.mode.agents, 4);
  EXPECT_EQ(settings.mode.rounds, 1);
  EXPECT_EQ(settings.mode.budget_tokens, 300);
  EXPECT_TRUE(change_setting(settings, "effort", "default").ok());
  EXPECT_EQ(settings.mode.effort, "");
  EXPECT_TRUE(change_setting(settings, "seed", "random").ok());
  EXPECT_FALSE(settings.seed.has_value());
  EXPECT_TRUE(change_setting(settings, "max-tokens", "none").ok());
  EXPECT_EQ(settings.max_tokens, -1);
}

TEST(Settings, RefuseWhatIsOutOfRange) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"mode", "dreaming"},
      {"effort", "none"},
      {"agents", "1"},
      {"agents", "1000"},
      {"rounds", "0"},
      {"budget", "3"},
      {"temperature", "-0.1"},
      {"temperature", "nan"},
      {"temperature", "inf"},
      {"temperature", ""},
      {"temperature", "1x"},
      {"temperature", "1,5"},
      {"top-k", "-1"},
      {"top-k", "1.5"},
      {"top-k", "99999999999"},
      {"top-p", "0"},
      {"top-p", "1.01"},
      {"min-p", "-0.01"},
      {"min-p", "2"},
      {"repetition-penalty", "0"},
      {"frequency-penalty", "2.1"},
      {"seed", "-1"},
      {"presence-penalty", "-2.1"},
      {"seed", "18446744073709551616"},
      {"max-tokens", "0"},
      {"max-tokens", "many"},
  };
  for (const auto& [name, value] : wrong) {
    Settings settings;
    const Status status = change_setting(settings, name, value);
    ASSERT_FALSE(status.ok()) << name << " " << value;
    EXPECT_EQ(status.error().message.find(name + " must be "), 0u) << status.error().message;
    EXPECT_EQ(status.error().parameter, name);
  }
}

TEST(Settings, SuggestAName) {
  Settings settings;
  const Status status = change_setting(settings, "temprature", "1");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "unknown setting 'temprature'; did you mean 'temperature'?");
}

}  // namespace
}  // namespace helicon::apps
