"""Makes tests/golden/models/: tiny random models and what transformers computes with them.

Needs what the tests themselves do not: pip install "transformers==5.23.0" torch torchvision numpy
pillow, all for the processor, in an environment of their own; torchvision 0.27 or later; and ffmpeg,
which writes films. Each folder gets config.json and safetensors as save_pretrained writes them, and

  logits.npy     float32 [prompt, vocabulary], of the model read back into 32-bit floats
  expected.json  "tokens": the prompt; "continuation": 64 tokens, each the likeliest after all before
                 it; "margins": by how much that one's logit was above the next
  picture_N.png  what the N-th run of placeholders in the prompt stands for, in a model that is shown
                 pictures; the processor's file, where it is not the default, and
  pixels.npy     float32 [patches, values]: what the processor makes of all pictures
  film_N.*       the same for films, without loss in red, green and blue; film_pixels.npy
  sound_N.wav    the same for sounds, 16 bits at 24 kHz

Every parameter is random, the norms too. What a term of a model does must show in its logits: the
rows that a mistaken epsilon, window or cap would leave nearly as they are have been made large or
small on purpose (see `spread`). src/models/golden_test.cc and
golden_media_test.cc compare.
"""

import argparse
import itertools
import json
import math
import pathlib
import shutil
import zlib

import numpy
import torch
import transformers
from model_media import FILMS, PICTURES, SAMPLES_PER_TOKEN, SOUNDS, write_films, write_pictures, write_sounds

FOLDER = pathlib.Path(__file__).resolve().parent / "models"
PROMPT, CONTINUATION, VOCABULARY = 48, 64, 96
IMAGE, VIDEO, AUDIO = 92, 91, 90  # placeholders, in a model that has any

QWEN3 = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-6,
}
MUSE_TEXT = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
VISION = {
    "patch_size": 2,
    "pos_emb_height": 2,
    "pos_emb_width": 2,
    "max_position_embeddings": 4,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "hidden_size": 16,
    "intermediate_size": 16,
}


# A window of 4 x 4 patches, which the pictures exceed, and layers of both kinds.
EYES = {
    "patch_size": 4,
    "pos_emb_height": 4,
    "pos_emb_width": 4,
    "max_position_embeddings": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 5,
    "hidden_size": 32,
    "intermediate_size": 48,
}
# More heads, nothing said of the rest: patches of 14 pixels, a table of 32 x 32, every fourth layer
# and the last without windows.
EYES_SILENT = {
    "num_attention_heads": 3,
    "num_hidden_layers": 6,
    "hidden_size": 24,
    "intermediate_size": 40,
}
# Other numbers for what the others leave at its usual value.
EYES_ODD = {
    "patch_size": 3,
    "pos_emb_height": 5,
    "pos_emb_width": 5,
    "max_position_embeddings": 25,
    "num_attention_heads": 1,
    "num_hidden_layers": 3,
    "hidden_size": 16,
    "intermediate_size": 24,
    "layer_norm_eps": 3e-3,
    "layer_types": ["full_attention", "window_attention", "window_attention"],
    "rope_parameters": {"rope_type": "axial", "rope_theta": 50.0},
}


# 24 samples a token, and convolutions that see further back than a token.
EARS = {
    "patch_sizes": [4, 3, 2],
    "hidden_sizes": [8, 12, 16],
    "depths": [1, 2, 1],
    "num_hidden_layers": 3,
    "mlp_ratio": 2.0,
    "conv_kernel_size": 5,
}


def qwen3(**numbers) -> torch.nn.Module:
    return transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**QWEN3, **numbers))


def qwen3_moe(**numbers) -> torch.nn.Module:
    return transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(**QWEN3, **numbers))


def muse_glimmer(vision=VISION, **numbers) -> torch.nn.Module:
    tied = {"tie_word_embeddings": numbers.get("tie_word_embeddings", False)}
    config = transformers.MuseGlimmerConfig(
        text_config=MUSE_TEXT | numbers,
        vision_config=vision,
        image_token_id=IMAGE,
        video_token_id=VIDEO,
        out_hidden_size=4 * vision["hidden_size"],
        projector_hidden_size=8,
        **tied,
    )
    return transformers.MuseGlimmerForConditionalGeneration(config)


def muse_spark(vision=VISION, audio=EARS, **numbers) -> torch.nn.Module:
    config = transformers.MuseSparkConfig(
        text_config=MUSE_TEXT | numbers,
        vision_config=vision,
        audio_config=audio | {"out_hidden_size": numbers["hidden_size"]},
        image_token_id=IMAGE,
        video_token_id=VIDEO,
        audio_token_id=AUDIO,
        out_hidden_size=4 * vision["hidden_size"],
        projector_hidden_size=8,
    )
    return transformers.MuseSparkForConditionalGeneration(config)


