#!/usr/bin/env python3
"""Holds our chat templates against Python's jinja2, set up as transformers does it.

    templates.py --build DIR                      our own templates against their golden renderings; needs nothing else
    templates.py --build DIR --templates DIR      every *.jinja of a folder, on every conversation, against jinja2
    templates.py --build DIR --models DIR         the templates inside the .gguf files of a folder, against the hashes of
                                                  what jinja2 made of them; needs gguf
    templates.py --build DIR --random N           N templates of chance (--seed S for others), against jinja2
    templates.py --update [--models DIR]          makes the golden renderings, or those hashes, anew
(The second and the last two: pip install gguf jinja2 transformers.)

Our own are the files in templates/, the lines of template_lines.txt, each a template of its own, and the
conversations in template_inputs.json. Where Python refuses a template we must refuse it too, whatever the message.
The last line is "N identical, N both refused, N differ"; the exit code is 1 if any differ.
"""

import argparse
import copy
import hashlib
import json
import pathlib
import subprocess
import sys
import warnings

import template_grammar

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE / "templates.json"
HASHES = HERE / "templates_models.json"
LINES = HERE / "template_lines.txt"
REFUSED = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="the build folder, with render_jobs")
    parser.add_argument("--templates", type=pathlib.Path, help="a folder of *.jinja")
    parser.add_argument("--models", type=pathlib.Path, help="a folder of *.gguf")
    parser.add_argument("--random", type=int, default=0, help="how many templates of chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--update", action="store_true", help="make the golden renderings anew")
    arguments = parser.parse_args()
    if arguments.update:
        return update_hashes(arguments.models) if arguments.models else update()
    if not arguments.build:
        parser.error("--build or --update")
    tally = Tally(arguments.build / "render_jobs")
    if arguments.templates:
        for path in sorted(arguments.templates.glob("*.jinja")):
            tally.against_jinja2(path.name, path.read_bytes().decode("utf-8"))
    if arguments.models:
        for path in sorted(arguments.models.glob("*.gguf")):
            for name, source in templates_of(path):
                tally.against_hashes(f"{path.name}: {name}", source)
    if arguments.random:
        tally.random(arguments.seed, arguments.random)
    if not arguments.templates and not arguments.models and not arguments.random:
        jobs = own_jobs()
        golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
        tally.compare("our own", jobs, [golden[name] for name, _, _ in jobs])
    print(f"{tally.identical} identical, {tally.refused} both refused, {tally.different} differ")
    return 1 if tally.different or not tally.identical else 0


def conversations():
    return json.loads((HERE / "template_inputs.json").read_text(encoding="utf-8"))


def own_jobs():
    """(name, template, variables) of everything with a golden rendering."""
    inputs = conversations()
    features = inputs["values of every kind"]
    jobs = []
    for line in LINES.read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("## "):
            jobs.append((line, line, features))
    for path in sorted((HERE / "templates").glob("*.jinja")):
        source = path.read_bytes().decode("utf-8")
        for name, variables in inputs.items() if path.stem.startswith("chat") else [("features", features)]:
            jobs.append((f"{path.name}: {name}", source, variables))
    return jobs


def update():
    golden = {name: reference(source, variables) for name, source, variables in own_jobs()}
    lines = (f" {json.dumps(name, ensure_ascii=False)}: {json.dumps(text, ensure_ascii=False)}" for name, text in golden.items())
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    refused = sum(text is REFUSED for text in golden.values())
    print(f"{len(golden) - refused} renderings, {refused} refusals")
    return 0


def digest(text):
    return REFUSED if text is REFUSED else hashlib.sha256(text.encode()).hexdigest()


def update_hashes(models):
    """The models' templates are not ours to keep; what jinja2 makes of them can be known by its hash."""
    golden = {}
    for path in sorted(models.glob("*.gguf")):
        for _, source in templates_of(path):
            golden[digest(source)] = {
                name: digest(reference(source, variables)) for name, variables in conversations().items()}
    HASHES.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    print(f"{len(golden)} templates, {len(conversations())} conversations each")
    return 0


def reference(source, variables):
    """What transformers renders, or REFUSED."""
    from transformers.utils.chat_template_utils import _compile_jinja_template

    try:
        # A copy, for jinja2's indent adds to a list that it is given.
        return _compile_jinja_template(source).render(**copy.deepcopy(variables))
    except RecursionError:
        raise
    except Exception:  # whatever a template can make Python raise
        return REFUSED


def templates_of(path):
    import gguf

    for field in gguf.GGUFReader(path).fields.values():
        if field.name.startswith("tokenizer.chat_template"):
            contents = field.contents()
            if isinstance(contents, str):
                yield field.name, contents


class Tally:
    def __init__(self, program):
        self.program = program
        self.identical = self.refused = self.different = 0

    def against_jinja2(self, what, source):
        jobs = [(name, source, variables) for name, variables in conversations().items()]
        self.compare(what, jobs, [reference(source, variables) for _, source, variables in jobs])

    def against_hashes(self, what, source):
        kept = json.loads(HASHES.read_text(encoding="utf-8")).get(digest(source))
        if kept is None:
            sys.exit(f"{what}: no hashes of this template in {HASHES.name}; --update --models makes them")
        jobs = [(name, source, variables) for name, variables in conversations().items()]
        self.compare(what, jobs, [kept[name] for name, _, _ in jobs], digest)

    def random(self, seed, count):
        features = conversations()["values of every kind"]
        grammar = template_grammar.Grammar(seed)
        warnings.simplefilter("ignore", SyntaxWarning)  # of Python, about what the templates subscript
        templates = [grammar.template() for _ in range(count)]
        expected = [reference(source, features) for source in templates]
        # Python prints the address of some objects, which is nobody's business.
        kept = [i for i, text in enumerate(expected) if text is REFUSED or " at 0x" not in text]
        self.compare(f"of chance, seed {seed}", [(json.dumps(templates[i], ensure_ascii=False), templates[i], features) for i in kept],
                     [expected[i] for i in kept])

    def compare(self, what, jobs, expected, known_by=lambda text: text):
        answers = self.render(jobs)
        wrong = [i for i, answer in enumerate(answers) if known_by(answer.get("text", REFUSED)) != expected[i]]
        refused = sum(text is REFUSED for text in expected) - sum(expected[i] is REFUSED for i in wrong)
        self.different += len(wrong)
        self.refused += refused
        self.identical += len(jobs) - len(wrong) - refused
        print(f"{what}: {len(jobs) - len(wrong)} of {len(jobs)}, of which {refused} are refused")
        for i in wrong:
            print(f"  {jobs[i][0]}\n    is        {json.dumps(answers[i], ensure_ascii=False)}\n"
                  f"    should be {json.dumps(expected[i], ensure_ascii=False)}")

    def render(self, jobs):
        lines = "".join(json.dumps({"template": source, "variables": variables}) + "\n" for _, source, variables in jobs)
        result = subprocess.run([self.program], input=lines, capture_output=True, text=True, check=False)
        answers = [json.loads(line) for line in result.stdout.split("\n") if line]
        if result.returncode != 0 or len(answers) != len(jobs):
            sys.exit(f"{self.program} ended with {result.returncode} after {len(answers)} of {len(jobs)}: {result.stderr}")
        return answers


if __name__ == "__main__":
    sys.exit(main())
