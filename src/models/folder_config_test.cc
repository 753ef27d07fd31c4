#include "models/folder_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "models/golden_models.h"

namespace helicon::models {
namespace {

namespace json = boost::json;

// A golden model with one value of its configuration changed; "null" as if it were not there.
struct Case {
  const char* model;
  const char* key;
  const char* value;
  ErrorCode code;
  const char* said;
};

constexpr const char* kQwen = "qwen3_full";
constexpr const char* kExperts = "qwen3_moe_full";
constexpr const char* kMuse = "muse_glimmer_mixed";

constexpr Case kCases[] = {
    {kQwen, "model_type", R"("mamba")", ErrorCode::unsupported,
     "this engine runs from folders: qwen3, qwen3_moe, muse_glimmer"},
    {kQwen, "hidden_size", "null", ErrorCode::corrupt, "'config.hidden_size' is missing"},
    {kQwen, "hidden_size", "16", ErrorCode::corrupt, "expected ["},
    {kQwen, "hidden_size", R"("32")", ErrorCode::corrupt, "'config.hidden_size' is a string"},
    {kQwen, "vocab_size", "95", ErrorCode::corrupt, "config.vocab_size is 95"},
    {kQwen, "num_hidden_layers", "2", ErrorCode::corrupt, "config.layer_types has 3 entries"},
    {kQwen, "num_hidden_layers", "2000", ErrorCode::corrupt, "expected 1 to 1024"},
    {kQwen, "num_attention_heads", "3", ErrorCode::corrupt, "cannot share"},
    {kQwen, "head_dim", "12", ErrorCode::unsupported, "heads of 12"},
    {kQwen, "rms_norm_eps", "-1", ErrorCode::corrupt, "config.rms_norm_eps is negative"},
    {kQwen, "attention_bias", "true", ErrorCode::unsupported, "config.attention_bias is true"},
    {kQwen, "hidden_act", R"("gelu")", ErrorCode::unsupported, "config.hidden_act \"gelu\""},
    {kQwen, "use_sliding_window", "true", ErrorCode::corrupt, "config.sliding_window"},
    {kQwen, "layer_types", R"(["sliding_attention", "full_attention", "full_attention"])",
     ErrorCode::corrupt, "config.use_sliding_window is not true"},
    {kQwen, "layer_types", R"(["linear_attention", "full_attention", "full_attention"])",
     ErrorCode::unsupported, "neither sliding_attention nor full_attention"},
    {kQwen, "layer_types", R"([["full_attention"]])", ErrorCode::corrupt,
     "config.layer_types has 0 entries"},
    {kQwen, "rope_parameters", R"({"rope_type": "yarn", "rope_theta": 1, "factor": 2})",
     ErrorCode::unsupported, "config.rope_parameters.rope_type \"yarn\""},
    {kQwen, "rope_parameters", R"({"rope_type": "linear", "rope_theta": 1})", ErrorCode::corrupt,
     "config.rope_parameters.factor"},
    {kQwen, "rope_parameters", R"({"rope_theta": -1})", ErrorCode::corrupt, "must be positive"},
    {kQwen, "rope_parameters", R"({"full_attention": {"rope_theta": 1e4}})", ErrorCode::unsupported,
     "config.rope_parameters.full_attention"},
    {kExperts, "num_local_experts", "7", ErrorCode::corrupt, "mlp.gate.weight"},
    {kExperts, "num_local_experts", "0", ErrorCode::corrupt, "config.num_local_experts is 0"},
    {kExperts, "num_local_experts", "9", ErrorCode::corrupt, "mlp.gate.weight"},
    {kExperts, "num_experts_per_tok", "9", ErrorCode::corrupt, "config.num_experts_per_tok is 9"},
    {kExperts, "moe_intermediate_size", "25", ErrorCode::corrupt, "mlp.experts.0.gate_proj"},
    {kMuse, "num_hidden_layers", "3", ErrorCode::corrupt, "has 4 entries for 3 layers"},
    {kMuse, "post_norm_eps", "-1", ErrorCode::corrupt, "post_norm_eps is negative"},
    {kMuse, "layer_rope_theta", "[0, 1]", ErrorCode::corrupt, "layer_rope_theta has 2 entries"},
    {kMuse, "layer_rope_theta", "[0, null, 0, 1]", ErrorCode::corrupt,
     "'config.text_config.layer_rope_theta' is an array of strings"},
    {kMuse, "sliding_window", "0", ErrorCode::corrupt, "config.text_config.sliding_window is 0"},
    {kMuse, "hidden_activation", R"("relu")", ErrorCode::unsupported, "relu"},
};

TEST(FolderConfig, ImpossibleNumbersAreErrorsThatNameThem) {
  const fs::path folder =
      fs::temp_directory_path() / ("helicon_folder_config_" + std::to_string(getpid()));
  for (const Case& one : kCases) {
    fs::remove_all(folder);
    fs::copy(folder_of(one.model), folder);
    json::value config = json::parse(read_file(folder / "config.json"));
    json::object& whole = config.as_object();
    json::object& text = whole.contains("text_config") ? whole["text_config"].as_object() : whole;
    text[one.key] = json::parse(one.value);
    std::ofstream(folder / "config.json", std::ios::binary) << json::serialize(config);
    const auto model = open_model(folder, exactly());
    ASSERT_FALSE(model.ok()) << one.key << " " << one.value;
    EXPECT_EQ(to_string(model.error().code), to_string(one.code)) << model.error().message;
    EXPECT_NE(model.error().message.find(one.said), std::string::npos) << model.error().message;
    EXPECT_NE(model.error().message.find("helicon_folder_config"), std::string::npos);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace helicon::models
