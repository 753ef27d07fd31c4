"""Muse Glimmer's GGUF beside llama.cpp, with a picture in the prompt: compares, and keeps nothing.

A tiny random model with the real vocabulary is made with transformers, turned into a text file and an
mmproj file by llama.cpp's own converter, and run by llama.cpp and by `helicon logits`. It takes half a
minute and 200 MB. Needs what models.py does, llama-cpp-python==0.3.36, and the llama.cpp sources of
its source distribution (vendor/llama.cpp):

  PYTHON tests/golden/llama_cpp_glimmer.py SOURCES build/release/helicon

Two things in which llama.cpp rounds to 16 bits are kept out of the comparison: pixels and weights of
the patches are such that its convolution is exact, and flash attention is off in its vision tower.
"""

import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile

import llama_cpp
import numpy
import torch
import transformers
from llama_cpp import mtmd_cpp as mtmd
from models import EYES, spread_eyes
from PIL import Image

VOCABULARY, PATCH = 202048, 200092
SPECIAL = {200000: "<|begin_of_text|>", 200001: "<|end_of_text|>", 200008: "<|eot|>", 200018: "<|pad|>",
           200080: "<|image_start|>", 200081: "<|image_end|>", 200091: "<|video|>", PATCH: "<|patch|>"}
BEFORE, AFTER = [5, 77, 1000, 3, 60000, 12], [9, 150000, 42, 7, 8, 11, 12, 13, 900, 901]
SIZES = [(16, 8), (8, 16), (16, 8)]  # grids that fit the table of positions, and no ties
TOLERANCE = 2e-4


def byte_letters():
    """The letters that stand for bytes in byte-level BPE (GPT-2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


def write_tokenizer(folder):
    vocabulary = byte_letters() | {f"w{i}": i for i in range(256, 199999)} | {"w300w301": 199999}
    added = [{"id": i, "content": SPECIAL.get(i, f"<|r{i}|>"), "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False, "special": True} for i in range(200000, VOCABULARY)]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": vocabulary, "merges": [["w300", "w301"]]}
    letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                 "pre_tokenizer": letters, "post_processor": None, "decoder": letters, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIAL[200000], "eos_token": SPECIAL[200001]}))
    half = [0.5, 0.5, 0.5]
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"image_mean": half, "image_std": half, "patch_size": EYES["patch_size"], "merge_size": 2}))


def write_model(folder):
    torch.manual_seed(5)
    text = dict(vocab_size=VOCABULARY, max_position_embeddings=256, bos_token_id=200000, eos_token_id=200001,
                hidden_size=32, intermediate_size=48, num_hidden_layers=5, num_attention_heads=4,
                num_key_value_heads=2, head_dim=16, sliding_window=8,
                rope_parameters={"rope_type": "default", "rope_theta": 500000.0})
    model = transformers.MuseGlimmerForConditionalGeneration(transformers.MuseGlimmerConfig(
        text_config=text, vision_config=EYES, out_hidden_size=4 * EYES["hidden_size"], projector_hidden_size=8))
    for name, parameter in model.named_parameters():
        mean, deviation = spread_eyes(name, parameter)
        parameter.data.normal_(mean, deviation)
        if "patch_embedding" in name:
            parameter.data = (parameter.data * 256).round().clamp(-511, 511) / 256
    model.save_pretrained(folder)
    write_tokenizer(folder)


def convert(sources, folder, text, eyes):
    """By llama.cpp's converter, which would refuse a tokenizer that it does not know."""
    sys.path[:0] = [str(sources), str(sources / "gguf-py")]
    import conversion.base
    import convert_hf_to_gguf
    conversion.base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "llama-bpe"
    for target, more in ((text, []), (eyes, ["--mmproj"])):
        sys.argv = ["convert", str(folder), "--outfile", str(target), "--outtype", "f32", *more]
        convert_hf_to_gguf.main()


