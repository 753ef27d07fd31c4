"""Makes tests/golden/models/muse_spark_chat: a tiny model with eyes, ears, a tokenizer and a template.

Needs what models.py needs. Beside the model, as such folders have it, and its media:

  chats.json  [{"messages": as they are sent, each medium by its file's name; "ids": the prompt as
              MuseSparkProcessor (transformers 5.23.0) spells it out; "tokens": 16 greedy tokens that
              are bytes; "logprobs" and "margins" of each}]

tests/api/test_media.py asks a server the same.
"""

import json
import pathlib
import shutil
import subprocess
import wave
import zlib

import models
import numpy
import PIL.Image
import tokenizers
import torch
import transformers
from model_media import FILMS, FILM_PROCESSORS, PICTURES, PROCESSORS, SAMPLES_PER_TOKEN, SOUNDS, draw, write_films, write_pictures, write_sounds
from tokenizers import decoders, pre_tokenizers

NAME = "muse_spark_chat"
FOLDER = models.FOLDER / NAME
ANSWER = 16
# Behind the 256 bytes.
SPECIAL = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|turn|>", "<|end|>", "<|patch|>", "<|video|>", "<|audio|>",
    "<|image_start|>", "<|image_end|>", "<|vid_start|>", "<|vid_end|>", "<|vid_frame_separator|>",
    "<|soft_audio_start|>", "<|soft_audio_end|>",
]
BYTES, VOCABULARY = 256, 272
TEMPLATE = """{{- bos_token -}}
{%- for message in messages -%}
    {{- '<|turn|>' + message.role + ': ' -}}
    {%- if message.content is string -%}
        {{- message.content -}}
    {%- else -%}
        {%- for part in message.content -%}
            {{- {'image': '<|patch|>', 'video': '<|video|>', 'audio': '<|audio|>'}.get(part.type, part.text) -}}
        {%- endfor -%}
    {%- endif -%}
    {{- '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|turn|>assistant: ' -}}{%- endif -%}
"""
CHATS = [
    [("user", ["What is this?"])],
    [("user", ["picture_0.png", "What is this?"])],
    [("user", ["One: ", "picture_1.png", "Two: ", "picture_0.png"]), ("assistant", ["Waves."]),
     ("user", ["And this?", "sound_0.wav"])],
    [("system", ["Be brief."]), ("user", ["film_0.mkv", "What happens?"])],
    [("user", ["sound_1.wav", "film_1.mov", "picture_0.png", "film_0.mkv", "Which is which?"])],
]
KINDS = {"picture": "image", "film": "video", "sound": "audio"}


def medium_of(part: str) -> str:
    """The template's word for a medium; empty for text."""
    kind, dot, _ = part.partition("_")
    return KINDS.get(kind, "") if dot and "." in part else ""


def id_of(special: str) -> int:
    return BYTES + SPECIAL.index(special)