def spread(name: str, parameter: torch.Tensor) -> tuple[float, float]:
    """Mean and deviation of a parameter's random numbers."""
    if parameter.dim() < 2:
        # Around 1 what is multiplied by as it is, around 0 what 1 is added to.
        centered = "layernorm" in name and "language_model" in name
        return (0.0 if centered else 1.0), 0.3
    fan_in = parameter[0].numel()
    if "embed_tokens" in name:
        return 0.0, 0.02  # so small that the epsilon of the embedding's norm shows
    if "lm_head" in name:
        return 0.0, 40 / math.sqrt(fan_in)  # so large that the cap shows
    if "o_proj" in name or "down_proj" in name:
        return 0.0, 0.005 / math.sqrt(fan_in)  # so small that the after-norms' epsilon shows
    if "q_proj" in name or "k_proj" in name:
        return 0.0, 0.02 / math.sqrt(fan_in)  # and that of the heads' norms
    return 0.0, 1 / math.sqrt(fan_in)


def spread_qwen3(name: str, parameter: torch.Tensor) -> tuple[float, float]:
    """The same where nothing normalises embeddings and branches, which would vanish."""
    mean, deviation = spread(name, parameter)
    if "embed_tokens" in name:
        deviation = 0.25
    if "o_proj" in name or "down_proj" in name:
        deviation = 1.5 / math.sqrt(parameter[0].numel())
    return mean, deviation


def spread_qwen3_moe(name: str, parameter: torch.Tensor) -> tuple[float, float]:
    """For a router that chooses, and experts that differ."""
    if name.endswith("mlp.gate.weight"):
        return 0.0, 2 / math.sqrt(parameter.shape[-1])
    if "experts." in name:
        return 0.0, 1.5 / math.sqrt(parameter.shape[-1])
    return spread_qwen3(name, parameter)


def spread_eyes(name: str, parameter: torch.Tensor) -> tuple[float, float]:
    """For a vision tower whose every part shows."""
    if "vision" not in name:
        return spread(name, parameter)
    if name.endswith("bias"):
        return 0.0, 0.3
    if parameter.dim() < 2:
        return 1.0, 0.3
    if "position_embedding" in name:
        return 0.0, 0.5
    if "patch_embedding" in name:
        return 0.0, 0.3 / math.sqrt(parameter[0].numel())
    return 0.0, 1.5 / math.sqrt(parameter[0].numel())


def spread_spark(name: str, parameter: torch.Tensor) -> tuple[float, float]:
    """For gates, routers and experts whose every part shows."""
    if "audio_tower" in name:
        if name.endswith("bias"):
            return 0.0, 0.3
        return (1.0, 0.3) if parameter.dim() < 2 else (0.0, 1.2 / math.sqrt(parameter[0].numel()))
    if "vision" in name:
        return spread_eyes(name, parameter)
    if "residual_gate" in name:
        return 0.0, 0.5
    if "pre_expert_norm" in name or "post_expert_norm" in name:
        return 0.0, 0.4
    if "e_score_correction_bias" in name:
        return 0.0, 0.1
    if name.endswith("mlp.gate.weight"):
        return 0.0, 8 / math.sqrt(parameter.shape[-1])
    if "experts.down_proj" in name:
        return 0.0, 0.003 / math.sqrt(parameter.shape[-1])  # so small that the norm's epsilon shows
    if "experts.gate_up_proj" in name:
        return 0.0, 1 / math.sqrt(parameter.shape[-1])
    return spread(name, parameter)


