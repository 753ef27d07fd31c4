#!/usr/bin/env python3
"""Helicon beside llama.cpp, interleaved in one run: a table for people, and one JSON line.

Each measurement is a process of its own and one line of the results file, written at once: a run may
be stopped at any time, and one that is given the same file adds to it. Both programs get the same
threads and random prompts of the same length. llama.cpp is tried with and without flash attention and
repacking; after the first round what is clearly slower for all rows of a job is left out.

  HELICON_BINARY=build/release/helicon bench/run.py --peer PYTHON [--rows NAME ...] [--models NAME ...]

PYTHON is an interpreter that has llama-cpp-python; without it only Helicon is measured.
"""
import argparse
import itertools
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import report
from jobs import JOBS, MODELS, ROWS

HERE = pathlib.Path(__file__).resolve().parent


def say(text):
    print(text, file=sys.stderr, flush=True)


class Runner:
    """Runs one program after another and keeps what they say."""

    def __init__(self, options):
        self.options = options
        self.binary = os.environ.get("HELICON_BINARY", "build/release/helicon")
        self.environment = os.environ | ({"HELICON_KERNELS": options.kernels} if options.kernels else {})
        self.results = report.read(options.results)
        options.results.parent.mkdir(parents=True, exist_ok=True)

    def run(self, command, since=False):
        """What the program says, of a run in which others left the machine to it."""
        witness = [sys.executable, HERE / "witness.py", *(["--since"] if since else [])]
        command = [str(part) for part in [*shlex.split(self.options.under), *witness, *command]]
        best = None
        for _ in range(self.options.patience):
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=self.environment, check=False)
            if result.returncode != 0:
                raise RuntimeError(f"{shlex.join(command)}: exit code {result.returncode}")
            row = json.loads(result.stdout.splitlines()[-1])
            if best is None or row["processors_of_others"] < best["processors_of_others"]:
                best = row
            if row["processors_of_others"] < report.DISTURBED:
                break
            say(f"others took {row['processors_of_others']:.2f} processors meanwhile")
        return best

    def record(self, model, job, variant, row):
        row = {"model": model, "job": job.name, "variant": variant, "time": round(time.time()), **row}
        self.results.append(row)
        with open(self.options.results, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        shown = [f"{value:.4g}" for key, value in row.items()
                 if key in report.keys_of(job) and isinstance(value, (int, float))]
        say(f"{model:20} {job.name:15} {variant:26} {' '.join(shown)}")

    def ours(self, model, job, seed):
        inner = [self.binary, "bench", model, *job.ours, "--threads",
                 self.options.threads, "--seed", seed, "--machine", "--json"]
        self.record(model, job, "helicon", {"program": "helicon", **self.run(inner, since=True)})

    def theirs(self, model, file, job, seed, flash, repack):
        command = [self.options.peer, HERE / "llama_peer.py", file, *job.theirs, "--threads",
                   self.options.threads, "--seed", seed]
        if flash:
            command.append("--flash")
        if repack:
            command.append("--repack")
        if job.name.startswith("agents"):
            command += ["--states", self.options.results.parent / "states"]
        self.record(model, job, report.variant_name(flash, repack), self.run(command))

    def round(self, model, jobs, seed):
        shown = subprocess.run([self.binary, "show", model, "--json"], stdout=subprocess.PIPE, text=True,
                               check=True)
        file = json.loads(shown.stdout)["file"]
        for job in jobs:
            self.ours(model, job, seed)
            if not self.options.peer:
                continue
            for variant in itertools.product((True, False), repeat=2):
                if report.worth_repeating(self.results, model, job, report.variant_name(*variant)):
                    self.theirs(model, file, job, seed, *variant)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--rows", nargs="+", choices=[row.name for row in ROWS], default=None,
                        help="only these rows, and what comes with them")
    parser.add_argument("--rounds", type=int, default=5, help="0: only show what the results file has")
    parser.add_argument("--first-seed", type=int, default=None,
                        help="of the first round's prompts; otherwise the clock")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peer", help="a Python that has llama-cpp-python")
    parser.add_argument("--kernels", help="our kernels, instead of the best that this machine has")
    parser.add_argument("--under", default="", metavar="COMMAND",
                        help="put before each program, such as 'taskset -c 0,1'")
    parser.add_argument("--patience", type=int, default=3,
                        help="how often to try for a run that nobody disturbs")
    parser.add_argument("--results", type=pathlib.Path,
                        default=pathlib.Path(f"build/bench/{time.strftime('%Y-%m-%d-%H%M%S')}.jsonl"))
    parser.add_argument("--document", metavar="TITLE",
                        help="put the table into docs/speed.md under this title, and draw docs/speed.svg")
    options = parser.parse_args()
    options.results = options.results.resolve()
    say(f"measurements go to {options.results}")
    rows = [row for row in ROWS if options.rows is None or row.name in options.rows]
    jobs = [JOBS[name] for name in JOBS if name in {row.job for row in rows}]
    runner = Runner(options)
    seed = options.first_seed if options.first_seed is not None else int(time.time())
    try:
        for turn in range(options.rounds):
            for model in options.models:
                runner.round(model, jobs, seed + turn)
            say(f"round {turn + 1} of {options.rounds} is done")
    except KeyboardInterrupt:
        say("stopped; what was measured is kept")
    summary = report.summarise(runner.results, options.models)
    report.print_table(summary)
    if options.document:
        report.document(summary, options.document, HERE.parent / "docs")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
