"""From measurements to a table: medians, ratios, goals; on a terminal, in docs/speed.md, as a plot."""
import json
import re
import statistics

from jobs import AGENTS, JOBS, MODELS, ROWS, agents_key

DISTURBED = 0.1  # processors that others take: such a run does not count
NEAR = 0.95  # of the best: a configuration of llama.cpp that comes so near is measured on


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Figures:
    """Medians over the measurements of one model."""

    def __init__(self, results, model):
        self.rows = [row for row in results if row["model"] == model]

    def values(self, job, variant, key):
        """Of the runs that nobody disturbed, where there are such."""
        rows = [row for row in self.rows
                if row["job"] == job and row["variant"] == variant and row.get(key) is not None]
        quiet = [row for row in rows if row["processors_of_others"] < DISTURBED]
        return [row[key] for row in quiet or rows]

    def median(self, job, variant, key):
        values = self.values(job, variant, key)
        return statistics.median(values) if values else None

    def variants(self, job, key):
        """llama.cpp's configurations that have been measured there: name to median."""
        names = dict.fromkeys(row["variant"] for row in self.rows
                              if row["job"] == job and row["variant"] != "helicon")
        medians = {name: self.median(job, name, key) for name in names}
        return {name: value for name, value in medians.items() if value is not None}

    def best(self, job, key, lower=False):
        medians = self.variants(job, key)
        return (min if lower else max)(medians, key=medians.get) if medians else None


def fixed_variant(results, model):
    """llama.cpp's configuration for decoding, loading and memory: the one that decodes fastest."""
    return Figures(results, model).best("short", "decode_tokens_per_second")


def worth_measuring(results, model, row, variant):
    """Whether the configuration may be the row's best, or has not been tried yet."""
    medians = Figures(results, model).variants(row.job, row.key)
    if variant not in medians:
        return True
    if row.fixed:
        return variant == fixed_variant(results, model)
    best = (min if row.lower else max)(medians.values())
    ratio = best / medians[variant] if row.lower else medians[variant] / best
    return ratio >= NEAR


def _line(row, ours, theirs, goal, variant, runs):
    ratio = ours / theirs if ours and theirs else None
    met = None
    if goal and ratio:
        met = ratio <= goal if row.lower else ratio >= goal
    return {"row": row.name, "title": row.title, "unit": row.unit, "helicon": ours, "llama.cpp": theirs,
            "ratio": ratio, "goal": goal and f"{'at most ' if row.lower else ''}{goal:g} times", "met": met,
            "configuration": variant, "runs": runs}


def _table_rows(figures, model, fixed):
    for row in ROWS:
        ours = figures.median(row.job, "helicon", row.our_key or row.key)
        variant = fixed if row.fixed else figures.best(row.job, row.key, row.lower)
        theirs = figures.median(row.job, variant, row.key) if variant else None
        if ours is None and theirs is None:
            continue
        goal = row.goals[MODELS.index(model)] if model in MODELS else None
        runs = [len(figures.values(row.job, "helicon", row.our_key or row.key)),
                len(figures.values(row.job, variant, row.key)) if variant else 0]
        yield _line(row, ours, theirs, goal, variant, runs)


def _own(name, title, unit, ours, theirs, goal, met):
    return {"row": name, "title": title, "unit": unit, "helicon": ours, "llama.cpp": theirs, "ratio": None,
            "goal": goal, "met": met, "configuration": None, "runs": None}