# name: (model, spread, type on disk, bytes of a shard, keys that config.json shall not have, and
# those that it shall have besides)
MODELS = {
    "qwen3_full": (
        lambda: qwen3(
            hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        ),
        spread_qwen3, torch.float32, None, (), {},
    ),
    "qwen3_window": (
        lambda: qwen3(
            hidden_size=30, intermediate_size=44, num_hidden_layers=4, num_attention_heads=6,
            num_key_value_heads=1, head_dim=8, tie_word_embeddings=True, use_sliding_window=True,
            sliding_window=20, max_window_layers=2,
            rope_parameters={"rope_type": "linear", "rope_theta": 500.0, "factor": 2.0},
        ),
        spread_qwen3, torch.bfloat16, None, (), {},
    ),
    # As configurations were written before transformers 5.
    "qwen3_older": (
        lambda: qwen3(
            hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
            num_key_value_heads=3, head_dim=24,
            rope_parameters={"rope_type": "default", "rope_theta": 2000.0},
        ),
        spread_qwen3, torch.float16, None, ("rope_parameters", "layer_types", "tie_word_embeddings"),
        {"rope_theta": 2000.0, "rope_scaling": None},
    ),
    "qwen3_moe_full": (
        lambda: qwen3_moe(
            hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
            head_dim=16, moe_intermediate_size=24, num_experts=8, num_experts_per_tok=3, norm_topk_prob=True,
            rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
        ),
        spread_qwen3_moe, torch.float32, None, (), {},
    ),
    # Layers without experts, weights that do not add up to one, all layers sliding.
    "qwen3_moe_mixed": (
        lambda: qwen3_moe(
            hidden_size=24, intermediate_size=40, num_hidden_layers=5, num_attention_heads=3, num_key_value_heads=3,
            moe_intermediate_size=20, num_experts=6, num_experts_per_tok=2, norm_topk_prob=False,
            decoder_sparse_step=2, mlp_only_layers=[3], use_sliding_window=True, sliding_window=12,
            tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 900.0},
        ),
        spread_qwen3_moe, torch.bfloat16, None, (), {},
    ),
    "muse_glimmer_window": (
        lambda: muse_glimmer(
            hidden_size=32, intermediate_size=48, num_hidden_layers=5, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, sliding_window=8,
            rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
        ),
        spread, torch.bfloat16, 20_000, (), {},
    ),
    # Layers that slide and layers that have positions are not the same ones.
    "muse_glimmer_mixed": (
        lambda: muse_glimmer(
            hidden_size=20, intermediate_size=36, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=1, head_dim=8, sliding_window=36, qk_scale_factor=1.7,
            output_multiplier=0.1, final_logit_softcapping=7.0, post_norm_eps=3e-7, rms_norm_eps=2e-5,
            layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
            layer_rope_theta=[0, 400.0, 0, 400.0],
            rope_parameters={"rope_type": "default", "rope_theta": 400.0},
        ),
        spread, torch.float16, None, (), {},
    ),
    # A configuration that says nothing of what the class has a value for.
    "muse_glimmer_silent": (
        lambda: muse_glimmer(
            hidden_size=24, intermediate_size=40, num_hidden_layers=6, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8,
        ),
        spread, torch.float32, None,
        ("layer_types", "layer_rope_theta", "rope_parameters", "qk_scale_factor", "output_multiplier",
         "final_logit_softcapping", "post_norm_eps", "sliding_window", "tie_word_embeddings",
         "attention_bias", "hidden_activation"),
        {},
    ),
    "muse_glimmer_tied": (
        lambda: muse_glimmer(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=8,
            num_key_value_heads=4, head_dim=24, sliding_window=33, tie_word_embeddings=True,
            output_multiplier=20.0, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        ),
        spread, torch.bfloat16, None, (), {},
    ),
    "muse_glimmer_eyes": (
        lambda: muse_glimmer(
            EYES, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, sliding_window=24,
        ),
        spread_eyes, torch.float32, None, (), {},
    ),
    "muse_glimmer_eyes_silent": (
        lambda: muse_glimmer(
            EYES_SILENT, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8,
        ),
        spread_eyes, torch.bfloat16, None, (), {},
    ),
    "muse_glimmer_eyes_odd": (
        lambda: muse_glimmer(
            EYES_ODD, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8, rms_norm_eps=3e-4,
        ),
        spread_eyes, torch.float16, None, (), {},
    ),
    "muse_spark_mixed": (
        lambda: muse_spark(
            hidden_size=32, intermediate_size=40, num_hidden_layers=5, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, sliding_window=8, moe_intermediate_size=20, num_local_experts=7,
            num_experts_per_tok=3, moe_hidden_size=24, routed_scaling_factor=1.7, residual_gate_temperature=0.5,
            mlp_layer_types=["sparse", "dense", "sparse", "sparse", "dense"],
        ),
        spread_spark, torch.float32, None, (), {},
    ),
    "muse_spark_silent": (
        lambda: muse_spark(
            hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=2,
            num_key_value_heads=1, head_dim=16, moe_intermediate_size=16, num_local_experts=12, moe_hidden_size=16,
        ),
        spread_spark, torch.bfloat16, 30_000,
        ("layer_types", "layer_rope_theta", "rope_parameters", "qk_scale_factor", "output_multiplier",
         "final_logit_softcapping", "post_norm_eps", "sliding_window", "tie_word_embeddings", "attention_bias",
         "hidden_act", "num_experts_per_tok", "routed_scaling_factor", "mlp_layer_types",
         "residual_gate_temperature"),
        {},
    ),
    "muse_spark_senses": (
        lambda: muse_spark(
            EYES, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, head_dim=8, moe_intermediate_size=16, num_local_experts=6,
            num_experts_per_tok=2, moe_hidden_size=16, rms_norm_eps=3e-4,
        ),
        spread_spark, torch.float32, None, (), {},
    ),
}

