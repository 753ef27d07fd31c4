"""Makes tests/golden/models/: tiny random models and what transformers computes with them.

Needs what the tests themselves do not: pip install "transformers==5.23.0" torch numpy, both for the
processor, in an environment of their own. Each folder gets config.json and safetensors as
save_pretrained writes them, and

  logits.npy     float32 [prompt, vocabulary], of the model read back into 32-bit floats
  expected.json  "tokens": the prompt; "continuation": 64 tokens, each the likeliest after all before
                 it; "margins": by how much that one's logit was above the next

Every parameter is random, the norms too. What a term of a model does must show in its logits: the
rows that a mistaken epsilon, window or cap would leave nearly as they are have been made large or
small on purpose (see `spread`). src/models/golden_test.cc compares.
"""

import argparse
import json
import math
import pathlib
import shutil
import zlib

import numpy
import torch
import transformers

FOLDER = pathlib.Path(__file__).resolve().parent / "models"
PROMPT, CONTINUATION, VOCABULARY = 48, 64, 96

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


def qwen3(**numbers) -> torch.nn.Module:
    return transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**QWEN3, **numbers))


def muse_glimmer(**numbers) -> torch.nn.Module:
    tied = {"tie_word_embeddings": numbers.get("tie_word_embeddings", False)}
    config = transformers.MuseGlimmerConfig(
        text_config=MUSE_TEXT | numbers,
        vision_config=VISION,
        image_token_id=92,
        video_token_id=91,
        out_hidden_size=64,
        projector_hidden_size=8,
        **tied,
    )
    return transformers.MuseGlimmerForConditionalGeneration(config)


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
}


def write_model(folder: pathlib.Path, number: int, recipe: tuple) -> None:
    make, choose, dtype, shard, unsaid, said = recipe
    torch.manual_seed(number)
    model = make()
    for name, parameter in model.named_parameters():
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


@torch.no_grad()
def write_expected(folder: pathlib.Path, number: int) -> None:
    kind = json.loads((folder / "config.json").read_text())["architectures"][0]
    model = getattr(transformers, kind).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    generator = torch.Generator().manual_seed(1000 + number)
    tokens = torch.randint(0, VOCABULARY, (1, PROMPT), generator=generator)
    tokens[0, 5], tokens[0, 30] = 92, 91  # placeholders, in a model that has any
    logits = model(input_ids=tokens, use_cache=False).logits[0].float()
    numpy.save(folder / "logits.npy", logits.numpy())
    prompt, continuation, margins = tokens[0].tolist(), [], []
    for _ in range(CONTINUATION):
        top = torch.topk(model(input_ids=tokens, use_cache=False).logits[0, -1].float(), 2)
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
