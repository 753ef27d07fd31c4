#!/usr/bin/env python3
"""How near the engine's numbers are to a 32-bit reference, beside llama.cpp on the same tokens.

The text of divergence_text.txt is tokenized by the engine and teacher-forced through three programs:
  reference  transformers, which loads the GGUF file dequantised to 32-bit floats
  llama.cpp  llama-cpp-python, with its default settings
  helicon    `helicon logits`
For each token the Kullback-Leibler divergence KL(reference || program) of the next token's
distribution is taken over the whole vocabulary, in 64-bit floats, and whether the most likely token
is the reference's.

  divergence.py --helicon BINARY --models DIR --update   runs all three (needs torch, transformers, accelerate,
      gguf, llama-cpp-python, numpy) and writes divergence.json.gz beside this file and the table
      docs/divergence.md. The file keeps the tokens, the reference's most likely tokens with their
      log-probabilities, and what llama.cpp made of the same.
  divergence.py --helicon BINARY --models DIR            runs helicon alone (needs numpy) over the tokens
      of each model and compares with what is kept: the divergence over the kept tokens and
      the rest as one, which is what llama.cpp is held to as well. Exit code 1 where it is worse, or
      where the engine's own 32-bit path (`--exact`) is not the reference but for rounding.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "divergence.json.gz"
TABLE = HERE.parent.parent / "docs" / "divergence.md"
KEPT = 8  # most likely tokens kept for each position
EXACT_TOKENS = 24  # what the 32-bit path is tried on
EXACT_LIMIT = 1e-3  # largest difference of a kept log-probability; they are rounded to four decimals

MODELS = ["smollm2-135m", "gemma3-270m", "qwen2.5-coder-1.5b"]


def log_softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def divergence(reference, other):
    """KL over the whole vocabulary, of log-probabilities [tokens, vocabulary]."""
    return (np.exp(reference) * (reference - other)).sum(axis=-1)


def kept_divergence(ids, reference, other):
    """KL over the kept tokens [tokens, KEPT] and the rest as one: a lower bound of the whole."""
    at = np.take_along_axis(other, ids, axis=-1)
    rest = np.log(np.maximum(1 - np.exp(reference).sum(axis=-1), 1e-12))
    other_rest = np.log(np.maximum(1 - np.exp(at).sum(axis=-1), 1e-12))
    inside = (np.exp(reference) * (reference - at)).sum(axis=-1)
    return inside + np.exp(rest) * (rest - other_rest)


def tokenize(binary, model, text):
    result = subprocess.run([binary, "tokenize", str(model)], input=json.dumps(text) + "\n",
                            capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def helicon_logits(binary, model, tokens, extra=()):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.npy"
        subprocess.run([binary, "logits", str(model), "--tokens", ",".join(map(str, tokens)),
                        "--out", str(out), *extra], check=True)
        return log_softmax(np.load(out))


def llama_logits(model, tokens):
    import llama_cpp
    llama = llama_cpp.Llama(str(model), n_ctx=len(tokens) + 8, n_batch=512, logits_all=True,
                            verbose=False)
    llama.eval(tokens)
    return log_softmax(np.array(llama.scores[:len(tokens)]))


def reference_logits(model, tokens):
    import torch
    import transformers
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        str(model.parent), gguf_file=model.name, dtype=torch.float32)
    loaded.eval()
    with torch.no_grad():
        return log_softmax(loaded(torch.tensor([tokens])).logits[0].numpy())


def figures(reference, other):
    kl = divergence(reference, other)
    agree = float((reference.argmax(axis=-1) == other.argmax(axis=-1)).mean())
    return {"mean": float(kl.mean()), "median": float(np.median(kl)), "p99": float(np.percentile(kl, 99)),
            "top1": agree}


def update(binary, models):
    golden, rows = {}, []
    text = (HERE / "divergence_text.txt").read_text(encoding="utf-8")
    for name in MODELS:
        model = models / f"{name}.gguf"
        tokens = tokenize(binary, model, text)
        assert len(tokens) >= 512, len(tokens)
        reference = reference_logits(model, tokens)
        llama, ours = llama_logits(model, tokens), helicon_logits(binary, model, tokens)
        exact = helicon_logits(binary, model, tokens[:64], ["--exact"])
        ids = np.argsort(-reference, axis=-1, kind="stable")[:, :KEPT]
        logprobs = np.round(np.take_along_axis(reference, ids, axis=-1), 4)
        golden[name] = {
            "tokens": tokens, "ids": ids.tolist(), "logprobs": logprobs.tolist(),
            "llama_kept_mean": float(kept_divergence(ids, logprobs, llama).mean()),
            "llama_top1": float((ids[:, 0] == llama.argmax(axis=-1)).mean())}
        rows.append((name, len(tokens), figures(reference, llama), figures(reference, ours)))
        print(name, len(tokens), "llama.cpp", rows[-1][2], "helicon", rows[-1][3],
              "exact", divergence(reference[:64], exact).mean(), flush=True)
    with gzip.GzipFile(GOLDEN, "wb", mtime=0) as file:
        file.write(json.dumps(golden, separators=(",", ":")).encode())
    write_table(rows)


def write_table(rows):
    lines = ["# Divergence: how near to a 32-bit reference", "",
             "Teacher-forced over English, Chinese, emoji and code (`tests/golden/divergence_text.txt`). The reference",
             "is `transformers`, which dequantises the same GGUF file to 32-bit floats; KL is the Kullback-Leibler",
             "divergence of the next token's distribution from it, over the whole vocabulary; top-1 is how often the",
             "most likely token is the same. llama.cpp is `llama-cpp-python` 0.3.36 with its default settings. Made by",
             "`tests/golden/divergence.py --update`; `./dev test` holds the engine to these figures.", "",
             "| model | tokens | program | mean KL | median KL | 99th percentile | top-1 |",
             "|---|---|---|---|---|---|---|"]
    for name, count, llama, ours in rows:
        for program, f in (("llama.cpp", llama), ("**Helicon**", ours)):
            lines.append(f"| {name} | {count} | {program} | {f['mean']:.6f} | {f['median']:.6f} | "
                         f"{f['p99']:.4f} | {100 * f['top1']:.2f} % |")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def check(binary, models):
    golden = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    failed = 0
    for name, kept in golden.items():
        ids = np.array(kept["ids"])
        logprobs = np.array(kept["logprobs"])
        ours = helicon_logits(binary, models / f"{name}.gguf", kept["tokens"])
        mean = float(kept_divergence(ids, logprobs, ours).mean())
        top1 = float((ids[:, 0] == ours.argmax(axis=-1)).mean())
        start = slice(0, EXACT_TOKENS)
        exact = helicon_logits(binary, models / f"{name}.gguf", kept["tokens"][start], ["--exact"])
        distance = float(np.abs(np.take_along_axis(exact, ids[start], axis=-1) - logprobs[start]).max())
        good = (mean <= kept["llama_kept_mean"] and top1 >= kept["llama_top1"]
                and distance <= EXACT_LIMIT)
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {len(ids)} tokens, KL {mean:.6f} "
              f"(llama.cpp {kept['llama_kept_mean']:.6f}), top-1 {top1:.4f} ({kept['llama_top1']:.4f})")
    print(f"{len(golden) - failed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--helicon", required=True)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    if options.update:
        update(options.helicon, options.models)
        return 0
    return 1 if check(options.helicon, options.models) else 0


if __name__ == "__main__":
    sys.exit(main())