# Other weights of the same shapes, which are shown films as well.
MODELS |= {
    "muse_glimmer_film": MODELS["muse_glimmer_eyes"],
    "muse_glimmer_film_silent": MODELS["muse_glimmer_eyes_silent"],
    "muse_spark_film": MODELS["muse_spark_senses"],
}

def write_model(folder: pathlib.Path, number: int, recipe: tuple) -> None:
    make, choose, dtype, shard, unsaid, said = recipe
    torch.manual_seed(number)
    model = make()
    corrections = [one for one in model.named_buffers() if "e_score_correction_bias" in one[0]]
    for name, parameter in [*model.named_parameters(), *corrections]:
        mean, deviation = choose(name, parameter)
        parameter.data.normal_(mean, deviation)
    model.to(dtype).save_pretrained(folder, max_shard_size=shard or "1GB")
    for extra in folder.glob("generation_config.json"):
        extra.unlink()
    path = folder / "config.json"
    config = json.loads(path.read_text())
    text = config.get("text_config", config)
    for key in unsaid:
        text.pop(key, None)
    text.update(said)
    path.write_text(json.dumps(config, indent=2) + "\n")


def show(tokens: torch.Tensor, seen: dict) -> torch.Tensor:
    """The prompt with as many placeholders as each medium has, sounds, pictures and films by turns."""
    pictures = [(IMAGE, int(grid.prod()) // 4) for grid in seen.get("image_grid_thw", [])]
    films = [(VIDEO, int(grid.prod()) // 4) for grid in seen.get("video_grid_thw", [])]
    sounds = [(AUDIO, -(-int(mask.sum()) // SAMPLES_PER_TOKEN)) for mask in seen.get("input_values_mask", [])]
    media = [one for turn in itertools.zip_longest(sounds, pictures, films) for one in turn if one]
    parts = [tokens[:, :4]]
    for i, (token, count) in enumerate(media):
        parts.append(torch.full((1, count), token))
        parts.append(tokens[:, 4 + 6 * i : 10 + 6 * i])
    return torch.cat(parts, dim=1)


@torch.no_grad()
def write_expected(folder: pathlib.Path, number: int) -> None:
    kind = json.loads((folder / "config.json").read_text())["architectures"][0]
    model = getattr(transformers, kind).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    generator = torch.Generator().manual_seed(1000 + number)
    tokens = torch.randint(0, VOCABULARY, (1, PROMPT), generator=generator)
    seen = {}
    writers = ((PICTURES, write_pictures), (FILMS, write_films), (SOUNDS, write_sounds))
    for table, write in writers:
        if folder.name in table:
            seen |= write(folder, number)
    if seen:
        tokens[(tokens == IMAGE) | (tokens == VIDEO) | (tokens == AUDIO)] = 0
        tokens = show(tokens, seen)
    else:
        tokens[0, 5], tokens[0, 30] = IMAGE, VIDEO
    logits = model(input_ids=tokens, use_cache=False, **seen).logits[0].float()
    numpy.save(folder / "logits.npy", logits.numpy())
    prompt, continuation, margins = tokens[0].tolist(), [], []
    for _ in range(CONTINUATION):
        logit = model(input_ids=tokens, use_cache=False, **seen).logits[0, -1].float()
        if seen:
            # One more would need one more picture, or sound.
            logit[[IMAGE, AUDIO] + ([VIDEO] if folder.name in FILMS else [])] = -math.inf
        top = torch.topk(logit, 2)
        continuation.append(int(top.indices[0]))
        margins.append(float(top.values[0] - top.values[1]))
        tokens = torch.cat([tokens, top.indices[:1].view(1, 1)], dim=1)
    expected = {"tokens": prompt, "continuation": continuation, "margins": margins}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{folder.name}: largest logit {logits.abs().max():.3f}, "
          f"{len(set(continuation))} different tokens, smallest margin {min(margins):.5f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(MODELS), help="those to make; otherwise all")
    torch.set_num_threads(1)
    for name in parser.parse_args().names:
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        number = zlib.crc32(name.encode())
        write_model(folder, number, MODELS[name])
        write_expected(folder, number)


if __name__ == "__main__":
    main()
