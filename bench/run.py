#!/usr/bin/env python3
"""Helicon beside llama.cpp, interleaved in one run: a table for people, and one JSON line.

Both get the same number of threads and random prompts of the same length; each measurement is a
process of its own. llama.cpp runs with and without flash attention, and the better median of the
two stands in the table.

  HELICON_BINARY=build/release/helicon bench/run.py [--models NAME ...] [--rounds N] [--peer PYTHON]

PYTHON is an interpreter that has llama-cpp-python 0.3.36, built natively; without it only Helicon
is measured.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

PEER = pathlib.Path(__file__).resolve().parent / "llama_peer.py"
RATES = ["prefill_tokens_per_second", "decode_tokens_per_second"]


def json_line(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def measure(binary, peer, model, options):
    """Rows of each program, in the order they were measured."""
    shown = json_line([binary, "show", model, "--json"])
    rows = {"helicon": [], "llama.cpp": [], "llama.cpp flash": []}
    for seed in range(options.rounds):
        common = ["--prompt", str(options.prompt), "--generate", str(options.generate), "--seed", str(seed),
                  "--threads", str(options.threads)]
        rows["helicon"].append(json_line([binary, "bench", model, *common, "--json"]))
        if peer:
            command = [peer, str(PEER), shown["file"], *common]
            rows["llama.cpp"].append(json_line(command))
            rows["llama.cpp flash"].append(json_line([*command, "--flash"]))
        print(f"{model}: round {seed + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return rows


def median(rows, key):
    return statistics.median(row[key] for row in rows) if rows else None


def summarise(model, rows):
    summary = {"model": model}
    for key in RATES:
        ours = median(rows["helicon"], key)
        peers = [median(rows[name], key) for name in ("llama.cpp", "llama.cpp flash") if rows[name]]
        summary[key] = {"helicon": ours, "llama.cpp": max(peers) if peers else None,
                        "ratio": ours / max(peers) if peers else None}
    return summary


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["qwen2.5-coder-1.5b"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peer", help="a Python that has llama-cpp-python")
    options = parser.parse_args()
    binary = os.environ.get("HELICON_BINARY", "build/release/helicon")
    summaries = [summarise(model, measure(binary, options.peer, model, options)) for model in options.models]
    print(f"{'model':22} {'row':28} {'helicon':>9} {'llama.cpp':>10} {'ratio':>6}")
    for summary in summaries:
        for key in RATES:
            row = summary[key]
            peer = f"{row['llama.cpp']:10.1f} {row['ratio']:6.2f}" if row["ratio"] else ""
            print(f"{summary['model']:22} {key:28} {row['helicon']:9.1f} {peer}")
    print(json.dumps(summaries))


if __name__ == "__main__":
    main()