class Theirs:
    """A conversation in llama.cpp: which tokens it has, and the logits after each that is text."""

    def __init__(self, text, eyes):
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(str(text).encode(), llama_cpp.llama_model_default_params())
        options = llama_cpp.llama_context_default_params()
        options.n_ctx, options.n_batch, options.n_ubatch = 256, 256, 256
        options.type_k = options.type_v = options.flash_attn_type = 0
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        seeing = mtmd.mtmd_context_params_default()
        seeing.use_gpu, seeing.flash_attn_type = False, 0
        self.eyes = mtmd.mtmd_init_from_file(str(eyes).encode(), self.model, seeing)
        self.tokens, self.logits, self.position = [], [], 0

    def read(self, tokens):
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.logits[i] = token, self.position + i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        assert llama_cpp.llama_decode(self.context, batch) == 0
        for i, token in enumerate(tokens):
            row = llama_cpp.llama_get_logits_ith(self.context, i)
            self.logits.append(numpy.ctypeslib.as_array(row, (VOCABULARY,)).copy())
            self.tokens.append(token)
        self.position += len(tokens)

    def look(self, path):
        picture = Image.open(path).convert("RGB")
        pixels = (ctypes.c_uint8 * (3 * picture.width * picture.height)).from_buffer_copy(picture.tobytes())
        bitmap = mtmd.mtmd_bitmap_init(picture.width, picture.height, pixels)
        marker = mtmd.mtmd_default_marker()
        prompt = mtmd.mtmd_input_text(marker, len(marker), False, True)
        chunks = mtmd.mtmd_input_chunks_init()
        bitmaps = (mtmd.mtmd_bitmap_p_ctypes * 1)(bitmap)
        assert mtmd.mtmd_tokenize(self.eyes, chunks, ctypes.byref(prompt), bitmaps, 1) == 0
        for i in range(mtmd.mtmd_input_chunks_size(chunks)):
            chunk = mtmd.mtmd_input_chunks_get(chunks, i)
            count = ctypes.c_size_t()
            if mtmd.mtmd_input_chunk_get_type(chunk) == 0:
                tokens = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                self.read([tokens[k] for k in range(count.value)])
                continue
            after = ctypes.c_int32()
            assert mtmd.mtmd_helper_eval_chunk_single(
                self.eyes, self.context, chunk, self.position, 0, 256, True, ctypes.byref(after)) == 0
            seen = mtmd.mtmd_input_chunk_get_n_tokens(chunk)
            self.tokens += [PATCH] * seen
            self.logits += [None] * seen
            self.position = after.value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=pathlib.Path)
    parser.add_argument("helicon")
    options = parser.parse_args()
    random = numpy.random.default_rng(2)
    with tempfile.TemporaryDirectory() as there:
        place = pathlib.Path(there)
        folder, text, eyes = place / "model", place / "tiny.gguf", place / "mmproj-tiny.gguf"
        write_model(folder)
        convert(options.sources, folder, text, eyes)
        for number, (width, height) in enumerate(SIZES):
            picture = place / f"{number}.png"
            Image.fromarray((255 * random.integers(0, 2, (height, width, 3))).astype(numpy.uint8)).save(picture)
            theirs = Theirs(text, eyes)
            theirs.read(BEFORE)
            theirs.look(picture)
            theirs.read(AFTER)
            numbers = place / "logits.npy"
            subprocess.run([options.helicon, "logits", text, "--exact", "--tokens", ",".join(map(str, theirs.tokens)),
                            "--image", picture, "--out", numbers], check=True)
            told = [i for i, row in enumerate(theirs.logits) if row is not None]
            expected = numpy.stack([theirs.logits[i] for i in told])
            found = numpy.abs(numpy.load(numbers)[told] - expected).max() / numpy.abs(expected).max()
            print(f"{width} x {height}, {len(theirs.tokens)} tokens: largest difference {found:.2g} of the largest logit")
            assert found <= TOLERANCE


if __name__ == "__main__":
    main()
