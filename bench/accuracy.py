#!/usr/bin/env python3
"""What `helicon eval` found, as docs/evaluation.md shows it: tables and a plot.

    bench/accuracy.py [--keep NAME=RESULTS ...]

A file of results given is kept as docs/evaluation/NAME.jsonl, without the answers' texts, which have the
sets' own words in them; `helicon eval --results` goes on from such a file, and --compare reads it. Then
tables and plot are made of all that is kept. HELICON_BINARY: the program that knows the statistics.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "evaluation"
FIELDS = ["id", "correct", "tokens", "seconds", "rounds", "correct_samples"]
# Rows of the table, in its order; pairs of which the second is to be the better one.
RUNS = {
    "gsm8k-instant": "Instant", "gsm8k-thinking": "Thinking",
    "gsm8k-vote": "plain vote of 8, Thinking at temperature 0.7",
    "gsm8k-contemplating-1": "Contemplating as it was first, 8 agents",
    "gsm8k-contemplating": "Contemplating, 8 agents",
    "humaneval-instant": "Instant", "humaneval-contemplating": "Contemplating, 8 agents",
}
PAIRS = [("gsm8k-instant", "gsm8k-thinking"), ("gsm8k-thinking", "gsm8k-contemplating"),
         ("gsm8k-vote", "gsm8k-contemplating"), ("gsm8k-contemplating-1", "gsm8k-contemplating"),
         ("humaneval-instant", "humaneval-contemplating")]
# One problem at a time, nothing else on the machine: Thinking, Contemplating, and how the model is reached.
ALONE = [("alone-thinking", "alone-contemplating", "the engine here"),
         ("upstream-thinking", "upstream-contemplating", "--upstream, a second process")]
TIMES = [name for pair in ALONE for name in pair[:2]]


def keep(name, path):
    head, *rows = path.read_text().splitlines()
    lines = [head]
    for row in map(json.loads, rows):
        lines.append(json.dumps({field: row[field] for field in FIELDS if field in row}))
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def kept(name):
    return KEPT / f"{name}.jsonl"


def compare(first, second):
    binary = os.environ.get("HELICON_BINARY", ROOT / "build" / "release" / "helicon")
    out = subprocess.run([binary, "eval", "--json", "--compare", kept(first), kept(second)],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def percent(share):
    return f"{100 * share:.1f}"


def summaries():
    return {name: compare(name, name)["first"] for name in RUNS if kept(name).exists()}


def accuracy_rows(found):
    yield "| set | mode | right | % | 95 % | tokens a problem: median, mean |"
    yield "|---|---|---|---|---|---|"
    for name, one in found.items():
        low, high = map(percent, one["accuracy_interval"])
        yield (f"| {one['task']} | {RUNS[name]} | {one['correct']} of {one['problems']} | "
               f"{percent(one['accuracy'])} | {low} to {high} | "
               f"{one['tokens']['median']:.0f}, {one['tokens']['mean']:.0f} |")
        if "any_correct" in one:
            low, high = map(percent, one["any_interval"])
            yield (f"| {one['task']} | at least one of those 8 | {one['any_correct']} of {one['problems']} | "
                   f"{percent(one['any_correct'] / one['problems'])} | {low} to {high} | |")
            yield (f"| {one['task']} | one of those 8 alone | | {percent(one['accuracy_of_one'])} | | |")


def pair_rows(found):
    yield "| set | first | second | problems of both | second minus first, points | 95 % | McNemar's p |"
    yield "|---|---|---|---|---|---|---|"
    for first, second in PAIRS:
        if first not in found or second not in found:
            continue
        pair = compare(first, second)
        low, high = (f"{100 * bound:+.1f}" for bound in pair["difference_interval"])
        yield (f"| {found[first]['task']} | {RUNS[first]} | {RUNS[second]} | {pair['problems']} | "
               f"{100 * pair['difference']:+.1f} | {low} to {high} | {pair['mcnemar_p']:.2g} |")


def time_rows():
    yield "| one problem at a time | model | problems | right | median seconds | of Thinking's |"
    yield "|---|---|---|---|---|---|"
    for *names, where in ALONE:
        if not all(kept(name).exists() for name in names):
            continue
        thinking, agents = ([json.loads(line) for line in kept(name).read_text().splitlines()[1:]] for name in names)
        base = statistics.median(row["seconds"] for row in thinking)
        agree = [row for row in agents if row["rounds"] == 1]
        for title, rows in (("Thinking", thinking), ("Contemplating, where the first round agrees", agree),
                            ("Contemplating, otherwise", [row for row in agents if row["rounds"] > 1]),
                            ("Contemplating, all", agents)):
            middle = statistics.median(row["seconds"] for row in rows)
            yield (f"| {title} | {where} | {len(rows)} | {sum(row['correct'] for row in rows)} | {middle:.2f} | "
                   f"{middle / base:.2f} |")


def draw(found, path):
    """Shares with their intervals; points and lines, so that black and white will do."""
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "helicon"
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    tasks = list(dict.fromkeys(one["task"] for one in found.values()))
    figure, panels = pyplot.subplots(1, len(tasks), figsize=(10, 2.6), sharex=True, squeeze=False,
                                     layout="constrained")
    for panel, task in zip(panels[0], tasks):
        rows = [(f"{RUNS[name]} ({one['problems']})", one) for name, one in found.items() if one["task"] == task]
        for place, (_, one) in enumerate(rows):
            low, high = one["accuracy_interval"]
            panel.plot([100 * low, 100 * high], [place, place], color="black", linewidth=1.5)
            panel.plot(100 * one["accuracy"], place, marker="o", color="black")
            panel.annotate(percent(one["accuracy"]), (100 * one["accuracy"], place), xytext=(0, 6),
                           textcoords="offset points", ha="center", fontsize=8)
        panel.set_yticks(range(len(rows)), [title.replace(", ", ",\n") for title, _ in rows], fontsize=8)
        panel.invert_yaxis()
        panel.margins(y=0.3)
        panel.set_title(f"{task} (problems)", fontsize=10)
        panel.set_xlabel("% right, with 95 % intervals")
        panel.grid(axis="x", color="0.85")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="append", default=[], metavar="NAME=RESULTS",
                        help=f"NAME: one of {', '.join([*RUNS, *TIMES])}")
    for item in parser.parse_args().keep:
        name, path = item.split("=", 1)
        if name not in RUNS and name not in TIMES:
            parser.error(f"no run is called '{name}'")
        keep(name, pathlib.Path(path))
    found = summaries()
    page = ROOT / "docs" / "evaluation.md"
    begin, end = "<!-- bench/accuracy.py writes from here -->\n", "<!-- to here -->\n"
    before, rest = page.read_text().split(begin)
    tables = ["\n".join(rows) for rows in (list(accuracy_rows(found)), list(pair_rows(found)), list(time_rows())) if rows]
    page.write_text(before + begin + "\n" + "\n\n".join(tables) + "\n\n" + end + rest.split(end)[1])
    draw(found, page.with_suffix(".svg"))


if __name__ == "__main__":
    main()
