"""Makes tests/golden/tokenizers/: small tokenizer.json files, and the ids that they give a text.

Needs pip install "tokenizers==0.23.3", in an environment of its own. Each is trained on the lines of
tests/golden/tokens_corpus.py and cuts as a family of models does; beside it, as such folders have them,
config.json and what names templates and ends. For src/text/folder_tokenizer_test.cc:

  expected.json  [text, ids, ids with special tokens parsed and added]
"""

import json
import pathlib
import shutil

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

import tokens_corpus

FOLDER = pathlib.Path(__file__).resolve().parent / "tokenizers"
QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+")
LLAMA = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def cut(regex: str) -> pre_tokenizers.PreTokenizer:
    split = pre_tokenizers.Split(tokenizers.Regex(regex), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


# name: (normalizer, pre-tokenizer, ignore_merges, whether a token begins each text)
KINDS = {
    "qwen": (normalizers.NFC(), cut(QWEN), False, False),
    "llama": (None, cut(LLAMA), True, True),
    "gpt2": (None, pre_tokenizers.ByteLevel(add_prefix_space=False), False, False),
    "smollm": (
        None,
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                 pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        False, False,
    ),
}


def make(name: str, lines: list) -> tokenizers.Tokenizer:
    normalizer, pre_tokenizer, ignore_merges, begins = KINDS[name]
    tokenizer = tokenizers.Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=600, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    if begins:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{SPECIAL[0]} $A", special_tokens=[(SPECIAL[0], tokenizer.token_to_id(SPECIAL[0]))]),
        ])
    return tokenizer


def main() -> None:
    lines = [line for line in tokens_corpus.lines() if "\0" not in line]
    texts = [line for line in lines if len(line) < 200][::17] + [
        "<|im_start|>user\nHello<|im_end|>\n", "a <tool_call>{}</tool_call> b", "1234567 x12", "e\u0301 = \u00e9", ""]
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in KINDS:
        folder = FOLDER / name
        folder.mkdir(parents=True)
        tokenizer = make(name, lines)
        tokenizer.save(str(folder / "tokenizer.json"))
        config = {"model_type": "qwen3", "vocab_size": tokenizer.get_vocab_size() + 7, "eos_token_id": 0}
        (folder / "config.json").write_text(json.dumps(config) + "\n")
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 0]}) + "\n")
        template = "{% for m in messages %}{{ m.content }}{% endfor %}"
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}) + "\n")
        plain = tokenizers.Tokenizer.from_str(tokenizer.to_str())
        plain.encode_special_tokens = True
        expected = [[text, plain.encode(text, add_special_tokens=False).ids, tokenizer.encode(text).ids]
                    for text in texts]
        (folder / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