def _relative_rows(figures, model):
    """Steps in steps of one row, and shares of what the machine can do."""
    main = model == MODELS[0]
    for job in JOBS.values():
        one = figures.median(job.name, "helicon", "median_step_seconds")
        best = figures.best(job.name, "median_step_seconds", lower=True)
        their_one = figures.median(job.name, best, "median_step_seconds") if best else None
        for agents in AGENTS:
            key = agents_key(agents, "median_step_seconds")
            ours = figures.median(job.name, "helicon", key)
            best = figures.best(job.name, key, lower=True)
            theirs = figures.median(job.name, best, key) if best else None
            if ours and one:
                goal = "at most 2" if main and agents == 8 and job.name == "short" else None
                yield _own(f"step-{agents}-{job.prompt}",
                           f"step of {agents} rows at {job.prompt:,}, in steps of one row", "steps", ours / one,
                           theirs / their_one if theirs and their_one else None, goal,
                           ours / one <= 2 if goal else None)
    cached = figures.median("long", "helicon", "first_token_after_cached_prefix_seconds")
    step = figures.median("long", "helicon", "median_step_seconds")
    if cached and step:
        best = figures.best("long", "first_token_after_cached_prefix_seconds", lower=True)
        theirs = best and (figures.median("long", best, "first_token_after_cached_prefix_seconds") /
                           figures.median("long", best, "median_step_seconds"))
        yield _own("cached-steps", "first token after a cached prefix, in steps of one row", "steps",
                   cached / step, theirs,
                   "under 2", cached < 2 * step)
    for job, key, title in (
            ("short", "step_share_of_bandwidth", "decode 128: share of memory bandwidth"),
            ("long", "step_share_of_bandwidth", "decode at depth 4,096: share of memory bandwidth"),
            ("short", agents_key(8, "step_share_of_arithmetic"), "8 agents: share of arithmetic peak"),
            ("short", "prefill_share_of_arithmetic", "prefill 512: share of arithmetic peak")):
        share = figures.median(job, "helicon", key)
        if share:
            goal = "at least 0.9" if main and job == "short" and "bandwidth" in key else None
            yield _own(f"{job}-{key}", title, "", share, None, goal, share >= 0.9 if goal else None)


def summarise(results, models):
    ours = [row for row in results if row["variant"] == "helicon"]
    theirs = [row for row in results if row["variant"] != "helicon"]

    def median(key):
        values = [row[key] for row in ours if row.get(key)]
        return statistics.median(values) if values else None

    summary = {"kernels": sorted({row["kernels"] for row in ours}),
               "threads": sorted({row["threads"] for row in results}),
               "memory_bytes_per_second": median("memory_bytes_per_second"),
               "multiply_adds_per_second": median("multiply_adds_per_second"),
               "llama.cpp": {"llama-cpp-python": sorted({row["version"] for row in theirs}),
                             "system": sorted({row["system"] for row in theirs})},
               "models": []}
    for model in models:
        figures = Figures(results, model)
        fixed = fixed_variant(results, model)
        lines = [*_table_rows(figures, model, fixed), *_relative_rows(figures, model)]
        if lines:
            summary["models"].append({"model": model, "fixed_configuration": fixed, "rows": lines})
    return summary


def shown(value, unit):
    if value is None:
        return ""
    if unit == "bytes":
        return f"{value / 1e9:.3f} GB"
    if unit == "s":
        return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.2f} s"
    if unit == "tokens/s":
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return f"{value:.2f}"


def _cells(line):
    ratio = f"{line['ratio']:.2f}" if line["ratio"] else ""
    met = {None: "", True: "yes", False: "no"}[line["met"]]
    title = f"{line['title']}, {line['unit']}" if line["unit"] == "tokens/s" else line["title"]
    return [title, shown(line["helicon"], line["unit"]), shown(line["llama.cpp"], line["unit"]), ratio,
            line["goal"] or "", met]


def print_table(summary):
    for entry in summary["models"]:
        print(f"\n{entry['model']}, kernels {', '.join(summary['kernels'])}")
        print(f"{'':62} {'Helicon':>10} {'llama.cpp':>10} {'ratio':>6}  {'goal':16} met")
        for line in entry["rows"]:
            title, ours, theirs, ratio, goal, met = _cells(line)
            print(f"{title:62} {ours:>10} {theirs:>10} {ratio:>6}  {goal:16} {met}")
    print()


