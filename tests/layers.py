"""Holds the floors of the house: a folder of src/ may include itself and those above it, no others.

Prints each include that goes upwards, and exits with 1 if there is one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# From the ground of the house to its roof; docs/architecture.md says what each is for.
FLOORS = """
base net tensor kernels weights media encoders cache models chat text convert runtime backends catalog tools
agents skills store accounts http
""".split()

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"/]+)/')


def upward_includes(folder: pathlib.Path) -> list[str]:
    own = FLOORS.index(folder.name)
    found = []
    for file in sorted(folder.rglob("*.cc")) + sorted(folder.rglob("*.h")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            where = f"{file.relative_to(ROOT)}:{number}"
            if target not in FLOORS:
                found.append(f"{where}: includes {target}/, which is no floor of src/")
            elif FLOORS.index(target) > own:
                found.append(f"{where}: {folder.name}/ may not include {target}/, which is below it")
    return found


def main() -> int:
    folders = sorted(path for path in (ROOT / "src").iterdir() if path.is_dir())
    problems = [
        f"src/{folder.name}: no floor of this name in tests/layers.py"
        for folder in folders
        if folder.name not in FLOORS
    ]
    for folder in folders:
        if folder.name in FLOORS:
            problems += upward_includes(folder)
    for problem in problems:
        print(problem)
    print(f"layers: {len(folders)} folders, {len(problems)} includes that go upwards")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
