"""What independent tokenizers make of the lines: tokens.py --update asks here, nobody else.

A weight file holds a tokenizer's vocabulary but only the name of its rules. The rules below are those
of the models' own definitions (docs/tokenizers.md says where each comes from), carried out by the
package `tokenizers` for the byte-level models and by `sentencepiece` for Gemma. llama.cpp and the
loader of `transformers` are asked as well, to count where they differ.
"""

import re
import unicodedata

from gguf import GGUFReader
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPLITS = {
    "smollm": [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Split(Regex(GPT2), "isolated")],
    "qwen2": [pre_tokenizers.Split(Regex(QWEN2), "isolated")],
}
COMPOSES = {"qwen2"}


def metadata(path):
    fields = GGUFReader(path).fields
    names = ("model", "pre", "tokens", "token_type", "merges", "scores")
    return {name: fields[f"tokenizer.ggml.{name}"].contents() for name in names if f"tokenizer.ggml.{name}" in fields}


def reference(path):
    data = metadata(path)
    return ByteLevel(data) if data["model"] == "gpt2" else SentencePiece(data)


def chunks(line):
    """Cuts bytes into stretches of valid UTF-8, as text, and single stray bytes."""
    while line:
        try:
            yield line.decode()
            return
        except UnicodeDecodeError as error:
            if error.start:
                yield line[:error.start].decode()
            yield line[error.start:error.start + 1]
            line = line[error.start + 1:]


class ByteLevel:
    def __init__(self, data):
        tokens = data["tokens"]
        self.kinds = data["token_type"]
        vocabulary = {token: i for i, token in enumerate(tokens) if self.kinds[i] != UNUSED}
        merges = [tuple(merge.split(" ", 1)) for merge in data["merges"]]
        self.model = models.BPE(vocab=vocabulary, merges=merges)
        self.split = pre_tokenizers.Sequence(SPLITS[data["pre"]])
        self.composes = data["pre"] in COMPOSES
        self.plain = self.tokenizer(tokens, {USER_DEFINED})
        self.special = self.tokenizer(tokens, {USER_DEFINED, CONTROL})
        self.alphabet = byte_alphabet()

    def tokenizer(self, tokens, added):
        tokenizer = Tokenizer(self.model)
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([self.split, byte_level])
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token, kind in zip(tokens, self.kinds) if kind in added])
        return tokenizer

    def encode(self, text, special=False):
        return (self.special if special else self.plain).encode(text).ids

    def encode_normalized(self, text):
        # Not the normalizer of `tokenizers`, whose tables of combining marks stop at Unicode 9.
        return self.encode(unicodedata.normalize("NFC", text) if self.composes else text)

    def encode_bytes(self, line):
        """Stray bytes are cut as if they were U+FFFD, then merged as what they are."""
        parts = list(chunks(line))
        text = "".join(part if isinstance(part, str) else "\ufffd" for part in parts)
        assert not re.search(r"<\|.*\|>|</?tool_call>", text), "an added token in a broken line"
        units = [unit for part in parts for unit in ([c.encode() for c in part] if isinstance(part, str) else [part])]
        ids, at = [], 0
        for piece, _ in self.split.pre_tokenize_str(text):
            raw = b"".join(units[at:at + len(piece)])
            at += len(piece)
            spelled = "".join(self.alphabet[byte] for byte in raw)
            ids.extend(token.id for token in self.model.tokenize(spelled))
        assert at == len(units)
        return ids

    def decode(self, ids):
        back = {character: byte for byte, character in enumerate(self.alphabet)}
        raw = bytearray()
        for i in ids:
            token = self.special.id_to_token(i)
            raw += bytes(back[c] for c in token) if self.kinds[i] == NORMAL else token.encode()
        return bytes(raw)


class SentencePiece:
    """Google's library, given the pieces of the weight file."""

    composes = False

    def __init__(self, data):
        self.tokens = data["tokens"]
        model = sentencepiece_model_pb2.ModelProto()
        for token, score, kind in zip(data["tokens"], data["scores"], data["token_type"]):
            # Converters write the spaces of user-defined pieces as such.
            spelled = token.replace(" ", "\u2581") if kind == USER_DEFINED else token
            model.pieces.add(piece=spelled, score=score, type=kind)
        model.trainer_spec.model_type = sentencepiece_model_pb2.TrainerSpec.BPE
        model.trainer_spec.byte_fallback = True
        model.trainer_spec.vocab_size = len(data["tokens"])
        for name in ("pad", "eos", "bos", "unk"):
            setattr(model.trainer_spec, f"{name}_id", data["tokens"].index(f"<{name}>"))
        model.normalizer_spec.name = "identity"
        model.normalizer_spec.add_dummy_prefix = False
        model.normalizer_spec.remove_extra_whitespaces = False
        self.processor = SentencePieceProcessor(model_proto=model.SerializeToString())
        control = [token for token, kind in zip(data["tokens"], data["token_type"]) if kind == CONTROL]
        self.control = re.compile("|".join(re.escape(token) for token in sorted(control, key=len, reverse=True)))
        self.ids = {token: i for i, token in enumerate(data["tokens"])}

    def encode(self, text, special=False):
        if not special:
            return self.processor.encode(text)
        ids, at = [], 0
        for found in self.control.finditer(text):
            ids += self.processor.encode(text[at:found.start()]) + [self.ids[found.group()]]
            at = found.end()
        return ids + self.processor.encode(text[at:])

    def encode_normalized(self, text):
        return self.encode(text)

    def encode_bytes(self, line):
        """No piece holds a stray byte, so that none reaches across one."""
        ids = []
        for part in chunks(line):
            ids += self.processor.encode(part) if isinstance(part, str) else [self.ids[f"<0x{part[0]:02X}>"]]
        return ids

    def decode(self, ids):
        raw = b""
        for i in ids:
            token = self.tokens[i]
            is_byte = self.processor.is_byte(i)
            raw += bytes([int(token[3:5], 16)]) if is_byte else token.replace("\u2581", " ").encode()
        return raw


def byte_alphabet():
    """The character of each byte in byte-level vocabularies."""
    itself = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = iter(range(0x100, 0x200))
    alphabet = [chr(byte) if byte in itself else chr(next(others)) for byte in range(256)]
    assert sorted(alphabet) == sorted(pre_tokenizers.ByteLevel.alphabet())
    return alphabet


def llama_cpp_ids(path, lines, special=False):
    from llama_cpp import Llama
    model = Llama(path, vocab_only=True, verbose=False)
    return [model.tokenize(line, add_bos=False, special=special) for line in lines]


def transformers_ids(path, lines):
    from transformers import AutoTokenizer
    folder, _, name = path.rpartition("/")
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    return [tokenizer.encode(line, add_special_tokens=False, split_special_tokens=True) for line in lines]
