#!/usr/bin/env python3
"""Helicon beside llama.cpp, interleaved in one run: a table for people, and one JSON line.

Each measurement is a process of its own and one line of the results file, written at once: a run may
be stopped at any time, and one that is given the same file adds to it. Both programs get the same
threads and random prompts of the same length. llama.cpp is tried with and without flash attention and
repacking; after the first round what is clearly slower is left out.

  HELICON_BINARY=build/release/helicon bench/run.py --peer PYTHON [--rows NAME ...] [--models NAME ...]

PYTHON is an interpreter that has llama-cpp-python; without it only Helicon is measured.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import report
from jobs import JOBS, MODELS, ROWS, agents_key

HERE = pathlib.Path(__file__).resolve().parent


def say(text):
    print(text, file=sys.stderr, flush=True)


# llama.cpp's configurations.
VARIANTS = {"flash attention, repacked": ("--flash", "--repack"), "flash attention": ("--flash",),
            "plain attention, repacked": ("--repack",), "plain attention": ()}


def side_by_side(row):
    """The figures of several agents under keys of their own, beside those of one stream."""
    row = dict(row)
    several = row.pop("further", [])
    if row["agents"] > 1:
        keys = ("agents_tokens_per_second", "step_seconds", "median_step_seconds")
        several = [{"agents": row["agents"], **{key: row.pop(key) for key in keys}}, *several]
    for figures in several:
        row |= {agents_key(figures["agents"], key): value for key, value in figures.items()}
    return row


class Runner:
    """Runs one program after another and keeps what they say."""

    def __init__(self, options):
        self.options = options
        self.binary = os.environ.get("HELICON_BINARY", "build/release/helicon")
        self.environment = os.environ | ({"HELICON_KERNELS": options.kernels} if options.kernels else {})
        self.results = report.read(options.results)
        self.tried = report.read(options.tried) if options.tried else []
        options.results.parent.mkdir(parents=True, exist_ok=True)

    def run(self, command, file, tell_start=False):
        """What the program says, of a run in which others left the machine to it."""
        witness = [sys.executable, HERE / "witness.py", "--file", file, *(["--tell-start"] if tell_start else [])]
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
        row = {"model": model, "job": job.name, "variant": variant, "time": round(time.time()), **side_by_side(row)}
        self.results.append(row)
        with open(self.options.results, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        of_job = [(line, variant == "helicon" and line.our_key or line.key) for line in ROWS if line.job == job.name]
        shown = [f"{line.name} {report.shown(row[key], line.unit)}" for line, key in of_job if key in row]
        say(f"{model}, {variant}: {', '.join(shown)}")

    def ours(self, model, file, job, seed):
        command = [self.binary, "bench", model, *job.ours(), "--threads", self.options.threads, "--seed", seed,
                   "--machine", "--json"]
        self.record(model, job, "helicon", {"program": "helicon", **self.run(command, file, tell_start=True)})

    def theirs(self, model, file, job, seed, variant, rows):
        """What of the job's rows is worth the while in that configuration."""
        def run(arguments, without=()):
            command = [self.options.peer, HERE / "llama_peer.py", file, *arguments, *VARIANTS[variant],
                       "--threads", self.options.threads, "--seed", seed]
            figures = self.run(command, file)
            self.record(model, job, variant, {key: value for key, value in figures.items() if key not in without})
        wanted = [row for row in rows if report.worth_measuring([*self.tried, *self.results], model, row, variant)]
        if any(not row.agents for row in wanted):
            run(job.their_stream())
        if any(row.agents for row in wanted):
            # A context for many is no measure of loading, nor of what one stream needs.
            run([*job.their_agents(), "--states", self.options.results.parent / "states"],
                without=("load_seconds", "prefill_tokens_per_second"))

    def round(self, model, rows, seed):
        shown = subprocess.run([self.binary, "show", model, "--json"], stdout=subprocess.PIPE, text=True, check=True)
        file = json.loads(shown.stdout)["file"]
        for job in JOBS.values():
            of_job = [row for row in rows if row.job == job.name]
            if not of_job:
                continue
            self.ours(model, file, job, seed)
            for variant in VARIANTS if self.options.peer else ():
                self.theirs(model, file, job, seed, variant, of_job)


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
    parser.add_argument("--tried", type=pathlib.Path, metavar="RESULTS",
                        help="of an earlier run: what was slow then is left out from the beginning")
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
    runner = Runner(options)
    seed = options.first_seed if options.first_seed is not None else int(time.time())
    try:
        for turn in range(options.rounds):
            for model in options.models:
                runner.round(model, rows, seed + turn)
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