def _markdown(title, summary):
    yield f"### {title}"
    yield ""
    features = sorted({feature for system in summary["llama.cpp"]["system"]
                       for feature in re.findall(r"(\w+) = 1", system)})
    runs = [line["runs"] for entry in summary["models"] for line in entry["rows"] if line["runs"]]
    yield (f"Kernels `{', '.join(summary['kernels'])}`, {'/'.join(map(str, summary['threads']))} threads. "
           f"llama-cpp-python {', '.join(summary['llama.cpp']['llama-cpp-python'])}, its system info: "
           f"{', '.join(features)}. Medians of {min((min(run) for run in runs), default=0)} and more. "
           f"Measured beside them: {summary['memory_bytes_per_second'] / 1e9:.1f} GB/s read from memory, "
           f"{summary['multiply_adds_per_second'] / 1e9:.0f} G multiply-adds of 8 bits a second.")
    for entry in summary["models"]:
        yield ""
        yield f"| {entry['model']} | Helicon | llama.cpp | ratio | goal | met |"
        yield "|---|---|---|---|---|---|"
        for line in entry["rows"]:
            yield "| " + " | ".join(_cells(line)) + " |"
    yield ""


def document(summary, title, docs):
    """Puts the summary under its title into docs/speed.json, and all of that into speed.md and the plot."""
    kept = docs / "speed.json"
    tables = json.loads(kept.read_text()) if kept.exists() else {}
    tables[title] = summary
    kept.write_text(json.dumps(tables, indent=1) + "\n")
    text = (docs / "speed.md").read_text()
    begin, end = "<!-- bench/run.py writes from here -->\n", "<!-- to here -->\n"
    before, after = text.split(begin)[0], text.split(end)[1]
    body = "\n".join(line for name, table in tables.items() for line in _markdown(name, table))
    (docs / "speed.md").write_text(before + begin + "\n" + body + end + after)
    draw(tables, docs / "speed.svg")


def draw(tables, path):
    """Ratios to llama.cpp, a panel a model; told apart by hatching, so that black and white will do."""
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "helicon"
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    names = [row.name for row in ROWS if row.unit == "tokens/s"]
    titles = {row.name: row.title.replace(", together", "") for row in ROWS}
    # What tells of one thing alone, such as loading, has its table and no place here.
    tables = {title: table for title, table in tables.items()
              if any(line["row"].startswith("prefill") for entry in table["models"] for line in entry["rows"])}
    fills = [{"color": "0.25"}, {"facecolor": "white", "edgecolor": "black", "hatch": "////"},
             {"color": "0.7"}]
    figure, panels = pyplot.subplots(1, len(MODELS), figsize=(12, 5.4), sharex=True, sharey=True,
                                     layout="constrained")
    goals = {row.name: dict(zip(MODELS, row.goals)) for row in ROWS}
    for panel, model in zip(panels, MODELS):
        height = 0.8 / len(tables)
        wanted = [(goals[name][model], place) for place, name in enumerate(names) if goals[name][model]]
        panel.scatter(*zip(*wanted), marker="|", s=160, color="black", label="goal", zorder=3)
        for index, (title, table) in enumerate(tables.items()):
            lines = {line["row"]: line for entry in table["models"] if entry["model"] == model
                     for line in entry["rows"]}
            places = [i + (index - (len(tables) - 1) / 2) * height for i in range(len(names))]
            ratios = [(lines.get(name) or {}).get("ratio") or 0 for name in names]
            panel.barh(places, ratios, height, label=title, **fills[index % len(fills)])
            for place, ratio in zip(places, ratios):
                if ratio:
                    panel.text(ratio, place, f" {ratio:.2f}", va="center", fontsize=7)
        panel.axvline(1, color="black", linewidth=1, linestyle="--")
        panel.set_title(model)
        panel.set_xlabel("tokens a second, llama.cpp = 1")
        panel.margins(x=0.15)
    panels[0].set_yticks(range(len(names)), [titles[name] for name in names])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
