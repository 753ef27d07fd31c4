// How a format calls the tensors of a decoder.
#pragma once

#include <string_view>

namespace helicon::models {

// Those of a layer follow "{layers}{index}.". A format need only name what its recipes call for.
struct TensorNames {
  std::string_view embedding, output_norm, output;
  std::string_view layers;
  std::string_view attention_norm;
  std::string_view query, key, value;
  std::string_view query_bias, key_bias, value_bias;
  std::string_view query_norm, key_norm;
  std::string_view attention_gate, attention_output;
  std::string_view after_attention_norm;
  std::string_view feed_forward_norm;
  std::string_view gate, up, down;
  std::string_view after_feed_forward_norm;
  std::string_view attention_residual_gate = {}, feed_forward_residual_gate = {};
  // Of a layer with experts, whose matrices are one tensor, [experts, rows, columns], or one for
  // each expert where the name has "{}" for its number. Gates and ups are tensors of their own, or
  // one of both, [experts, 2 * inner, width], gate before up.
  std::string_view router = {}, router_bias = {};
  std::string_view experts_in = {}, experts_norm = {};
  std::string_view experts_gate = {}, experts_up = {}, experts_gate_up = {}, experts_down = {};
  std::string_view after_expert_norm = {}, experts_out = {};
};

// Specification: ggml, docs/gguf.md, "Standardized tensor names".
inline constexpr TensorNames kGgufNames = {
    .embedding = "token_embd.weight",
    .output_norm = "output_norm.weight",
    .output = "output.weight",
    .layers = "blk.",
    .attention_norm = "attn_norm.weight",
    .query = "attn_q.weight",
    .key = "attn_k.weight",
    .value = "attn_v.weight",
    .query_bias = "attn_q.bias",
    .key_bias = "attn_k.bias",
    .value_bias = "attn_v.bias",
    .query_norm = "attn_q_norm.weight",
    .key_norm = "attn_k_norm.weight",
    .attention_gate = "attn_gate.weight",
    .attention_output = "attn_output.weight",
    .after_attention_norm = "post_attention_norm.weight",
    .feed_forward_norm = "ffn_norm.weight",
    .gate = "ffn_gate.weight",
    .up = "ffn_up.weight",
    .down = "ffn_down.weight",
    .after_feed_forward_norm = "post_ffw_norm.weight",
    .router = "ffn_gate_inp.weight",
    .experts_gate = "ffn_gate_exps.weight",
    .experts_up = "ffn_up_exps.weight",
    .experts_down = "ffn_down_exps.weight",
};

// Those of a layer as the classes of transformers name them, where they have them at all.
inline constexpr TensorNames kFolderNames = {
    .embedding = "model.embed_tokens.weight",
    .output_norm = "model.norm.weight",
    .output = "lm_head.weight",
    .layers = "model.layers.",
    .attention_norm = "input_layernorm.weight",
    .query = "self_attn.q_proj.weight",
    .key = "self_attn.k_proj.weight",
    .value = "self_attn.v_proj.weight",
    .query_bias = {},
    .key_bias = {},
    .value_bias = {},
    .query_norm = "self_attn.q_norm.weight",
    .key_norm = "self_attn.k_norm.weight",
    .attention_gate = "self_attn.gate_proj.weight",
    .attention_output = "self_attn.o_proj.weight",
    .after_attention_norm = {},
    .feed_forward_norm = "post_attention_layernorm.weight",
    .gate = "mlp.gate_proj.weight",
    .up = "mlp.up_proj.weight",
    .down = "mlp.down_proj.weight",
    .after_feed_forward_norm = {},
};

}  // namespace helicon::models
