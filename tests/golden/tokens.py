#!/usr/bin/env python3
"""Holds our tokens against those of independent tokenizers.

    tokens.py --build DIR --models DIR     the golden ids of three models; needs nothing but Python
    tokens.py --build DIR --vocabs DIR     the vocabularies and ids in a llama.cpp source tree's models/
    tokens.py --update --models DIR        asks the references anew (pip install gguf llama-cpp-python
                                           sentencepiece tokenizers transformers), and says where they differ

The last line is "N passed, N failed"; the exit code is 1 if any failed.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys

import tokens_corpus

GOLDEN = pathlib.Path(__file__).with_name("tokens.jsonl.gz")
MODELS = ("smollm2-135m", "qwen2.5-coder-1.5b", "gemma3-270m")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the build folder, with helicon and tokenize_bytes")
    parser.add_argument("--models", type=pathlib.Path, help="the folder of the three models' .gguf files")
    parser.add_argument("--vocabs", type=pathlib.Path, help="llama.cpp's models/ folder")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    if arguments.update and arguments.models:
        return update(arguments.models)
    if not arguments.build or not (arguments.models or arguments.vocabs):
        parser.error("--build and --models or --vocabs, or --update and --models")
    tally = Tally()
    if arguments.models:
        check_models(tally, arguments.build, arguments.models)
    if arguments.vocabs:
        check_vocabularies(tally, arguments.build, arguments.vocabs)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def compare(self, what, inputs, ours, expected):
        wrong = [i for i in range(len(inputs)) if ours[i] != expected[i]]
        self.passed += len(inputs) - len(wrong)
        self.failed += len(wrong)
        print(f"{what}: {len(inputs) - len(wrong)} of {len(inputs)}")
        for i in wrong[:5]:
            print(f"  {inputs[i]!r}\n    is        {ours[i]}\n    should be {expected[i]}")


def run(command, lines):
    try:
        result = subprocess.run(command, input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                                check=False)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {result.stderr.strip()}")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    if len(answers) != len(lines):
        sys.exit(f"{' '.join(map(str, command))}: {len(lines)} lines in, {len(answers)} out")
    return answers


def tokenize_text(build, model, lines, *options):
    """Ids by the program that people use."""
    return run([build / "helicon", "tokenize", model, *options], [json.dumps(line) for line in lines])


def tokenize_bytes(build, model, lines, *options):
    """Ids, and the bytes they decode to."""
    answers = run([build / "tokenize_bytes", model, *options], [line.hex() for line in lines])
    return [ids for ids, _ in answers], [bytes.fromhex(decoded) for _, decoded in answers]


def corpus_digest():
    digest = hashlib.sha256()
    for line in [*(line.encode() for line in tokens_corpus.lines()), *tokens_corpus.broken_lines()]:
        digest.update(len(line).to_bytes(4, "little") + line)
    return digest.hexdigest()


def patched(values, changes):
    """`values` with those at some places replaced: so tokens.jsonl.gz says what is seldom different."""
    result = list(values)
    for place, value in changes:
        result[place] = value
    return result


def check_models(tally, build, models):
    with gzip.open(GOLDEN, "rt") as file:
        header, *golden = map(json.loads, file)
    if header["corpus"] != corpus_digest():
        sys.exit("tokens_corpus.py and tokens.jsonl.gz do not belong together: run tokens.py --update")
    lines, broken = tokens_corpus.lines(), tokens_corpus.broken_lines()
    raw = [line.encode() for line in lines]
    for entry in golden:
        name, model = entry["model"], models / f"{entry['model']}.gguf"
        if not model.exists():
            sys.exit(f"{model} is not there")
        ids, special, normalized = (entry["ids"], patched(entry["ids"], entry["special"]),
                                    patched(entry["ids"], entry["normalized"]))
        tally.compare(f"{name}, helicon tokenize", lines, tokenize_text(build, model, lines), ids)
        ours, decoded = tokenize_bytes(build, model, raw)
        tally.compare(f"{name}, text", lines, ours, ids)
        changes = [(place, bytes.fromhex(value)) for place, value in entry["decoded"]]
        tally.compare(f"{name}, text back again", lines, decoded, patched(raw, changes))
        tally.compare(f"{name}, special tokens", lines, tokenize_bytes(build, model, raw, "--special")[0], special)
        tally.compare(f"{name}, normalized", lines, tokenize_bytes(build, model, raw, "--normalize")[0], normalized)
        ours, decoded = tokenize_bytes(build, model, broken)
        tally.compare(f"{name}, broken UTF-8", broken, ours, entry["broken"])
        changes = [(place, bytes.fromhex(value)) for place, value in entry["broken_decoded"]]
        tally.compare(f"{name}, broken UTF-8 back again", broken, decoded, patched(broken, changes))


def check_vocabularies(tally, build, folder):
    """The ids that llama.cpp's developers recorded from the models' own tokenizers."""
    for inputs in sorted(folder.glob("ggml-vocab-*.gguf.inp")):
        vocabulary = inputs.with_suffix("")
        probe = subprocess.run([build / "tokenize_bytes", vocabulary], input="", capture_output=True, text=True, check=False)
        if probe.returncode:
            print(f"{vocabulary.name}: not ours to read: {probe.stderr.strip()}")
            continue
        expected = [[int(i) for i in line.split()] for line in inputs.with_suffix(".out").read_text().splitlines()]
        texts = inputs.read_bytes().split(b"\n__ggml_vocab_test__\n")[:len(expected)]
        ours, decoded = tokenize_bytes(build, vocabulary, texts)
        tally.compare(vocabulary.name, texts, ours, expected)
        tally.compare(f"{vocabulary.name}, back again", texts, decoded, texts)


def changes(values, others):
    return [[i, other] for i, (value, other) in enumerate(zip(values, others)) if value != other]


def update(models):
    import tokens_references as references
    lines, broken = tokens_corpus.lines(), tokens_corpus.broken_lines()
    raw = [line.encode() for line in lines]
    print(f"{len(lines)} lines and {len(broken)} of broken UTF-8")
    with gzip.GzipFile(GOLDEN, "wb", mtime=0) as file:
        write = lambda entry: file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        write({"corpus": corpus_digest()})
        for name in MODELS:
            path = str(models / f"{name}.gguf")
            tokenizer = references.reference(path)
            ids = [tokenizer.encode(line) for line in lines]
            special = [tokenizer.encode(line, special=True) for line in lines]
            normalized = [tokenizer.encode_normalized(line) for line in lines]
            broken_ids = [tokenizer.encode_bytes(line) for line in broken]
            decoded = [tokenizer.decode(line) for line in ids]
            broken_decoded = [tokenizer.decode(line) for line in broken_ids]
            write({"model": name, "ids": ids, "special": changes(ids, special), "normalized": changes(ids, normalized),
                   "decoded": [[i, value.hex()] for i, value in changes(raw, decoded)], "broken": broken_ids,
                   "broken_decoded": [[i, value.hex()] for i, value in changes(broken, broken_decoded)]})
            print(f"{name}: {len(changes(raw, decoded))} lines do not come back, {len(changes(ids, normalized))} differ normalized")
            for other, theirs in (("llama.cpp", references.llama_cpp_ids(path, raw)),
                                  ("transformers", references.transformers_ids(path, lines))):
                differing = changes(ids, theirs)
                print(f"  {other} differs in {len(differing)}, such as {[lines[i] for i, _ in differing[:4]]}")
            differing = changes(special, references.llama_cpp_ids(path, raw, special=True))
            print(f"  with special tokens llama.cpp differs in {len(differing)}, such as {[lines[i] for i, _ in differing[:4]]}")
    print(f"{GOLDEN.name}: {GOLDEN.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
