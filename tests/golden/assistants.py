"""Makes tests/golden/assistants/: tiny random block drafters (DFlash) and what transformers guesses.

Needs what models.py does. Each folder gets config.json and safetensors as save_pretrained writes
them, for the model of tests/golden/models of the name in expected.json, and

  expected.json  "target": that model; "tokens": the prompt; "rounds": of each block that is filled
                 while the target writes, "known": how many tokens there were, "guess": the
                 likeliest token of each of the block's places but the first
  logits.npy     float32 [rounds, block - 1, vocabulary], of the models in 32-bit floats

What is recorded is what generate() itself asks of the drafter, its cache and its window included.
src/models/block_draft_test.cc compares.
"""

import json
import pathlib
import shutil
import zlib

import numpy
import torch
import transformers
from models import PROMPT, VOCABULARY, spread_qwen3
from transformers.generation.candidate_generator import DFlashTokenCandidateGenerator

MODELS = pathlib.Path(__file__).resolve().parent / "models"
FOLDER = pathlib.Path(__file__).resolve().parent / "assistants"
WRITTEN = 40

# name: (target, configuration, type on disk, keys that config.json shall not have)
ASSISTANTS = {
    # Heads of another size than the target's, and a window that ends within the prompt.
    "window": (
        "muse_glimmer_window",
        dict(hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=1, head_dim=8, sliding_window=12, block_size=4, mask_token_id=95,
             target_layer_ids=[0, 2, 3], rms_norm_eps=3e-4,
             rope_parameters={"rope_type": "default", "rope_theta": 700.0}),
        torch.float32, (),
    ),
    # A window smaller than the block.
    "narrow": (
        "muse_glimmer_tied",
        dict(hidden_size=32, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
             num_key_value_heads=2, head_dim=16, sliding_window=5, block_size=9, mask_token_id=94,
             target_layer_ids=[0]),
        torch.bfloat16, (),
    ),
    # A configuration that says nothing of what the class has a value for.
    "silent": (
        "muse_glimmer_silent",
        dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=6,
             num_key_value_heads=2, head_dim=16, mask_token_id=93, target_layer_ids=[4, 1]),
        torch.float16, ("rope_parameters", "layer_types", "sliding_window", "block_size"),
    ),
    # Layers that see everything beside such that slide.
    "mixed": (
        "muse_glimmer_mixed",
        dict(hidden_size=20, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
             num_key_value_heads=1, head_dim=8, sliding_window=7, block_size=6, mask_token_id=92,
             target_layer_ids=[2, 0, 1],
             layer_types=["full_attention", "sliding_attention", "full_attention"]),
        torch.float32, (),
    ),
}


def write_assistant(folder, number, numbers, dtype, unsaid):
    torch.manual_seed(number)
    model = transformers.MuseGlimmerAssistantModel(transformers.MuseGlimmerAssistantConfig(**numbers))
    for name, parameter in model.named_parameters():
        mean, deviation = spread_qwen3(name, parameter)
        if parameter.dim() == 2:
            # The target's embeddings are small, and its branches smaller: what is made of them shall show.
            deviation = (30 if "encoder.fc" in name else 1) / parameter.shape[-1] ** 0.5
        parameter.data.normal_(mean, deviation)
    model.to(dtype).save_pretrained(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for key in unsaid:
        config.pop(key)
    path.write_text(json.dumps(config, indent=2) + "\n")


@torch.no_grad()
def write_expected(folder, number, target_name):
    load = {"dtype": torch.float32, "attn_implementation": "eager"}
    target = transformers.MuseGlimmerForConditionalGeneration.from_pretrained(MODELS / target_name, **load).eval()
    assistant = transformers.MuseGlimmerAssistantModel.from_pretrained(folder, **load).eval()
    generator = torch.Generator().manual_seed(1000 + number)
    tokens = torch.randint(3, 90, (1, PROMPT), generator=generator)
    rounds, logits = [], []
    original = DFlashTokenCandidateGenerator.get_candidates

    def recorded(self, input_ids, **more):
        ids, raw = original(self, input_ids=input_ids, **more)
        if raw is not None:
            rounds.append({"known": input_ids.shape[1], "guess": raw[0].argmax(-1).tolist()})
            logits.append(raw[0].float().numpy())
        return ids, raw

    DFlashTokenCandidateGenerator.get_candidates = recorded
    written = target.generate(tokens, attention_mask=torch.ones_like(tokens), assistant_model=assistant,
                              speculation_type="dflash", max_new_tokens=WRITTEN, do_sample=False, eos_token_id=-1)
    DFlashTokenCandidateGenerator.get_candidates = original
    alone = target.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=WRITTEN,
                            do_sample=False, eos_token_id=-1)
    assert written.tolist() == alone.tolist(), "the reference itself is not without loss"
    numpy.save(folder / "logits.npy", numpy.stack(logits))
    expected = {"target": target_name, "tokens": written[0].tolist(), "rounds": rounds}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(f"{folder.name}: {len(rounds)} blocks for {WRITTEN} tokens, largest logit {numpy.stack(logits).max():.3f}")


def main():
    torch.set_num_threads(1)
    for name, (target, numbers, dtype, unsaid) in ASSISTANTS.items():
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        number = zlib.crc32(name.encode())
        write_assistant(folder, number, numbers, dtype, unsaid)
        write_expected(folder, number, target)
    assert VOCABULARY == 96


if __name__ == "__main__":
    main()