def write_tokenizer() -> transformers.PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(FOLDER / "tokenizer.json"))
    (FOLDER / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": SPECIAL[0], "eos_token": SPECIAL[1], "tokenizer_class": "PreTrainedTokenizerFast"}) + "\n")
    (FOLDER / "generation_config.json").write_text(json.dumps({"eos_token_id": [BYTES + 1, BYTES + 3]}) + "\n")
    (FOLDER / "chat_template.jinja").write_text(TEMPLATE)
    return transformers.AutoTokenizer.from_pretrained(FOLDER)


def make_model() -> torch.nn.Module:
    return models.muse_spark(
        models.EYES, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, head_dim=8, moe_intermediate_size=16, num_local_experts=6, num_experts_per_tok=2,
        moe_hidden_size=16, vocab_size=VOCABULARY, max_position_embeddings=1024, bos_token_id=BYTES,
        eos_token_id=BYTES + 1,
    )


def main() -> None:
    torch.set_num_threads(1)
    number = zlib.crc32(NAME.encode())
    shutil.rmtree(FOLDER, ignore_errors=True)
    models.IMAGE, models.VIDEO, models.AUDIO = (id_of(f"<|{one}|>") for one in ("patch", "video", "audio"))
    PICTURES[NAME] = [(59, 37), (20, 64)]
    FILMS[NAME] = [(40, 24, 9, "6", "mkv"), (23, 31, 1, "10", "mov")]
    SOUNDS[NAME] = [217, 50]
    PROCESSORS[NAME] = {"patch_size": 4, "max_image_tokens": 24}
    FILM_PROCESSORS[NAME] = {"patch_size": 4, "max_video_frame_tokens": 12, "num_frames": 6}
    models.write_model(FOLDER, number, (make_model, models.spread_spark, torch.float32, None, (), {}))
    for write in (write_pictures, write_films, write_sounds):
        write(FOLDER, number)
    for leftover in FOLDER.glob("*.npy"):
        leftover.unlink()
    tokenizer = write_tokenizer()
    processor = transformers.MuseSparkProcessor(
        feature_extractor=transformers.MuseSparkFeatureExtractor(samples_per_token=SAMPLES_PER_TOKEN),
        image_processor=transformers.MuseGlimmerImageProcessor(**PROCESSORS[NAME]),
        video_processor=transformers.MuseGlimmerVideoProcessor(**FILM_PROCESSORS[NAME]),
        tokenizer=tokenizer,
    )
    model = transformers.MuseSparkForConditionalGeneration.from_pretrained(
        FOLDER, dtype=torch.float32, attn_implementation="eager").eval()
    chats = [answer(chat, tokenizer, processor, model) for chat in CHATS]
    (FOLDER / "chats.json").write_text(json.dumps(chats) + "\n")


def read_film(name: str) -> tuple:
    """Frames [count, 3, height, width], and their facts."""
    width, height, count, rate, _ = FILMS[NAME][int(name.split("_")[1].split(".")[0])]
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(FOLDER / name), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                         capture_output=True, check=True).stdout
    frames = numpy.frombuffer(raw, numpy.uint8).reshape(count, height, width, 3)
    return torch.from_numpy(frames.copy()).permute(0, 3, 1, 2), {"total_num_frames": count, "fps": float(rate),
                                                                 "duration": None}


def read_sound(name: str) -> numpy.ndarray:
    with wave.open(str(FOLDER / name)) as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32_768


@torch.no_grad()
def answer(chat: list, tokenizer, processor, model) -> dict:
    messages, media = [], {"image": [], "video": [], "audio": []}
    for role, parts in chat:
        content = []
        for part in parts:
            kind = medium_of(part)
            content.append({"type": kind} if kind else {"type": "text", "text": part})
            if kind:
                media[kind].append(part)
        messages.append({"role": role, "content": content})
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    given = {}
    if media["image"]:
        given["images"] = [PIL.Image.open(FOLDER / name).convert("RGB") for name in media["image"]]
    if media["video"]:
        films = [read_film(name) for name in media["video"]]
        given["videos"] = [frames for frames, _ in films]
        given["video_metadata"] = [facts for _, facts in films]
    if media["audio"]:
        given["audio"] = [read_sound(name) for name in media["audio"]]
    seen = dict(processor(text=[text], return_tensors="pt", return_metadata=True, **given))
    tokens = seen.pop("input_ids")
    known = ("pixel_values", "image_grid_thw", "pixel_values_videos", "video_grid_thw", "input_values",
             "input_values_mask")
    seen = {key: value for key, value in seen.items() if key in known}
    prompt, written, logprobs, margins = tokens[0].tolist(), [], [], []
    for _ in range(ANSWER):
        logits = model(input_ids=tokens, use_cache=False, **seen).logits[0, -1].float()
        top = torch.topk(logits[:BYTES], 2)
        written.append(int(top.indices[0]))
        logprobs.append(float(torch.log_softmax(logits, -1)[written[-1]]))
        margins.append(float(top.values[0] - top.values[1]))
        tokens = torch.cat([tokens, top.indices[:1].view(1, 1)], dim=1)
    print(len(prompt), "tokens,", len(set(written)), "different, smallest margin", min(margins))
    return {"messages": [{"role": role, "content": parts} for role, parts in chat], "ids": prompt,
            "tokens": written, "logprobs": logprobs, "margins": margins}


if __name__ == "__main__":
    main()
